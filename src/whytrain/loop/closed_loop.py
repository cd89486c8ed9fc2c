"""The closed loop: baseline → diagnosis → runs that follow it → what changed against what was expected."""

from __future__ import annotations

import logging
import shlex
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import MinLen

from whytrain.config.override_words import key_of, last_of_each, words_of
from whytrain.config.seed import Seed
from whytrain.data.corpus import Corpus
from whytrain.errors import ConfigError, Interrupted
from whytrain.guidance.guidance_settings import FOUND
from whytrain.loop.arms import BASELINE, RANDOM, Arm, acts_on_marks, arms_of, repair_of_marks
from whytrain.loop.conclusion import LoopOutcome, conclude
from whytrain.loop.control_arm import why_no_control
from whytrain.loop.shortcut_rows import shortcut_rows
from whytrain.runs.diagnosed_run import read_diagnosed
from whytrain.runs.diagnosis import read_diagnosis
from whytrain.runs.marks import read_found
from whytrain.shortcuts.marks import Mark, read_marks
from whytrain.sweeps.run_name import free_name
from whytrain.tracking.reader import RunRecord, find_run
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.status import ending
from whytrain.tracking.store import Store
from whytrain.tracking.sweep_folder import SweepFolder, find_sweep
from whytrain.typed_commands import typed

NEEDED = ("explanations", "diagnosis")  # callbacks without which nothing can be concluded
_OWN = frozenset({"loop", "sweep_name", "run_name", "seed"})  # keys that speak of the loop, not of its runs
_log = logging.getLogger(__name__)

Train = Callable[[list[str], str], str]  # overrides and the id of the parent run: the id of the run
Load = Callable[[], Corpus]
Publish = Callable[[Store, LoopOutcome], str]


class ClosedLoop:
    """Trains a baseline, follows its diagnosis, and holds the result to what was expected.

    The diagnosis of the first seed's baseline decides the strategies; with further seeds each is guided by
    the explanations of its own baseline, but acts on the same marks: those of a file (`guidance.marks`), or
    those that the first one found. All runs are children of one run that holds tables, figure and page.
    """

    def __init__(self, *, seeds: Annotated[list[Seed], MinLen(1)], control: bool, ablation: bool) -> None:
        """Store the settings.

        Args:
            seeds: of the runs of every arm.
            control: train an arm whose guidance acts on random words of like frequency.
            ablation: train an arm for each strategy alone.
        """
        self.seeds, self.control, self.ablation = list(dict.fromkeys(seeds)), control, ablation

    def run(
        self,
        train: Train,
        load: Load,
        publish: Publish,
        words: Sequence[str],
        tracking: TrackingSettings,
        settings: Mapping[str, Any],
    ) -> str:
        """Run the experiment and return what it says, for the terminal.

        Args:
            train: trains one run with these words of the command line as a child of the run with this id, or
                finds it trained there, and returns its id.
            load: loads the data, whose training rows tell where marks point.
            publish: logs what was found on the run that holds the others, and says it in short.
            words: the command line, which all arms share.
            tracking: where the runs are tracked.
            settings: the resolved config.

        Raises:
            ConfigError: the config leaves out callbacks that the loop needs, or asks for several processes.
        """
        _check(settings)
        shared = [word for word in words if not _is_own(word)]
        name = settings["sweep_name"] or free_name(tracking.root, "closed-loop")
        earlier = find_sweep(tracking.root, name) if settings["sweep_name"] else None
        store = Store.start(tracking, run_name=name, tags={"kind": "loop"}, run_id=earlier)
        with ending(store):
            SweepFolder(tracking.root, store.run_id).create(["seed"])
            runner = _Runner(train=train, parent_run_id=store.run_id, shared=shared, uri=tracking.address)
            try:
                return publish(store, self._outcome(runner, load, _given_marks(settings)))
            except (Interrupted, KeyboardInterrupt) as stopped:
                number = stopped.signal_number if isinstance(stopped, Interrupted) else signal.SIGINT
                raise Interrupted(number, _next_step(words, name)) from stopped

    def _outcome(self, runner: _Runner, load: Load, given: Sequence[Mark]) -> LoopOutcome:
        """Train all runs, and compare them."""
        notes: list[str] = []
        baselines = [runner(BASELINE, seed, ()) for seed in self.seeds]
        arm_runs = self._follow(runner, baselines, given, notes)
        for note in notes:
            _log.warning("closed loop: %s", note)
        marks = given or _found_marks(arm_runs, baselines[0])
        rows = shortcut_rows(marks, load()) if marks else None
        return conclude(self.seeds, baselines, arm_runs, notes, rows)

    def _follow(
        self, runner: _Runner, baselines: list[RunRecord], given: Sequence[Mark], notes: list[str]
    ) -> dict[Arm, list[RunRecord]]:
        """Train what follows the baselines, and note what is missing."""
        arm_runs: dict[Arm, list[RunRecord]] = {}
        runs_of = {BASELINE: baselines}
        for arm in self._arms(baselines[0], given, notes):
            guides = [baselines[0]] * len(self.seeds) if arm.acts_on_found else runs_of.get(arm.guide, [])
            try:
                arm_runs[arm] = runs_of[arm.name] = [
                    runner(arm.name, seed, arm.guided_by(guide.run_id))
                    for seed, guide in zip(self.seeds, guides, strict=True)
                ]
            except ConfigError as error:  # say, too few words for random targets: the others still tell
                notes.append(f"The arm “{arm.name}” is left out: {error}.")
        return arm_runs

    def _arms(self, baseline: RunRecord, given: Sequence[Mark], notes: list[str]) -> list[Arm]:
        """Return the arms that follow the diagnosis and marks, if there are any, and note what is missing."""
        try:
            strategies = read_diagnosed(baseline, baseline.run_id).strategies
        except ConfigError as error:
            notes.append(f"{error}.")
            strategies = ()
        if given:  # a person's marks count more than those that were found
            own = [strategy for strategy in strategies if not acts_on_marks(words_of(strategy.overrides))]
            strategies = (repair_of_marks(given), *own)
        arms = arms_of(strategies, control=self.control, ablation=self.ablation)
        if self.control and not any(arm.name == RANDOM for arm in arms):
            notes += why_no_control(read_diagnosis(baseline))
        return arms


@dataclass(frozen=True, kw_only=True)
class _Runner:
    train: Train
    parent_run_id: str
    shared: Sequence[str]
    uri: str

    def __call__(self, arm: str, seed: int, words: Sequence[str]) -> RunRecord:
        """Train an arm with a seed, or find the run that an interrupted loop finished."""
        print(f"closed loop: {arm}, seed {seed}", flush=True)
        name = arm.replace(" ", "-")
        given = last_of_each([*self.shared, *words, f"seed={seed}", f"run_name={name}"])
        return find_run(self.uri, self.train(given, self.parent_run_id))


def _next_step(words: Sequence[str], name: str) -> str:
    """Say how to go on with an interrupted loop: what it trained is found by its name."""
    others = [word for word in words if key_of(word) != "sweep_name"]
    return f"go on with: {' '.join([typed('train'), *map(shlex.quote, [*others, f'sweep_name={name}'])])}"


def _given_marks(settings: Mapping[str, Any]) -> list[Mark]:
    path = settings["guidance"]["marks"]
    return [] if path in (None, FOUND) else read_marks(path)


def _found_marks(arms: Iterable[Arm], baseline: RunRecord) -> list[Mark]:
    """Return what the first baseline's diagnosis found, where an arm acts on it."""
    return read_found(baseline) if any(arm.acts_on_found for arm in arms) else []


def _check(settings: Mapping[str, Any]) -> None:
    """Refuse what could only fail after the baseline was trained."""
    missing = [name for name in NEEDED if name not in (settings["callbacks"] or {})]
    if missing:
        raise ConfigError(
            f"the closed loop rests on callbacks.{' and callbacks.'.join(missing)}: use callbacks=default or "
            "callbacks=full"
        )
    devices = settings["trainer"]["devices"]
    if devices != 1:
        raise ConfigError(
            f"trainer.devices={devices}: the closed loop trains in one process; use trainer=default or "
            "trainer=gpu"
        )


def _is_own(word: str) -> bool:
    """Return whether a word of the command line speaks of the loop and not of its runs."""
    return key_of(word).partition(".")[0] in _OWN or word == "experiment=closed_loop"
