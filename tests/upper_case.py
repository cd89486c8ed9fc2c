"""What explains texts in the tests of processes: a module that those can import."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any


def make_upper() -> Callable[[Sequence[str]], list[dict[str, Any]]]:
    """Make what writes texts in capitals, and says in which process; of `die` it dies."""

    def upper(texts: Sequence[str]) -> list[dict[str, Any]]:
        if "die" in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        return [{"text": text.upper(), "process": os.getpid()} for text in texts]

    return upper
