"""A Lightning Logger over a run's store."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from whytrain.tracking.recorder import Recorder


class StoreLogger(Logger):
    """Passes on what Lightning logs, and gives callbacks the store itself as `experiment`."""

    def __init__(self, store: Recorder | None) -> None:
        """Wrap the store; None on ranks other than 0, which log nothing."""
        super().__init__()
        self._store = store

    @property
    def experiment(self) -> Recorder | None:
        """The run's store; None on ranks other than 0."""
        return self._store

    @property
    def name(self) -> str | None:
        """Name of the experiment."""
        return self._store.settings.experiment if self._store else None

    @property
    def version(self) -> str | None:
        """Id of the run."""
        return self._store.run_id if self._store else None

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Log metrics, as `self.log` collects them."""
        if self._store:
            self._store.log_metrics({k: v for k, v in metrics.items() if k != "epoch"}, step or 0)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Log flat params."""
        if self._store:
            self._store.log_params(vars(params) if isinstance(params, Namespace) else params)
