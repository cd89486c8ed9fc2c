"""Which jobs a sweep has: all combinations, or those that a search draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus
from hydra.utils import instantiate

from hydra_plugins.whytrain_sweeps._space import distribution
from hydra_plugins.whytrain_sweeps._tracked import TrackedSweeper
from whytrain.errors import ConfigError
from whytrain.extras import require
from whytrain.sweeps import trial as job_side

if TYPE_CHECKING:
    import optuna


class GridSweeper(TrackedSweeper):
    """Every combination of what varies."""

    def prepare(self, overrides: list[Override]) -> tuple[list[str], list[list[str]]]:
        """Combine."""
        varied = [override for override in overrides if override.is_sweep_override()]
        for override in varied:
            if not override.is_discrete_sweep():
                raise ConfigError(f"{override.input_line}: a grid needs values; or use sweep=random")
        [self.jobs] = BasicSweeper.split_arguments(overrides, None)
        self.n_jobs = self.n_known = len(self.jobs)
        return [override.get_key_element().lstrip("+") for override in varied], self.jobs

    def search(self) -> None:
        """Run them all."""
        self.launch(self.jobs)


class SearchSweeper(TrackedSweeper):
    """Jobs that Optuna draws; its study, in a database, is gone on with under the sweep's name."""

    def __init__(
        self,
        sampler: Literal["random", "tpe"],
        n_trials: Annotated[int, Ge(1)],
        at_once: Annotated[int, Ge(1)],
        seed: Annotated[int, Ge(0)],
        pruning: bool,
        startup_trials: Annotated[int, Ge(1)],
        warmup_epochs: Annotated[int, Ge(0)],
        storage: str | None,
        params: Mapping[str, str],
    ) -> None:
        """Keep the settings: see conf/sweep/random.yaml."""
        self.sampler, self.n_trials, self.at_once, self.seed = sampler, n_trials, at_once, seed
        self.n_jobs = n_trials
        self.pruning, self.storage, self.params = pruning, storage, params
        self.startup_trials, self.warmup_epochs = startup_trials, warmup_epochs

    def prepare(self, overrides: list[Override]) -> tuple[list[str], list[list[str]]]:
        """Make the space of what the command line varies; if that is nothing, of the default params."""
        require("optuna")
        every = list(overrides)
        if not any(override.is_sweep_override() for override in every):
            given = {override.get_key_element().lstrip("+") for override in every}
            parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
            every += parser.parse_overrides([f"{k}={v}" for k, v in self.params.items() if k not in given])
        self.fixed = [str(override.input_line) for override in every if not override.is_sweep_override()]
        varied = [override for override in every if override.is_sweep_override()]
        if not varied:
            raise ConfigError("a search needs what varies, such as model.dropout='interval(0,0.5)'")
        self.space = {override.get_key_element(): distribution(override) for override in varied}
        return [key.lstrip("+") for key in self.space], [self.fixed]

    def search(self) -> None:
        """Run jobs, and let the search learn from them, until n_trials have not failed."""
        study = self._study()
        waiting = self._unfinished(study)
        n_left = self.n_trials - sum(t.state.name in {"COMPLETE", "PRUNED"} for t in study.get_trials())
        while n_left > 0:
            n_now = min(self.at_once, n_left)
            trials, waiting = waiting[:n_now], waiting[n_now:]
            trials += [study.ask(self.space) for _ in range(n_now - len(trials))]
            for trial, result in zip(trials, self._run(study, trials), strict=True):
                self._tell(study, trial, result)
            n_left -= n_now

    def _study(self) -> optuna.Study:
        import optuna

        from whytrain.metrics import monitored

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            study_name=self.name,
            storage=self._address(),
            direction="maximize" if monitored(self.config.trainer.monitor).higher_is_better else "minimize",
            load_if_exists=True,
        )
        # A study that is gone on with must not draw again what it has drawn.
        seed = self.seed + len(study.get_trials(deepcopy=False))
        samplers = {"random": optuna.samplers.RandomSampler, "tpe": optuna.samplers.TPESampler}
        study.sampler = samplers[self.sampler](seed=seed)
        return study

    def _address(self) -> str:
        return self.storage or f"sqlite:///{instantiate(self.config.tracking).root / 'optuna.db'}"

    def _unfinished(self, study: optuna.Study) -> list[optuna.Trial]:
        """Return the trials that were cut off, and let the study ask again for those that failed."""
        import optuna

        trials = study.get_trials()
        known = [t.params for t in trials if t.state.name != "FAIL"]
        for trial in trials:
            if trial.state.name == "FAIL" and trial.params not in known:
                known.append(trial.params)
                study.enqueue_trial(trial.params)
        return [optuna.Trial(study, t._trial_id) for t in trials if t.state.name == "RUNNING"]

    def _run(self, study: optuna.Study, trials: Sequence[optuna.Trial]) -> list[JobReturn]:
        """Run trials; those with the same values share a job."""
        jobs: dict[tuple[str, ...], optuna.Trial] = {}
        for trial in trials:
            jobs.setdefault(self._job(trial), trial)
        variables = {}
        if self.pruning:
            variables[job_side.VARIABLE] = [self._told(study, trial) for trial in jobs.values()]
        results = dict(zip(jobs, self.launch([list(job) for job in jobs], **variables), strict=True))
        return [results[self._job(trial)] for trial in trials]

    def _told(self, study: optuna.Study, trial: optuna.Trial) -> str:
        return job_side.Trial(
            storage=self._address(),
            study=study.study_name,
            number=trial.number,
            startup_trials=self.startup_trials,
            warmup_epochs=self.warmup_epochs,
        ).environment()

    def _job(self, trial: optuna.Trial) -> tuple[str, ...]:
        return (*self.fixed, *(f"{key}={value}" for key, value in trial.params.items()))

    @staticmethod
    def _tell(study: optuna.Study, trial: optuna.Trial, result: JobReturn) -> None:
        if result.status != JobStatus.COMPLETED:
            study.tell(trial, state=_state("FAIL"))
        elif job_side.PRUNED in study.get_trials()[trial.number].user_attrs:
            study.tell(trial, state=_state("PRUNED"))
        else:
            study.tell(trial, result.return_value)


def _state(name: str) -> optuna.trial.TrialState:
    from optuna.trial import TrialState

    return TrialState[name]
