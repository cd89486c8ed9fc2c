"""What all sweepers share: a parent run, jobs that know it, and a summary whatever ended the sweep."""

from __future__ import annotations

import shlex
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.config.override_words import key_of, quoted
from whytrain.config.validation import check_config
from whytrain.errors import ConfigError, Interrupted
from whytrain.sweeps.run_name import free_name
from whytrain.typed_commands import typed


class TrackedSweeper(Sweeper):
    """A sweep as one MLflow run with its jobs as children; a subclass says which jobs there are."""

    hydra_context: HydraContext
    config: DictConfig
    launcher: Launcher
    n_jobs: int  # that the sweep has in all; `prepare` sets it
    n_known: int = 0  # of them, those whose overrides are known before: trials with equal values share a job

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Check what is set, take the config and make the launcher."""
        for section in ("sweeper", "launcher"):
            plain: Any = OmegaConf.to_container(config.hydra[section], resolve=True)
            if str(plain["_target_"]).startswith(__package__):
                check_config({"hydra": {section: plain}}, {})
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self.results: list[JobReturn] = []

    @abstractmethod
    def prepare(self, overrides: list[Override]) -> tuple[list[str], list[list[str]]]:
        """Refuse what cannot be swept; return the keys in which jobs will differ, and jobs to be checked."""

    @abstractmethod
    def search(self) -> None:
        """Run the jobs through `launch`."""

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep; whatever ends it, its run says what became of every job."""
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        varied, checked = self.prepare(parser.parse_overrides(arguments))
        self._varied = varied
        self._check_jobs(checked)
        from whytrain.sweeps.tracked_sweep import Sweep  # with MLflow, which wrong words can do without

        tracking = instantiate(self.config.tracking)
        self.name = str(self.config.sweep_name or _made_name(tracking.root, varied))
        self.tracked = Sweep.start(tracking, self.name, varied)
        print(f"sweep {self.name} ({self.tracked.store.run_id})", flush=True)
        status: Literal["FINISHED", "FAILED", "KILLED"] = "FAILED"
        try:
            self._save_config()
            self.search()
            ended = all(result.status == JobStatus.COMPLETED for result in self.results)
            status = "FINISHED" if ended else "FAILED"
        except (Interrupted, KeyboardInterrupt, SystemExit):
            status = "KILLED"
            raise
        finally:
            try:
                self._summarize(arguments)
            finally:
                self.tracked.store.close(status)
        return [result.return_value for result in self.results]  # raises what the first failed job raised

    def launch(self, jobs: Sequence[Sequence[str]], **environment: Sequence[str]) -> list[JobReturn]:
        """Run jobs, with the sweep's id and these variables (one value per job) in their environments."""
        from whytrain.tracking.sweep_folder import PLACE_VARIABLE, VARIABLE

        places = [self._place(len(self.results) + i, job) for i, job in enumerate(jobs, start=1)]
        parents = [self.tracked.store.run_id] * len(jobs)
        values = {VARIABLE: parents, PLACE_VARIABLE: places, **environment}
        known = [[*job, *(_env_set(name, v[i]) for name, v in values.items())] for i, job in enumerate(jobs)]
        done = list(self.launcher.launch(known, initial_job_idx=len(self.results)))
        self.results += done
        return done

    def _place(self, number: int, job: Sequence[str]) -> str:
        """Return what tells a job apart: `2 of 4: model=bilstm_opt seed=1`."""
        words = [word for word in job if key_of(word) in self._varied]
        return f"{number} of {max(self.n_jobs, number)}{': ' if words else ''}{' '.join(words)}"

    def _check_jobs(self, jobs: Sequence[Sequence[str]]) -> None:
        """Refuse jobs with a wrong config, and those of several processes: each would start the sweep."""
        from whytrain.commands.train import check

        for job in jobs:
            config = self.hydra_context.config_loader.load_sweep_config(self.config, list(job))
            plain: Any = OmegaConf.to_container(config, resolve=False)
            del plain["hydra"]
            check(OmegaConf.create(plain))
            if config.trainer.devices != 1:
                raise ConfigError(
                    f"trainer.devices={config.trainer.devices}: a job of a sweep trains in one process; use "
                    "trainer=default or trainer=gpu, or start the runs one by one without -m"
                )

    def _save_config(self) -> None:
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")

    def _summarize(self, arguments: Sequence[str]) -> None:
        """Log table, figures and description of what the jobs came to."""
        from whytrain.figures.sweeps.parallel_coordinates import parallel_coordinates
        from whytrain.figures.sweeps.seed_intervals import seed_intervals
        from whytrain.metrics import monitored
        from whytrain.pages.sweep_note import comparison_command, headline, sweep_note, sweep_table
        from whytrain.presentation.terminal import terminal
        from whytrain.sweeps.summary import best_first, over_seeds, score_column, summary_table
        from whytrain.tracking.settings import place

        failed = [result for result in self.results if result.status == JobStatus.FAILED]
        table = summary_table(self.tracked.results((r.overrides or (), str(r._return_value)) for r in failed))
        if table.empty:
            return
        store, mode = self.tracked.store, monitored(self.config.trainer.monitor).mode
        score = score_column(self.config.trainer.monitor)
        keys = [key for key in self.tracked.folder.varied() if key in table]
        store.log_table(table, "sweep")
        ranked = best_first(table, score, mode)
        if len(ranked) and keys:
            smaller = mode == "min"
            store.log_figure(parallel_coordinates(ranked, keys, score, smaller=smaller), "sweep", "jobs")
            if "seed" in keys:
                groups = over_seeds(ranked, keys, score)
                store.log_figure(seed_intervals(groups, score, smaller=smaller), "sweep", "seeds")
        retry = self._command(arguments)
        is_paired = "predictions" in (self.config.callbacks or {})  # what a comparison pairs runs on
        compare = comparison_command(table, keys, score, mode, store.run_id) if is_paired else None
        n_jobs = max(self.n_known, len(table))
        store.describe(sweep_note(table, keys, score, mode, retry, compare, n_jobs))
        terminal().print(sweep_table(table, keys, score, mode))
        lines = [f"sweep {self.name}: {headline(table, score, mode, n_jobs)}"]
        if compare is not None:
            lines.append(f"compare them: {compare}{place(store.settings.address)}")
        if (table["status"] == "FINISHED").sum() < n_jobs:
            lines.append(f"go on with the others: {retry}")
        print("\n".join(lines), flush=True)

    def _command(self, arguments: Sequence[str]) -> str:
        plugin = [o for o in self.config.hydra.overrides.hydra if key_of(o) != "hydra.mode"]
        others = [o for o in [*plugin, *arguments] if key_of(o) != "sweep_name"]
        return " ".join([f"{typed('train')} -m", *map(shlex.quote, [*others, f"sweep_name={self.name}"])])


def _made_name(root: Path, varied: Sequence[str]) -> str:
    words = [key.rpartition(".")[2] for key in varied] or ["one"]
    return free_name(root, "-".join(["sweep", *words]))


def _env_set(name: str, value: str) -> str:
    """Return the override that puts a variable into a job's environment, wherever it runs."""
    return f"+hydra.job.env_set.{name}={quoted(value)}"
