"""What makes two jobs of a sweep the same job: a key of the resolved config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# Where a run is recorded and what it is called change nothing of what is trained.
NO_PART = frozenset({"tracking", "run_name", "resume", "sweep_name"})


def run_key(config: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits of a resolved config, the same in every process and on every machine.

    >>> one, other = {"seed": 0, "run_name": "a"}, {"run_name": "b", "seed": 0}
    >>> run_key(one), run_key(one) == run_key(other), run_key({"seed": 1}) == run_key(other)
    ('bd0488843468e63c', True, False)
    """
    trained = {key: value for key, value in config.items() if key not in NO_PART}
    canonical = json.dumps(trained, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
