"""What observing costs a training, in seconds, callback by callback."""

from __future__ import annotations

import functools
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.order import Phase, phase_of
from whytrain.tracking.recorder import Recorder

EPOCH, END = "on_validation_end", "on_fit_end"
# Not the hooks of batches: they count as a part of the epoch, as do those between training and validation.
HOOKS = ("on_fit_start", "on_train_start", EPOCH, "on_train_epoch_end", "on_train_end", END)
_FREE = (Phase.SHOW, Phase.STOP)  # they print a line, or compare two numbers


class Spent:
    """Seconds of each callback in all hooks that are no part of training and validation.

    Those of an epoch's end and of the fit's end are logged at once, as `time/<topic>_s` and
    `time/<topic>_end_s`; `totals` hold all.

    Attributes:
        totals: seconds so far by topic; of a resumed run those before, too.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.totals: dict[str, float] = defaultdict(float)

    def timed(self, callbacks: Sequence[Callback], store: Recorder | None) -> list[Callback]:
        """Return the same callbacks, whose hooks are measured."""
        for callback in (c for c in callbacks if phase_of(c) not in _FREE):
            for name in HOOKS:
                if getattr(type(callback), name) is not getattr(Callback, name):
                    measured = self._measured(getattr(callback, name), topic_of(callback), name, store)
                    setattr(callback, name, measured)
        return list(callbacks)

    def _measured(
        self, hook: Callable[..., None], topic: str, name: str, store: Recorder | None
    ) -> Callable[..., None]:
        @functools.wraps(hook)
        def run(trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            started = time.perf_counter()
            try:
                hook(trainer, pl_module)
            finally:
                seconds = time.perf_counter() - started
                self.totals[topic] += seconds
            if store is not None and name == EPOCH:
                store.log_metrics({f"time/{topic}_s": seconds}, step=trainer.current_epoch + 1)
            if store is not None and name == END:
                store.log_metrics({f"time/{topic}_end_s": seconds}, step=trainer.current_epoch)

        return run


def topic_of(callback: Callback) -> str:
    """Return the name of a callback's seconds: its attribute `topic`, else that of its class.

    >>> class MyProbe(Callback): ...
    >>> topic_of(MyProbe())
    'my_probe'
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(callback).__name__).lower()
    return getattr(callback, "topic", snake)
