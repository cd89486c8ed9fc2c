"""What a model leans on in training texts, and whether that holds where it will be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from whytrain.shortcuts.effects import Ask, Asked, effects, word_effects
from whytrain.shortcuts.features import Feature, Text
from whytrain.shortcuts.group import WordGroup, misleading_group
from whytrain.shortcuts.proposals import propose
from whytrain.shortcuts.suspicion import suspected_share, suspicion
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, t_interval

MOST_WORDS = 1_000_000  # of the training texts that are counted
SCREENED_ROWS = 20  # texts that every proposal is asked about
ASKED_ROWS = 100  # training texts that a candidate is asked about
CANDIDATES, TESTED = 20, 10  # what is listed; the first of these are tested
MARGIN_ROWS = 300  # training texts that say how sure the model usually is
EXAMPLES = 2  # texts shown of a candidate
SHOWN = 5  # candidates with examples
LEVEL = 0.05  # of all tests together
KEPT = 0.5  # share of what a feature says in training that must hold elsewhere
RARER = 4  # a feature is missing where it is more than so many times rarer than in training
SURE = 4.0  # standard errors by which what is missing elsewhere says something in training
LEAST_SHARE = 0.1  # of the average decision: what is missing elsewhere matters from there on
_ALIKE, _AS_MANY = 2.0, 4.0  # factors up to which words are alike in what they say, and in their rows
_DOMINATED = 2.0  # a feature with a word of a stronger one is a part of it

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class LabeledTexts:
    """Texts with their classes.

    Attributes:
        ids: of the rows.
        texts: the texts.
        labels: int64 (n,), class indices.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    labels: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ShownText:
    """A text with a candidate in it.

    Attributes:
        split: `train` or `check`.
        row_id: its id.
        words: as they are written.
        values: what each word adds to the class that the candidate speaks for there, log-odds.
        speaks_for: index of that class.
        label: index of the true one.
    """

    split: Literal["train", "check"]
    row_id: str
    words: tuple[str, ...]
    values: tuple[float, ...]
    speaks_for: int
    label: int


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A feature that a model leans on, and what speaks against it.

    Attributes:
        feature: what it is.
        speaks_for: index of the class; of an ordered pair, in the order of its words.
        against: index of the class that the other order speaks for; -1 for other kinds.
        n_train: training rows that have it.
        coverage: share of the training rows that have it.
        n_check: check rows that have it; 0 without a check sample.
        effect: what it adds to the class that it speaks for, mean over training rows, log-odds.
        share: of the average decision that is its: coverage · effect / mean log-odds of the decided class,
            with its interval.
        helps_train: what it adds to the true class, mean over training rows, log-odds.
        helps_check: the same over check rows with its interval; None for fewer than two.
        right_train: share of the rows with it, whose class is the one that it speaks for.
        right_check: the same of the check rows; NaN without any.
        expected_train: the share that its presence would have if it said nothing.
        expected_check: the same of the check rows; NaN without any.
        p_value: that so little of it holds on the check rows by chance, corrected for all candidates; NaN
            without a check sample.
        is_shortcut: whether the check sample convicts it.
        suspicion: why it is rarely a reason; empty where nothing is known.
        examples: texts that have it.
    """

    feature: Feature
    speaks_for: int
    against: int
    n_train: int
    coverage: float
    n_check: int
    effect: float
    share: Interval
    helps_train: float
    helps_check: Interval | None
    right_train: float
    right_check: float
    expected_train: float
    expected_check: float
    p_value: float
    is_shortcut: bool
    suspicion: str
    examples: tuple[ShownText, ...] = ()

    @property
    def lift(self) -> float:
        """By how much its training rows are right more often than if it said nothing."""
        return self.right_train - self.expected_train

    def named(self, name: Callable[[str], str]) -> Candidate:
        """Return it with other names for all words, such as their hashes."""
        feature = replace(self.feature, words=tuple(map(name, self.feature.words)))
        shown = (replace(text, words=tuple(map(name, text.words))) for text in self.examples)
        return replace(self, feature=feature, examples=tuple(shown))


@dataclass(frozen=True, kw_only=True)
class ShortcutEvidence:
    """What was looked at.

    Attributes:
        candidates: shortcuts first, then those that can be suspected, each by their share of the decisions.
        n_train: training rows that were looked at.
        n_check: check rows; 0 without a check sample.
        n_check_right: how many of them the model decides right.
        n_asked: how many texts the model was asked about.
        group: words that mislead together, beside those; None without a check sample, and where a shortcut of
            its own carries a tenth of the decisions: a model that rests on it is wrong about all else, too.
    """

    candidates: tuple[Candidate, ...]
    n_train: int
    n_check: int
    n_check_right: int
    n_asked: int
    group: WordGroup | None = None

    @property
    def shortcuts(self) -> tuple[Candidate, ...]:
        """Those that the check sample convicts."""
        return tuple(candidate for candidate in self.candidates if candidate.is_shortcut)


def find_shortcuts(
    ask: Ask, train: LabeledTexts, check: LabeledTexts | None, n_classes: int, *, seed: int
) -> ShortcutEvidence:
    """Rank what a model leans on in training texts, and test on check rows whether it holds there.

    A candidate of the ranking is convicted where it says less than half of what it says in training (a
    one-sided binomial test of the rows that have it), or where it carries a tenth of the decisions and is
    more than four times rarer (a one-sided binomial test of all rows); twice the smaller p-value, by Holm's
    correction over the first ten, weighted by their shares. Texts are chosen by the seed; how many
    questions are asked does not depend on the size of the data or the length of the texts.

    Args:
        ask: the model, from texts to logits.
        train: what it learned from.
        check: rows from where it will be used; None without.
        n_classes: number of classes.
        seed: of the choice of texts.
    """
    generator = np.random.default_rng(seed)
    chosen = _counted_rows(train.texts, generator)
    texts = [Text(train.texts[row]) for row in chosen]
    labels = train.labels[chosen]
    asked = Asked(ask)
    features = propose([text.words for text in texts], labels, n_classes)
    rows_with = _rows_with(texts)
    proposed = [_Seen(feature, texts, rows_with, labels, n_classes, generator) for feature in features]
    _measure(proposed, SCREENED_ROWS, texts, asked)
    found = _strongest(proposed)
    _measure(found, ASKED_ROWS, texts, asked)
    margin = _margin(asked, texts, generator)
    outside = None if check is None else _Outside(check, n_classes)

    def make(seen: _Seen, speaks_for: int | None = None) -> Candidate:
        return _candidate(seen, labels, margin, outside, asked, speaks_for)

    candidates = [make(seen) for seen in found]
    if outside is not None and candidates:
        candidates = _kin(_tested(candidates, outside), proposed, make, len(outside.texts))
    ranked = _ranked(candidates)
    group = None
    if outside is not None and not any(c.is_shortcut and c.share.low >= LEAST_SHARE for c in ranked):
        own = {word for c in ranked if c.is_shortcut for word in c.feature.words}
        known = {word for text in texts for word in text.words} - own
        group = misleading_group(asked, outside.texts, outside.labels, known=known, generator=generator)
    shown = [
        replace(c, examples=_examples(c, train.ids, chosen, texts, labels, outside, asked, generator))
        for c in ranked[:SHOWN]
    ]
    return ShortcutEvidence(
        candidates=(*shown, *ranked[SHOWN:]),
        n_train=len(texts),
        n_check=0 if outside is None else len(outside.texts),
        n_check_right=0 if outside is None else outside.n_right(asked),
        n_asked=asked.n,
        group=group,
    )


class _Seen:
    """A feature in the training texts: where it stands, and what it adds there."""

    def __init__(
        self,
        feature: Feature,
        texts: Sequence[Text],
        rows_with: Mapping[str, Sequence[int]],
        labels: NDArray[np.int64],
        n_classes: int,
        generator: np.random.Generator,
    ) -> None:
        self.feature = feature
        self.rows = np.array(
            sorted(set.intersection(*(set(rows_with[word]) for word in feature.words))), dtype=np.int64
        )
        self.states = np.zeros(len(texts), dtype=np.int64)
        self.states[self.rows] = [feature.state(texts[row].words) for row in self.rows]
        usable = [row for row in self.rows.tolist() if len(texts[row].words) > len(feature.words)]
        self.sample = generator.permutation(np.array(usable, dtype=np.int64))[:ASKED_ROWS]
        self.coverage = len(self.rows) / len(texts)
        self.priors = np.bincount(labels, minlength=n_classes) / len(labels)
        shares = np.bincount(labels[self.rows], minlength=n_classes) / max(len(self.rows), 1)
        self.told = int((shares - self.priors).argmax())  # the class that its rows most exceed
        self.values: Floats = np.empty((0, n_classes))

    @property
    def means(self) -> Floats:
        """What it adds to each class, float64 (n_classes,)."""
        return self.values.mean(axis=0) if len(self.values) else np.zeros(len(self.priors))

    @property
    def lean(self) -> float:
        """How much of all decisions it moves, log-odds per row."""
        return self.coverage * float(self.means.max())


def _rows_with(texts: Sequence[Text]) -> dict[str, list[int]]:
    """Return the rows in which each word stands."""
    found: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        for word in set(text.words):
            found[word].append(row)
    return found


def _measure(found: Sequence[_Seen], n_rows: int, texts: Sequence[Text], asked: Asked) -> None:
    """Ask what features add, in so many texts each."""
    wanted = [(seen.feature, [texts[row] for row in seen.sample[:n_rows]]) for seen in found]
    for seen, values in zip(found, effects(asked, wanted), strict=True):
        seen.values = values


def _strongest(found: Sequence[_Seen]) -> list[_Seen]:
    """Return the features that move most, without those that are parts of a stronger one."""
    kept: list[_Seen] = []
    for seen in sorted(found, key=lambda seen: -seen.lean):
        words = set(seen.feature.words)
        parts = (
            other
            for other in kept
            if words & set(other.feature.words) and other.lean >= _DOMINATED * seen.lean
            if len(other.feature.words) > 1 or len(words) > 1
        )
        if len(seen.values) > 1 and seen.lean > 0 and next(parts, None) is None:
            kept.append(seen)
        if len(kept) == CANDIDATES:
            break
    return kept


class _Outside:
    """The check rows."""

    def __init__(self, check: LabeledTexts, n_classes: int) -> None:
        self.ids, self.labels = check.ids, check.labels
        self.texts = [Text(text) for text in check.texts]
        self.priors = np.bincount(check.labels, minlength=n_classes) / len(check.labels)

    def n_right(self, asked: Asked) -> int:
        """Return how many rows the model decides right."""
        decided = asked.log_odds([text.text for text in self.texts]).argmax(axis=1)
        return int((decided == self.labels).sum())


def _counted_rows(texts: Sequence[str], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return rows, drawn so that their words can be counted soon, in their order."""
    order = generator.permutation(len(texts))
    lengths = np.array([texts[row].count(" ") + 1 for row in order])
    return np.sort(order[: max(int(np.searchsorted(lengths.cumsum(), MOST_WORDS)), 1)])


def _margin(asked: Asked, texts: Sequence[Text], generator: np.random.Generator) -> float:
    rows = generator.permutation(len(texts))[:MARGIN_ROWS]
    decided = asked.log_odds([texts[row].text for row in rows]).max(axis=1)
    return max(float(np.abs(decided).mean()), 1e-9)


def _candidate(
    seen: _Seen,
    labels: NDArray[np.int64],
    margin: float,
    outside: _Outside | None,
    asked: Asked,
    speaks_for: int | None,
) -> Candidate:
    """Return what is known of a feature; it speaks for what it adds most to, unless that is given."""
    feature, means = seen.feature, seen.means
    speaks_for = int(means.argmax()) if speaks_for is None else speaks_for
    against = int(means.argmin()) if feature.kind == "ordered_pair" else -1
    said = _said(seen.states[seen.rows], speaks_for, against)
    spread = t_interval(seen.values[:, speaks_for])
    scale = seen.coverage / margin
    helps = _toward_true(
        seen.values, seen.states[seen.sample[: len(seen.values)]], labels[seen.sample[: len(seen.values)]]
    )
    right, expected, n_check, helps_check = np.nan, np.nan, 0, None
    if outside is not None:
        states = np.array([feature.state(text.words) for text in outside.texts], dtype=np.int64)
        rows = np.flatnonzero(states)
        n_check = len(rows)
        if n_check:
            elsewhere = _said(states[rows], speaks_for, against)
            right = float((outside.labels[rows] == elsewhere).mean())
            expected = float(outside.priors[elsewhere].mean())
        usable = np.array(
            [row for row in rows if len(outside.texts[row].words) > len(feature.words)], dtype=np.int64
        )
        if len(usable) > 1:
            (values,) = effects(asked, [(feature, [outside.texts[row] for row in usable])])
            helps_check = t_interval(_toward_true(values, states[usable], outside.labels[usable]))
    return Candidate(
        feature=feature,
        speaks_for=speaks_for,
        against=against,
        n_train=len(seen.rows),
        coverage=seen.coverage,
        n_check=n_check,
        effect=spread.estimate,
        share=Interval(estimate=spread.estimate * scale, low=spread.low * scale, high=spread.high * scale),
        helps_train=float(helps.mean()),
        helps_check=helps_check,
        right_train=float((labels[seen.rows] == said).mean()),
        right_check=right,
        expected_train=float(seen.priors[said].mean()),
        expected_check=expected,
        p_value=np.nan,
        is_shortcut=False,
        suspicion=suspicion(feature, seen.coverage),
    )


def _said(states: NDArray[np.int64], speaks_for: int, against: int) -> NDArray[np.int64]:
    """Return the class that a feature speaks for in each row that has it."""
    return np.where(states > 0, speaks_for, against)


def _toward_true(values: Floats, states: NDArray[np.int64], labels: NDArray[np.int64]) -> Floats:
    """Return what a feature adds to the true class of each row, an order as it stands there."""
    toward: Floats = values[np.arange(len(labels)), labels] * np.sign(states)
    return toward


def _tested(candidates: Sequence[Candidate], outside: _Outside) -> list[Candidate]:
    """Return the candidates with corrected p-values and the verdict of the check rows."""
    n_rows = len(outside.texts)
    p_values = [min(1.0, 2 * min(_p_unheld(c), _p_missing(c, n_rows))) for c in candidates[:TESTED]]
    corrected = holm_correction(p_values, _weights(candidates[:TESTED])).tolist()
    tested = [
        replace(c, p_value=p, is_shortcut=p <= LEVEL and c.share.low > 0)
        for c, p in zip(candidates, corrected, strict=False)
    ]
    return tested + list(candidates[TESTED:])


def _weights(candidates: Sequence[Candidate]) -> list[float]:
    """Return how much each test counts: half by its share of the decisions in training, half alike.

    What carries nearly all decisions is then not acquitted for the company of nine that carry none.
    """
    shares = [max(candidate.share.estimate, 0.0) for candidate in candidates]
    total = sum(shares) or 1.0
    return [1 / len(shares) + share / total for share in shares]


def are_kin(a: Candidate, b: Candidate) -> bool:
    """Return whether two words, or two pairs with a word in common, stand for each other in training texts.

    They speak for different classes, about as clearly, in about as many rows.
    """
    kinds, words = {a.feature.kind, b.feature.kind}, {*a.feature.words} & {*b.feature.words}
    lifts, rows = sorted((a.lift, b.lift)), sorted((a.n_train, b.n_train))
    return (
        (kinds == {"words"} or (kinds == {"pair"} and len(words) == 1))
        and a.speaks_for != b.speaks_for
        and 0 < lifts[1] <= _ALIKE * lifts[0]
        and rows[1] <= _AS_MANY * rows[0]
    )


def _kin(
    candidates: Sequence[Candidate],
    proposed: Sequence[_Seen],
    make: Callable[[_Seen, int | None], Candidate],
    n_rows: int,
) -> list[Candidate]:
    """Return candidates with the counterparts of convicted words convicted, too, and added where they lack.

    A model may decide by the presence of "she" alone, and take its absence for "he": that the two stand for
    each other is in the texts. A counterpart needs check rows against it of its own, without correction: it
    is no look of its own.
    """
    convicted = [candidate for candidate in candidates if candidate.is_shortcut]
    known = {candidate.feature for candidate in candidates}
    others = [s for s in proposed if s.feature.kind != "ordered_pair" and s.feature not in known]
    further = [make(seen, seen.told) for seen in others] if convicted else []

    def judged(candidate: Candidate) -> Candidate:
        p_value = min(1.0, 2 * min(_p_unheld(candidate), _p_rarer(candidate, n_rows)))
        is_kin = p_value <= LEVEL and any(are_kin(candidate, other) for other in convicted)
        return replace(candidate, is_shortcut=candidate.is_shortcut or is_kin)

    return [*map(judged, candidates), *(c for c in map(judged, further) if c.is_shortcut)]


def _p_unheld(candidate: Candidate) -> float:
    """Test that at least half of what a feature says in training holds on the check rows that have it."""
    if not candidate.n_check or candidate.lift <= 0:
        return 1.0
    share = min(candidate.expected_check + KEPT * candidate.lift, 1.0)
    hits = round(candidate.right_check * candidate.n_check)
    return float(stats.binom.cdf(hits, candidate.n_check, share))


def _p_missing(candidate: Candidate, n_rows: int) -> float:
    """Test that a feature which carries much is at least a fourth as frequent in the check rows."""
    noise = (candidate.expected_train * (1 - candidate.expected_train) / candidate.n_train) ** 0.5
    if candidate.share.low < LEAST_SHARE or candidate.lift < SURE * noise:
        return 1.0
    return _p_rarer(candidate, n_rows)


def _p_rarer(candidate: Candidate, n_rows: int) -> float:
    return float(stats.binom.cdf(candidate.n_check, n_rows, candidate.coverage / RARER))


def _ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    def place(candidate: Candidate) -> tuple[bool, float]:
        return (not candidate.is_shortcut, -suspected_share(candidate.share.estimate, candidate.suspicion))

    return sorted(candidates, key=place)


def _examples(
    candidate: Candidate,
    train_ids: Sequence[str],
    chosen: NDArray[np.int64],
    texts: Sequence[Text],
    labels: NDArray[np.int64],
    outside: _Outside | None,
    asked: Asked,
    generator: np.random.Generator,
) -> tuple[ShownText, ...]:
    """Return short training texts in which a feature speaks for the true class, and check rows where not."""
    found: list[ShownText] = []
    sources: list[tuple[Literal["train", "check"], Sequence[Text], NDArray[np.int64], Sequence[str]]]
    sources = [("train", texts, labels, [train_ids[row] for row in chosen])]
    if outside is not None:
        sources.append(("check", outside.texts, outside.labels, outside.ids))
    for split, rows, of, ids in sources:
        states = np.array([candidate.feature.state(text.words) for text in rows], dtype=np.int64)
        said = _said(states, candidate.speaks_for, candidate.against)
        wanted = np.flatnonzero((states != 0) & ((of == said) == (split == "train")))
        usable = [row for row in generator.permutation(wanted)[:20] if len(rows[row].words) > 1]
        for row in sorted(usable, key=lambda row: len(rows[row].words))[:EXAMPLES]:
            values = word_effects(asked, rows[row])[:, said[row]]
            found.append(
                ShownText(
                    split=split,
                    row_id=str(ids[row]),
                    words=tuple(rows[row].shown),
                    values=tuple(values.tolist()),
                    speaks_for=int(said[row]),
                    label=int(of[row]),
                )
            )
    return tuple(found)
