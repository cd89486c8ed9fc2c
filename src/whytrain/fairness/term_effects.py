"""What it changes to put one identity term in the place of another: how far, how often, which way."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from whytrain.fairness.swaps import Swapped, Where
from whytrain.shortcuts.identity import TermSet
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, mean_change, t_interval

FEWEST = 8  # sentences in which a word is held against others: with fewer nothing is said of it
Array = NDArray[np.float64]
K = TypeVar("K")
Probabilities = Callable[[Sequence[str]], Array]  # texts to float64 (n, n_classes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """A sentence with each word of a set, and what the model says of it.

    Attributes:
        swapped: the sentences.
        probabilities: float64 (n_words, n_classes).
    """

    swapped: Swapped
    probabilities: Array

    @property
    def moved(self) -> float:
        """Mean change of the probability over the swaps: half of the sum over classes of what each moves."""
        changes = [np.abs(a - b).sum() / 2 for a, b in self._pairs()]
        return float(np.mean(changes))

    @property
    def flipped(self) -> float:
        """Share of the swaps after which another class is the most probable one."""
        return float(np.mean([a.argmax() != b.argmax() for a, b in self._pairs()]))

    def _pairs(self) -> Iterable[tuple[Array, Array]]:
        """Return what is compared: the sentence as it is with each other one; of a template all pairs."""
        own, rows = self.swapped.own, self.probabilities
        if own is None:
            return itertools.combinations(rows, 2)
        return [(rows[own], row) for place, row in enumerate(rows) if place != own]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How much the terms of a kind change.

    Attributes:
        kind: such as gender.
        where: in sentences of the data, or in templates.
        n: sentences or templates.
        moved: mean change of the probability per swap, 0 to 1.
        flipped: share of swaps that change the answer; both with intervals over sentences.
    """

    kind: str
    where: Where
    n: int
    moved: Interval
    flipped: Interval


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a word, or a group by all its words, does to the probability of a class.

    Attributes:
        kind: such as gender.
        group: whose words they are.
        word: which one; empty for all words of the group.
        against: the other word, or group, where there is only one; else empty.
        where: in sentences of the data, or in templates.
        class_index: of the class.
        n: sentences or templates.
        effect: mean probability with it, less that with the others in its place, with Student's interval; NaN
            where there are too few sentences.
        p_value: that it changes nothing, corrected for all looks (Holm); None where too few.
    """

    kind: str
    group: str
    word: str
    against: str
    where: Where
    class_index: int
    n: int
    effect: Interval
    p_value: float | None

    @property
    def is_sure(self) -> bool:
        """Whether it moves the probability surely, at the level of its interval."""
        return self.p_value is not None and self.p_value <= 1 - self.effect.level


def answered(swapped: Sequence[Swapped], probabilities: Probabilities) -> list[Answered]:
    """Ask the model about all sentences, each text once."""
    texts = list(dict.fromkeys(text for found in swapped for text in found.texts))
    known = dict(zip(texts, probabilities(texts), strict=True)) if texts else {}
    return [
        Answered(swapped=found, probabilities=np.array([known[text] for text in found.texts]))
        for found in swapped
    ]


def gaps(found: Sequence[Answered], level: float = 0.95) -> tuple[Gap, ...]:
    """Return counterfactual token fairness by kind and place: how far and how often swaps change the answer.

    References:
        Garg, Perot, Limtiaco, Taly, Chi, Beutel (2019), Counterfactual fairness in text classification
        through robustness, section 3.
    """
    return tuple(
        Gap(
            kind=kind,
            where=where,
            n=len(of),
            moved=_share([one.moved for one in of], level),
            flipped=_share([one.flipped for one in of], level),
        )
        for (kind, where), of in _grouped(found, lambda one: (one.swapped.terms.kind, one.swapped.where))
    )


def effects(found: Sequence[Answered], classes: Sequence[int], level: float = 0.95) -> tuple[Effect, ...]:
    """Return what every word and every group does to the probability of each of some classes.

    In each sentence a word's probability is held against the mean of the others of its set in the same place;
    the sentences' mean is tested against 0 with Student's t. Words and groups of all kinds and places are one
    family of looks; of two words both are the same look.

    Args:
        found: sentences with the model's answers.
        classes: of which the probability is looked at; of two classes one is enough.
        level: of the intervals.
    """
    looks: list[tuple[Hashable, Effect]] = []
    by_set = _grouped(found, lambda one: (one.swapped.terms, one.swapped.where))
    for (terms, where), of in by_set:
        looks += _of_columns(of, terms, terms.words, where, classes, level)
    n_sets = Counter((terms.kind, where) for (terms, where), _ in by_set)
    for (kind, where), of in _grouped(found, lambda one: (one.swapped.terms.kind, one.swapped.where)):
        if n_sets[kind, where] > 1:  # else the groups are the words
            looks += _of_columns(of, of[0].swapped.terms, (), where, classes, level)
    return _corrected(looks)


def _of_columns(
    of: Sequence[Answered],
    terms: TermSet,
    words: Sequence[str],
    where: Where,
    classes: Sequence[int],
    level: float,
) -> list[tuple[Hashable, Effect]]:
    """Return the effect of each group, with a key that is the same where the look is the same."""
    rows = np.array([one.probabilities for one in of])  # (n, n_words, n_classes)
    others = (rows.sum(axis=1, keepdims=True) - rows) / (rows.shape[1] - 1)
    differences = rows - others
    result: list[tuple[Hashable, Effect]] = []
    for (place, group), k in itertools.product(enumerate(terms.groups), classes):
        effect, p_value = _tested(differences[:, place, k], level)
        one = Effect(
            kind=terms.kind,
            group=group,
            word=words[place] if words else "",
            against=(words or terms.groups)[1 - place] if len(terms.groups) == 2 else "",
            where=where,
            class_index=k,
            n=len(of),
            effect=effect,
            p_value=p_value,
        )
        # Of two, the second does the opposite of the first.
        result.append(((terms.kind, words, where, k, place if len(terms.groups) > 2 else 0), one))
    return result


def _tested(values: Array, level: float) -> tuple[Interval, float | None]:
    """Return a mean with its interval, and the two-sided p-value of Student's t; None for few values."""
    if len(values) < FEWEST:
        return Interval(estimate=float(values.mean()), low=-1.0, high=1.0, level=level), None
    mean = t_interval(values, level)
    interval = replace(mean, low=max(mean.low, -1.0), high=min(mean.high, 1.0))
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    if error < 1e-12:  # all alike, up to rounding
        return interval, 1.0 if abs(interval.estimate) < 1e-12 else 0.0
    t = abs(interval.estimate) / error
    return interval, float(2 * special.stdtr(len(values) - 1, -t))


def _corrected(looks: Sequence[tuple[Hashable, Effect]]) -> tuple[Effect, ...]:
    """Return the effects with p-values that are corrected for all looks, each counted once."""
    p_values = {key: one.p_value for key, one in looks if one.p_value is not None}
    adjusted = dict(zip(p_values, holm_correction(list(p_values.values())).tolist(), strict=True))
    return tuple(one if one.p_value is None else replace(one, p_value=adjusted[key]) for key, one in looks)


def _grouped(found: Sequence[Answered], key: Callable[[Answered], K]) -> list[tuple[K, list[Answered]]]:
    groups: dict[K, list[Answered]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return list(groups.items())


def _share(values: Sequence[float], level: float) -> Interval:
    """Return the mean of values from 0 to 1 with its interval over sentences."""
    mean = mean_change(values, level)
    return replace(mean, low=max(mean.low, 0.0), high=min(mean.high, 1.0))
