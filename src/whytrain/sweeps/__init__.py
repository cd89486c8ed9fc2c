"""Sweeps: which job is which, how a search gives a trial up, and what came out of all jobs."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.sweeps.summary import JobResult, best_first, over_seeds, summary_table
    from whytrain.sweeps.trial import Trial, current_trial
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["JobResult", "Trial", "best_first", "current_trial", "over_seeds", "summary_table"]
