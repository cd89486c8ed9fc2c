"""Train, explain and track one run: whytrain train model=bilstm_opt [group=choice …] [key=value …]."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from annotated_types import Ge
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands import BEGAN
from whytrain.commands.command_line import job_errors, trusted_targets
from whytrain.commands.hydra_command import HydraCommand
from whytrain.commands.job import CONF, Job
from whytrain.commands.promises import judge_promises
from whytrain.config.seed import Seed

if TYPE_CHECKING:
    from rich.console import Console

    from whytrain.callbacks import DescribeRun, Report
    from whytrain.data.corpus import Corpus
    from whytrain.tracking.settings import TrackingSettings
    from whytrain.tracking.store import Store

_OF_WEIGHTS = ("model", "tokenizer", "task")
CHOICES = ("model", "data", "tokenizer")  # groups whose chosen file says what a run is
NAMES = ("run_name", "sweep_name", "resume", "continue_from", "from_diagnosis")
KEYS = {"seed": Seed, "observed_epochs": Annotated[int, Ge(1)] | None, "replay": Annotated[float, Ge(0)]}
KEYS |= dict.fromkeys(NAMES, str | None)
# Paths, columns and names: they may hold what Hydra's grammar would not take.
TEXT_KEYS = (
    *NAMES,
    *(f"data.{key}" for key in ("path", "validation_path", "test_path", "check_path", "corrections")),
    *(f"data.{key}" for key in ("name", "config", "train_split", "validation_split", "test_split")),
    *(f"data.{key}" for key in ("delimiter", "encoding", "positive_class")),
    *(f"data.{key}_column" for key in ("text", "label", "id")),
    *(f"tracking.{key}" for key in ("uri", "experiment", "directory", "register")),
    "task.separator",
    "tokenizer.name_or_path",
    "model.name_or_path",
    "model.embedding.pretrained",
    "distillation.teacher",
    "guidance.run",
    "guidance.marks",
    "callbacks.diagnosis.rules",
)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Where a trained run is, and its score.

    Attributes:
        run_id: of its run; empty in the processes of a distributed run that track nothing.
        folder: of its checkpoints on this machine.
        score: the best value of the monitored metric; None without any.
    """

    run_id: str
    folder: Path
    score: float | None


@dataclass(frozen=True, kw_only=True)
class _Start:
    """A job with what an earlier run adds: the run to go on with, or the diagnosis to follow."""

    job: Job
    plain: Mapping[str, Any]
    is_new_line: bool  # the command line is still to be kept
    run_id: str | None
    checkpoint: Path | None
    origin: Path | None = None  # the folder of the finished run from whose weights this one starts


def hydra_main(config: DictConfig) -> float | None:
    """Train the composed config, as Hydra and its sweeps call it."""
    from whytrain.tracking.sweep_folder import PLACE_VARIABLE, VARIABLE

    if place := os.environ.get(PLACE_VARIABLE):
        print(f"\njob {place}", flush=True)
    job = Job.of_hydra(config, os.environ.get(VARIABLE))
    with job_errors(CONF / "train.yaml", in_sweep=job.in_sweep):
        if "loop" in config:
            close_loop(job)
            return None
        return train(job, began=None if job.in_sweep else BEGAN).score


def train(job: Job, *, began: float | None = None) -> Trained:
    """Train one run, and track it.

    Args:
        job: from `compose_job`; any number of them in one process, one after the other.
        began: since when on the clock `perf_counter` this takes time; None: since now.

    Raises:
        ConfigError: a key or value of the config is wrong.
        WhytrainError: the run cannot be started, or cannot go on.
    """
    began = time.perf_counter() if began is None else began
    tracking: TrackingSettings = instantiate(job.config.tracking)
    start = _start(job, tracking)
    check(start.job.config)
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from whytrain import lightning_modules as lm

    guidance = instantiate(start.job.config.guidance)
    if guidance.marks is not None and not guidance.acts_on_marks and job.parent_run_id is None:
        print(f"guidance.marks={guidance.marks} changes nothing by itself: add such as guidance.swap=1.0")
    sweep_job = lm.SweepJob(tracking.root, start.plain, start.job.words, job.parent_run_id)
    if start.run_id is None and sweep_job.run_id is not None:  # a retry of a sweep's job
        if (score := sweep_job.finished_score()) is not None:
            return Trained(run_id=sweep_job.run_id, folder=sweep_job.folder, score=score)
        start = replace(start, run_id=sweep_job.run_id, checkpoint=sweep_job.checkpoint())
    return _fit(start, tracking, sweep_job, began)


def check(config: DictConfig) -> None:
    """Refuse a config with wrong keys or values, or that names data that are not there, without torch.

    Raises:
        ConfigError: see above.
        MissingMandatoryValue: a value that must be given is not.
    """
    from whytrain.config.validation import check_config
    from whytrain.guidance.guidance_settings import FOUND
    from whytrain.objectives.teachers import folder_of, teachers_of
    from whytrain.shortcuts.marks import read_marks
    from whytrain.tracking.quick_look import known_run

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    check_config(plain, KEYS)
    instantiate(config.data).look()
    named = [plain["guidance"]["run"]]
    if instantiate(config.task).exclusive:
        teachers = teachers_of(plain["distillation"]["teacher"])
        named += [teacher for teacher in teachers if folder_of(teacher) is None]
    for run in filter(None, named):
        known_run(instantiate(config.tracking).address, run)
    if (marks := plain["guidance"]["marks"]) not in (None, FOUND):
        read_marks(marks)


def address_of(job: Job) -> str:
    """Return the absolute address at which a job is tracked."""
    return str(instantiate(job.config.tracking).address)


def _start(job: Job, tracking: TrackingSettings) -> _Start:
    run_id, checkpoint, origin = None, None, None
    called = job.config.resume
    if called is not None:
        from whytrain import lightning_modules as lm

    if called is not None and (origin := lm.finished_run(tracking.root, called, job.words)) is not None:
        job = train_further(job, origin.name, tracking.address)
    elif called is not None:
        trusted = trusted_targets(CONF)
        folder, stored, checkpoint = lm.stopped_run(tracking.root, called, job.words, trusted)
        run_id = folder.name
        # Where the runs are is what this command line says: their folder may have moved.
        stored["tracking"] |= {key: job.config.tracking[key] for key in ("uri", "directory")}
        job = Job.of_record(stored, job.choices)
        if checkpoint is None and stored.get("resume"):
            origin = tracking.root / "runs" / stored["resume"]
    elif job.config.from_diagnosis is not None:
        job = follow_diagnosis(job, tracking.address)
    elif job.config.continue_from is not None:
        job = learn_on(job, tracking.address)
    return _Start(
        job=job,
        plain=job.resolved(),
        is_new_line=run_id is None,
        run_id=run_id,
        checkpoint=checkpoint,
        origin=origin,
    )


def _fit(start: _Start, tracking: TrackingSettings, sweep_job: Any, began: float) -> Trained:
    from whytrain import callbacks as watch
    from whytrain import lightning_modules as lm
    from whytrain.presentation.terminal import terminal
    from whytrain.tracking.status import ending

    config, choices = start.job.config, start.job.choices
    settings, observers = instantiate(config.trainer), list(instantiate(config.callbacks).values())
    data, module = build(config)
    if start.origin is not None:
        lm.start_from(module, start.origin)
    recipe = f"{choices['model']}-{choices['data']}"
    store = sweep_job.start(tracking, config.run_name, recipe, start.run_id)
    promises = None
    with ending(store):
        folder = store.directory if store else tracking.root / "runs" / (start.run_id or "new")
        if store:
            _note_start(start, store)
        history, bars = watch.History(), watch.ProgressBars(console := terminal())
        checkpoints = watch.Checkpoints(folder, settings, flush=store.flush if store else None)
        record = watch.DescribeRun(start.plain, *lm.read_command_line(folder), history, checkpoints)
        report = watch.Report(record)
        observed = [
            bars,
            history,
            record,
            *observers,
            watch.EarlyStop(settings),
            watch.Prune(settings),
            report,
            checkpoints,
            watch.MeasureContinuation(config.seed),
            watch.DescribeModel(record, data.model_sizes),
        ]
        spared = watch.guarded(watch.in_order(observed), store)
        watching = bars.announced(record.spent.timed(spared, store))
        trainer = lm.make_trainer(settings, data, watching, lm.StoreLogger(store))
        checkpoint = start.checkpoint
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
        if store and config.from_diagnosis:
            with watch.spared("judgment of the promises", store):
                promises = judge_promises(config.from_diagnosis, store, tracking.address)
    if store:
        lm.mark_finished(folder, checkpoints.best_score)
        with watch.spared("summary of the run", None):
            _tell(console, record, report, promises, store, tracking, record.fit_began - began)
    return Trained(run_id=store.run_id if store else "", folder=folder, score=checkpoints.best_score)


def _note_start(start: _Start, store: Store) -> None:
    """Keep what a run is made from, so that it can be gone on with and followed."""
    from whytrain import lightning_modules as lm
    from whytrain.runs.provenance import STARTED_FROM

    job = start.job
    if start.is_new_line:
        lm.write_command_line(store.directory, job.words, {group: job.choices[group] for group in CHOICES})
    lm.write_config(store.directory, start.plain)
    if start.origin is not None:
        store.set_tags({STARTED_FROM: start.origin.name})


def _tell(
    console: Console,
    record: DescribeRun,
    report: Report,
    promises: str | None,
    store: Store,
    tracking: TrackingSettings,
    starting_s: float,
) -> None:
    """Print what came of a run, what it took, and the commands to type next."""
    from whytrain.pages.console import closing, next_steps, took
    from whytrain.pages.next_steps import local_page

    assert report.run is not None, "there is no report"
    console.print(closing(report.run, console.width))
    page = local_page(tracking, store.run_id)
    parts = {"starting": starting_s, "training and validation": record.fit_s * (1 - record.overhead)}
    print("", took(parts | record.spent.totals), "", sep="\n")
    if promises:
        print(promises, end="\n\n")
    print(*filter(None, [next_steps(report.run, page), store.summary()]), sep="\n")


def build(config: DictConfig) -> tuple[Any, Any]:
    """Return the data module, set up, and the module to train."""
    from whytrain import lightning_modules as lm

    parts = (
        "task",
        "data",
        "tokenizer",
        "objective",
        "optimizer",
        "guidance",
        "distillation",
        "trainer",
        "tracking",
    )
    return lm.assemble(
        make_model=lambda sizes: instantiate(config.model, **sizes),
        seed=config.seed,
        from_diagnosis=config.from_diagnosis,
        continue_from=config.continue_from,
        replay=config.replay,
        **{name: instantiate(config[name]) for name in parts},
    )


def follow_diagnosis(job: Job, uri: str) -> Job:
    """Return the job of `from_diagnosis=RUN`.

    It is that run's own command line with its recommendations, and what this command line says on top.

    Args:
        job: as composed from this command line.
        uri: absolute tracking address.

    Raises:
        TrackingError: there is no such run.
        ConfigError: the run has no diagnosis, or one that recommends nothing or what it may not.
    """
    from whytrain.tracking.quick_look import known_run

    called = job.config.from_diagnosis
    known_run(uri, called)
    from whytrain.runs.diagnosed_run import read_diagnosed
    from whytrain.tracking.reader import find_run

    words = read_diagnosed(find_run(uri, called), called).words(job.words)
    return job.following(words, job.parent_run_id)


def learn_on(job: Job, uri: str) -> Job:
    """Return the job of `continue_from=RUN`: that run's own command line, on the data of this one.

    Args:
        job: as composed from this command line.
        uri: absolute tracking address.

    Raises:
        TrackingError: there is no such run, or it kept no command line.
        ConfigError: there is no new data, or what the weights decide is to be something else.
    """
    from whytrain.config.override_words import key_of, last_of_each
    from whytrain.errors import ConfigError
    from whytrain.runs.config import read_inherited
    from whytrain.tracking.reader import find_run

    called = job.config.continue_from
    groups = [re.split(r"[./]", key_of(word))[0] for word in job.words]
    if "data" not in groups:
        raise ConfigError(
            f"continue_from={called}: on which new data? such as data=csv data.path=new.csv (more epochs on "
            "the same: resume=RUN trainer.max_epochs=N)"
        )
    if fixed := [word for word, group in zip(job.words, groups, strict=True) if group in _OF_WEIGHTS]:
        raise ConfigError(f"continue_from={called}: its weights decide that; leave out {', '.join(fixed)}")
    run = find_run(uri, called)
    of_data = ("data", "guidance")  # what an earlier run found is about its own sentences
    kept = [word for word in read_inherited(run) if re.split(r"[./]", key_of(word))[0] not in of_data]
    further = job.following(last_of_each([*kept, *job.words]), job.parent_run_id)
    further.config.continue_from = run.run_id
    return further


def train_further(job: Job, run_id: str, uri: str) -> Job:
    """Return the job of `resume=RUN trainer.max_epochs=N` where the run is finished: a run of its own.

    It is that run's own command line, and what this command line says on top; it starts from its weights.

    Args:
        job: as composed from this command line.
        run_id: of the finished run.
        uri: absolute tracking address.

    Raises:
        TrackingError: there is no such run, or it kept no command line.
    """
    from whytrain.config.override_words import last_of_each
    from whytrain.counted import counted
    from whytrain.runs.config import read_inherited
    from whytrain.tracking.reader import find_run

    run = find_run(uri, run_id)
    further = job.following(last_of_each([*read_inherited(run), *job.words]), job.parent_run_id)
    further.config.resume = run_id
    more = counted(further.config.trainer.max_epochs, "epoch")
    print(f"{run.name} is finished: {more} more from its best weights, as a run of its own")
    return further


def close_loop(job: Job) -> None:
    """Run the closed loop that a config describes in `loop`; its many runs have no score for a sweeper."""
    from whytrain.config.validation import check_config
    from whytrain.errors import ConfigError
    from whytrain.pages.loop_files import publish_loop

    plain = job.resolved()
    check_config(plain, KEYS)
    if any(job.config[key] is not None for key in ("resume", "continue_from", "from_diagnosis")):
        raise ConfigError(
            "the closed loop starts from a baseline: leave out resume, continue_from and from_diagnosis"
        )

    if not (task := instantiate(job.config.task)).exclusive:
        raise ConfigError(
            f"the closed loop guides by classes, which task={task.name} has not: leave out loop"
        )

    def load() -> Corpus:
        source = instantiate(job.config.data)
        source.prepare()
        return source.load(task)  # type: ignore[no-any-return]  # instantiated from the config

    def train_one(words: list[str], parent_run_id: str) -> str:
        return train(job.following(words, parent_run_id)).run_id

    loop, tracking = instantiate(job.config.loop), instantiate(job.config.tracking)
    print(loop.run(train_one, load, publish_loop, list(job.words), tracking, plain))


COMMAND = HydraCommand(
    name="train",
    task=hydra_main,
    text_keys=TEXT_KEYS,
    list_keys=("distillation.teacher",),
    positional="write key=value or group=choice, such as seed=1 or model=bilstm_opt",
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
