"""A job's own trial of a hyper-parameter search: its epochs' scores, and whether the search gives it up."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

VARIABLE = "WHYTRAIN_TRIAL"  # of the environment of a job
PRUNED = "pruned"  # the trial's attribute: the epoch in which it was given up


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial, as it travels to the job through its environment.

    Attributes:
        storage: address of the study's database.
        study: its name.
        number: of the trial, from 0.
        startup_trials: trials that are never given up, since there is nothing to compare with.
        warmup_epochs: epochs in which no trial is given up.
    """

    storage: str
    study: str
    number: int
    startup_trials: int
    warmup_epochs: int

    def report(self, score: float, epoch: int) -> bool:
        """Note the score of an epoch (from 1); tell whether others did better by then, in the median."""
        if epoch not in self._known_epochs:  # a resumed job runs epochs again that it has reported
            self._trial.report(score, epoch)
        give_up = self._trial.should_prune()
        if give_up:
            self._trial.set_user_attr(PRUNED, epoch)
        return give_up

    def environment(self) -> str:
        """Return what `current_trial` reads."""
        return json.dumps(asdict(self))

    @cached_property
    def _known_epochs(self) -> frozenset[int]:
        [frozen] = [trial for trial in self._trial.study.get_trials() if trial.number == self.number]
        return frozenset(frozen.intermediate_values)

    @cached_property
    def _trial(self) -> optuna.Trial:
        import optuna

        study = load_study(self.storage, self.study, self.startup_trials, self.warmup_epochs)
        [frozen] = [trial for trial in study.get_trials(deepcopy=False) if trial.number == self.number]
        return optuna.Trial(study, frozen._trial_id)


def load_study(storage: str, study: str, startup_trials: int, warmup_epochs: int) -> optuna.Study:
    """Return a study with the median pruner."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(startup_trials, warmup_epochs + 1)  # the first step that may end it
    return optuna.load_study(study_name=study, storage=storage, pruner=pruner)


def current_trial(environment: Mapping[str, str] = os.environ) -> Trial | None:
    """Return the trial that this process runs, None outside a search that gives trials up."""
    text = environment.get(VARIABLE)
    return None if text is None else Trial(**json.loads(text))
