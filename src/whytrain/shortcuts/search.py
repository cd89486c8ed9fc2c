"""Rank what a model leans on in training texts, and test on check rows whether it holds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from whytrain.shortcuts.conviction import tested, with_kin
from whytrain.shortcuts.effects import Ask, Asked, effects
from whytrain.shortcuts.evidence import Candidate, ShortcutEvidence
from whytrain.shortcuts.features import Feature, Text
from whytrain.shortcuts.group import WordGroup, misleading_group
from whytrain.shortcuts.measured import (
    ASKED_ROWS,
    Seen,
    measure,
    rows_with,
    said_class,
    strongest,
    toward_true,
)
from whytrain.shortcuts.proposals import propose
from whytrain.shortcuts.suspicion import suspected_share, suspicion
from whytrain.shortcuts.texts import CheckTexts, LabeledTexts, examples_of
from whytrain.shortcuts.word_weights import word_weights
from whytrain.statistics.intervals import Interval, share_difference, t_interval

MOST_WORDS = 1_000_000  # of the training texts that are counted
SCREENED_ROWS = 20  # texts that every proposal is asked about
MARGIN_ROWS = 300  # training texts that say how sure the model usually is
SHOWN = 5  # candidates with examples
RESTS_ON = (
    0.1  # of the average decision: a model that rests on one shortcut so much is wrong about all else, too
)
WORSE_LEVEL = (
    0.98  # of the interval of the difference in accuracy: a chance of 1% that it seems worse elsewhere
)


def find_shortcuts(
    ask: Ask,
    train: LabeledTexts,
    check: LabeledTexts | None,
    n_classes: int,
    *,
    validation: LabeledTexts | None = None,
    seed: int,
) -> ShortcutEvidence:
    """Rank what a model leans on in training texts, and test on check rows whether it holds there.

    A candidate of the ranking is convicted if it decides in the rows that have it (15% of an average decision
    at least: a repaired model no longer listens to it, though the texts still say it), and says less than
    half of what it says in training (a one-sided binomial test of the rows that have it), or carries a
    twentieth of all decisions and is more than four times rarer (a one-sided binomial test of all rows);
    twice the smaller p-value, by Holm's correction over the first ten, weighted by their shares. Texts are
    chosen by the seed; how many questions are asked does not depend on the size of the data or the length of
    the texts.

    Words that mislead together are looked for where the model is surely worse on the check rows than on the
    validation rows, and shortcuts of their own do not carry a tenth of all decisions. Of any model that has
    seen few texts some words say the wrong class: what matters is whether more do than it is used to.

    Args:
        ask: the model, from texts to logits.
        train: what it learned from.
        check: rows from where it will be used; None without.
        n_classes: number of classes.
        validation: rows like the training texts that it did not learn from; without them no words are
            looked for that mislead together.
        seed: of the choice of texts.
    """
    generator = np.random.default_rng(seed)
    counted = _counted(train, generator)
    texts, labels = [Text(text) for text in counted.texts], counted.labels
    asked = _asked(ask, counted, check, validation)
    features = propose([text.words for text in texts], labels, n_classes)
    standing = rows_with(texts)
    proposed = [Seen(feature, texts, standing, labels, n_classes, generator) for feature in features]
    measure(proposed, SCREENED_ROWS, texts, asked)
    found = strongest(proposed)
    measure(found, ASKED_ROWS, texts, asked)
    margin = _margin(asked, texts, labels, generator)
    outside = None if check is None else CheckTexts(check, n_classes)
    n_check = 0 if outside is None else len(outside.texts)
    make = partial(_candidate, labels=labels, margin=margin, outside=outside, asked=asked)
    candidates = [make(seen) for seen in found]
    if outside is not None and candidates:
        candidates = with_kin(tested(candidates, n_check), proposed, make, n_check)
    ranked = _ranked(candidates)
    group = None
    if outside is not None and _is_worse(outside, validation, asked) and not _rests_on(ranked):
        group = _words_that_mislead_together(ranked, texts, outside, asked, generator)
    shown = [
        replace(c, examples=examples_of(c, counted.ids, texts, labels, outside, asked, generator))
        for c in ranked[:SHOWN]
    ]
    return ShortcutEvidence(
        candidates=(*shown, *ranked[SHOWN:]),
        n_train=len(texts),
        n_check=n_check,
        n_check_right=0 if outside is None else outside.n_right(asked),
        n_asked=asked.n,
        group=group,
    )


def _counted(train: LabeledTexts, generator: np.random.Generator) -> LabeledTexts:
    """Return rows, drawn so that their words can be counted soon, in their order."""
    order = generator.permutation(len(train.texts))
    lengths = np.array([train.texts[row].count(" ") + 1 for row in order])
    rows = np.sort(order[: max(int(np.searchsorted(lengths.cumsum(), MOST_WORDS)), 1)])
    return LabeledTexts(
        ids=[train.ids[row] for row in rows],
        texts=[train.texts[row] for row in rows],
        labels=train.labels[rows],
        logits=None if train.logits is None else train.logits[rows],
    )


def _asked(ask: Ask, *known: LabeledTexts | None) -> Asked:
    """Return the model, which need not be asked again what is known of it."""
    asked = Asked(ask)
    for rows in known:
        if rows is not None and rows.logits is not None:
            asked.remember(rows.texts, rows.logits)
    return asked


def _is_worse(outside: CheckTexts, validation: LabeledTexts | None, asked: Asked) -> bool:
    """Return whether the check rows are surely decided right less often than the validation rows."""
    if validation is None or not len(validation.texts):
        return False
    decided = asked.log_odds(validation.texts).argmax(axis=1)
    inside = int((decided == validation.labels).sum()), len(decided)
    change = share_difference(*inside, outside.n_right(asked), len(outside.texts), WORSE_LEVEL)
    return change.low > 0


def _rests_on(candidates: Sequence[Candidate]) -> bool:
    """Return whether the shortcuts among candidates carry much of the decisions together."""
    return sum(max(c.share.low, 0.0) for c in candidates if c.is_shortcut) >= RESTS_ON


def _margin(
    asked: Asked, texts: Sequence[Text], labels: NDArray[np.int64], generator: np.random.Generator
) -> float:
    """Return how far texts move the log-odds of the decided class from those of its share, on average."""
    rows = generator.permutation(len(texts))[:MARGIN_ROWS]
    answers = asked.log_odds([texts[row].text for row in rows])
    counts = np.bincount(labels, minlength=answers.shape[1]) + 1  # one row more of each: the odds are finite
    moved = answers - logit(counts / counts.sum())
    decided = moved[np.arange(len(rows)), answers.argmax(axis=1)]
    return max(float(np.abs(decided).mean()), 1e-9)


def _words_that_mislead_together(
    ranked: Sequence[Candidate],
    texts: Sequence[Text],
    outside: CheckTexts,
    asked: Asked,
    generator: np.random.Generator,
) -> WordGroup | None:
    """Look among the words that are no part of a shortcut of its own."""
    own = {word for c in ranked if c.is_shortcut for word in c.feature.words}
    weights = word_weights(asked, texts, generator)
    known = weights.columns.keys() - own
    return misleading_group(weights, outside.texts, outside.labels, known=known, generator=generator)


class _Elsewhere(NamedTuple):
    """What a feature says and adds in the check rows, see `Candidate`."""

    n: int = 0
    right: float = np.nan
    expected: float = np.nan
    helps: Interval | None = None


def _elsewhere(
    feature: Feature, speaks_for: int, against: int, outside: CheckTexts, asked: Asked
) -> _Elsewhere:
    states = np.array([feature.state(text.words) for text in outside.texts], dtype=np.int64)
    rows = np.flatnonzero(states)
    if not len(rows):
        return _Elsewhere()
    said = said_class(states[rows], speaks_for, against)
    usable = [row for row in rows.tolist() if len(outside.texts[row].words) > len(feature.words)]
    helps = None
    if len(usable) > 1:
        (values,) = effects(asked, [(feature, [outside.texts[row] for row in usable])])
        helps = t_interval(toward_true(values, states[usable], outside.labels[usable]))
    return _Elsewhere(
        n=len(rows),
        right=float((outside.labels[rows] == said).mean()),
        expected=float(outside.priors[said].mean()),
        helps=helps,
    )


def _candidate(
    seen: Seen,
    speaks_for: int | None = None,
    *,
    labels: NDArray[np.int64],
    margin: float,
    outside: CheckTexts | None,
    asked: Asked,
) -> Candidate:
    """Return what is known of a feature; it speaks for what it adds most to, unless that is given."""
    feature, means = seen.feature, seen.means
    speaks_for = int(means.argmax()) if speaks_for is None else speaks_for
    against = int(means.argmin()) if feature.kind == "ordered_pair" else _other(speaks_for, len(means))
    said = said_class(seen.states[seen.rows], speaks_for, against)
    spread = t_interval(seen.values[:, speaks_for])
    scale = seen.coverage / margin
    sampled = seen.sample[: len(seen.values)]
    helps = toward_true(seen.values, seen.states[sampled], labels[sampled])
    there = _Elsewhere() if outside is None else _elsewhere(feature, speaks_for, against, outside, asked)
    return Candidate(
        feature=feature,
        speaks_for=speaks_for,
        against=against,
        n_train=len(seen.rows),
        coverage=seen.coverage,
        n_check=there.n,
        effect=spread.estimate,
        share=Interval(estimate=spread.estimate * scale, low=spread.low * scale, high=spread.high * scale),
        helps_train=float(helps.mean()),
        helps_check=there.helps,
        right_train=float((labels[seen.rows] == said).mean()),
        right_check=there.right,
        expected_train=float(seen.priors[said].mean()),
        expected_check=there.expected,
        p_value=np.nan,
        is_shortcut=False,
        suspicion=suspicion(feature, seen.coverage),
    )


def _other(index: int, n_classes: int) -> int:
    """Return the other class; -1 where there are several."""
    return 1 - index if n_classes == 2 else -1


def _ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    def place(candidate: Candidate) -> tuple[bool, float]:
        return (not candidate.is_shortcut, -suspected_share(candidate.share.estimate, candidate.suspicion))

    return sorted(candidates, key=place)
