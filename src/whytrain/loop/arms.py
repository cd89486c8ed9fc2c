"""The recipes that a closed loop compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whytrain.config.override_words import key_of, last_of_each, words_of
from whytrain.diagnosis.overrides import Strategy
from whytrain.diagnosis.rules import Expectation
from whytrain.guidance.guidance_settings import ACT_ON_NAMED, FOUND, ON_EXPLAINED, ON_MARKS
from whytrain.guidance.repair import OTHER_REPAIRS, repair_of
from whytrain.loop.shortcut_rows import ADVERSARIAL
from whytrain.shortcuts.marks import Mark

BASELINE, EXPLAINED, RANDOM, EARLY = "baseline", "explained", "random targets", "one epoch"
_MARKS = "guidance.marks"
# "Just train twice" (Liu et al. 2021): what a model of one epoch gets wrong counts so many times.
_TWICE, _WEIGHT = "train twice", 6.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Arm:
    """A recipe of the experiment.

    Attributes:
        name: of the arm.
        strategies: what it switches on.
        words: overrides on top of the baseline's, without the run that guides.
        guide: name of the arm whose runs guide.
    """

    name: str
    strategies: tuple[Strategy, ...]
    words: tuple[str, ...]
    guide: str = BASELINE

    @property
    def repairs_marks(self) -> bool:
        """Whether it does to all that is marked what its strategy says, and is no control."""
        return acts_on_marks(self.words) and self.name != RANDOM

    @property
    def acts_on_found(self) -> bool:
        """Whether it acts on the marks that a diagnosis found."""
        return f"{_MARKS}={FOUND}" in self.words

    def guided_by(self, run_id: str) -> list[str]:
        """Return the overrides with the run that guides them, where they read one."""
        return [*self.words, f"guidance.run={run_id}"] if reads_run(self.words) else list(self.words)


def arms_of(strategies: Sequence[Strategy], *, control: bool, ablation: bool) -> list[Arm]:
    """Return the arms that a diagnosis leads to; none without strategies.

    Args:
        strategies: what is recommended.
        control: also an arm that acts on random targets, where anything is guided.
        ablation: also an arm for each strategy alone, where there are several, and where a shortcut is
            repaired one for each other way to do that.
    """
    if not strategies:
        return []
    together, words = tuple(strategies), _words(strategies)
    arms = [Arm(name=EXPLAINED, strategies=together, words=words)]
    if control and is_guided(words):
        arms.append(Arm(name=RANDOM, strategies=together, words=(*words, "guidance.targets=random")))
    if ablation and len(together) > 1:
        arms += [
            Arm(name=f"only {strategy.name}", strategies=(strategy,), words=_words([strategy]))
            for strategy in together
        ]
    if ablation and acts_on_marks(words):
        marks = tuple(word for word in words if key_of(word) == _MARKS)  # or a file's, for all arms
        arms += [
            Arm(name=f"only {name}", strategies=(), words=(*marks, *words_of(overrides)))
            for name, overrides in OTHER_REPAIRS.items()
        ]
        arms.append(Arm(name=EARLY, strategies=(), words=("trainer.max_epochs=1",)))
        twice = (f"guidance.upweight_errors={_WEIGHT}",)
        arms.append(Arm(name=_TWICE, strategies=(), words=twice, guide=EARLY))
    return arms


def repair_of_marks(marks: Sequence[Mark]) -> Strategy:
    """Return what is done to the marks of a file, which the command line names."""
    return Strategy(
        name="repair_marks",
        text="What is marked says nothing about the class in training.",
        because=(),
        overrides=repair_of(marks),
        expected=(Expectation(metric=ADVERSARIAL, at_least=0.05),),
    )


def is_guided(words: Sequence[str]) -> bool:
    """Return whether overrides act on what a run explained, or on what is marked."""
    return any(key_of(word) in ACT_ON_NAMED for word in words)


def acts_on_marks(words: Sequence[str]) -> bool:
    """Return whether overrides act on what is marked."""
    return any(key_of(word) in _keys(ON_MARKS) for word in words)


def reads_run(words: Sequence[str]) -> bool:
    """Return whether overrides read a run: its explanations, or the marks that it found."""
    return f"{_MARKS}={FOUND}" in words or any(key_of(word) in _keys(ON_EXPLAINED) for word in words)


def _keys(names: Mapping[str, float]) -> set[str]:
    return {f"guidance.{name}" for name in names}


def _words(strategies: Sequence[Strategy]) -> tuple[str, ...]:
    words = [word for strategy in strategies for word in words_of(strategy.overrides)]
    return tuple(word for word in last_of_each(words) if key_of(word) != "guidance.run")
