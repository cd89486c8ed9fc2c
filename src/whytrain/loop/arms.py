"""The recipes that a closed loop compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whytrain.config.override_words import key_of, last_of_each, words_of
from whytrain.diagnosis.overrides import Strategy

BASELINE, EXPLAINED, RANDOM = "baseline", "explained", "random targets"


@dataclass(frozen=True, eq=False, kw_only=True)
class Arm:
    """A recipe of the experiment.

    Attributes:
        name: of the arm.
        strategies: what it switches on.
        words: overrides on top of the baseline's, without the run that guides.
    """

    name: str
    strategies: tuple[Strategy, ...]
    words: tuple[str, ...]

    def guided_by(self, run_id: str) -> list[str]:
        """Return the overrides with the run whose explanations guide them, where they are guided."""
        return [*self.words, f"guidance.run={run_id}"] if is_guided(self.words) else list(self.words)


def arms_of(strategies: Sequence[Strategy], *, control: bool, ablation: bool) -> list[Arm]:
    """Return the arms that a diagnosis leads to; none without strategies.

    Args:
        strategies: what is recommended.
        control: also an arm that acts on random targets, where anything is guided.
        ablation: also an arm for each strategy alone, where there are several.
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
    return arms


def is_guided(words: Sequence[str]) -> bool:
    """Return whether overrides act on what a run explained."""
    return any(key_of(word).startswith("guidance.") for word in words)


def _words(strategies: Sequence[Strategy]) -> tuple[str, ...]:
    words = [word for strategy in strategies for word in words_of(strategy.overrides)]
    return tuple(word for word in last_of_each(words) if key_of(word) != "guidance.run")
