"""The only place that knows MLflow: a run's store, its spool and replay, and reading runs back."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.tracking.maintenance import replay, spooled_runs, usage
    from whytrain.tracking.reader import (
        RunRecord,
        child_runs,
        experiment_runs,
        find_run,
        metric_history,
        read_table,
        saved_model,
    )
    from whytrain.tracking.settings import TrackingSettings
    from whytrain.tracking.store import Store
    from whytrain.tracking.sweep_folder import SweepFolder
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "RunRecord",
    "Store",
    "SweepFolder",
    "TrackingSettings",
    "child_runs",
    "experiment_runs",
    "find_run",
    "metric_history",
    "read_table",
    "replay",
    "saved_model",
    "spooled_runs",
    "usage",
]
