"""Detectors over classes: hardly found, wrongly ruled out, and frequent ones that swallow rare ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined
from whytrain.diagnosis.of_predictions import NOT_CALIBRATED
from whytrain.presentation.wording import quoted
from whytrain.statistics.intervals import Interval, exact_interval, wilson_interval
from whytrain.types import Predictions


def missed_class(run: RunEvidence) -> Measurement | NotExamined:
    """Share of a class's rows that are found (its recall), of the class that is surely found least.

    On validation rows and on training rows: what is missed even there, where it was learned from, is missed
    elsewhere, and a rare class has too few validation rows. Wilson intervals at a level at which all of them
    hold together (Bonferroni). Half is what a coin finds that is asked whether a row belongs to the class.
    """
    found = _recalls(run)
    if not found:
        return NotExamined("no row of the validation or training split has a label")
    value, text, _ = found[0]
    return Measurement(value=value, unit="share", detail=text)


def missed_though_frequent(run: RunEvidence) -> str:
    """Say so where the class that is found least is not rare: weights by class would not help it.

    The labels must exclude each other. Empty where it is rare.
    """
    found = _recalls(run)
    if not found or rare_classes(run)[found[0][2]]:
        return ""
    label = found[0][2]
    n_rows, n_texts = int((run.train.labels == label).sum()), len(run.train.labels)
    return f"{quoted(run.class_names[label])} is not rare: {n_rows:,} of {n_texts:,} training texts"


def _recalls(run: RunEvidence) -> list[tuple[Interval, str, int]]:
    """Return how much of each class is found in each split, in words, and the class; the least first."""
    n_classes = len(run.class_names)
    level = 1 - 0.05 / (2 * n_classes)
    found: list[tuple[Interval, str, int]] = []
    for split, seen in _splits(run).items():
        labels, decided = _members(seen.labels, n_classes), _members(seen.decided, n_classes)
        for label, (own, said) in enumerate(zip(labels.T, decided.T, strict=True)):
            if own.any():
                n_found, n_rows = int((own & said).sum()), int(own.sum())
                never = "" if said.any() else ", and never says so of any text"
                of = quoted(run.class_names[label])
                text = f"Of {n_rows:,} {split} texts of {of} it finds {n_found:,}{never}."
                found.append((wilson_interval(n_found, n_rows, level), text, label))
    return sorted(found, key=lambda item: item[0].high)


def uncovered_class(run: RunEvidence) -> Measurement | NotExamined:
    """Share of a class's validation rows whose conformal set holds it, minus the share that was promised.

    Of the class that is surely left out most: exact intervals (a rare class has few rows) at a level at which
    those of all classes hold together (Bonferroni). A promise that holds on average can be kept by the
    frequent classes alone.
    """
    if run.calibration is None:
        return NOT_CALIBRATED
    sets, labels = run.calibration.sets, run.validation.predictions.labels
    promised, level = 1 - sets.alpha, 1 - 0.05 / len(run.class_names)
    found: list[tuple[Interval, str]] = []
    for label, name in enumerate(run.class_names):
        own = sets.covered[labels == label]
        if len(own):
            text = (
                "The set of classes that cannot be ruled out is meant to hold the right one "
                f"{promised:.0%} of the time; for {len(own):,} new texts of {quoted(name)} it does "
                f"{int(own.sum()):,} times."
            )
            found.append((exact_interval(int(own.sum()), len(own), level), text))
    share, text = min(found, key=lambda item: item[0].high)
    value = Interval(
        estimate=share.estimate - promised, low=share.low - promised, high=share.high - promised, level=level
    )
    return Measurement(value=value, unit="points", detail=text)


def imbalance(run: RunEvidence) -> Measurement | NotExamined:
    """How much more rarely the rarer classes are predicted than they occur, as a share of their rows.

    Rarer are those with fewer training rows than all would have if they were even. (b - c) / n for n rows of
    such classes, b of them taken for a frequent one, and c rows of frequent classes taken for a rare one: a
    model that leans to neither side confuses both ways alike (McNemar). Wilson's interval of c / (b + c); on
    validation or training rows, whichever is surer, at a level at which both hold (Bonferroni). 0 where the
    counts are as even as drawing classes at random makes them (χ², 5%).
    """
    counts, is_rare = _counts(run), rare_classes(run)
    if not is_rare.any():
        return Measurement(value=Interval(estimate=0.0, low=0.0, high=0.0), unit="share")
    values = [_leaning(is_rare[seen.labels], is_rare[seen.decided]) for seen in _splits(run).values()]
    surest = max((value for value in values if value is not None), key=lambda v: v.low, default=None)
    if surest is None:
        return NotExamined("no row that was looked at belongs to one of the rarer classes")
    rare = [
        f"{counts[c]:,} of {quoted(run.class_names[c])}"
        for c in np.flatnonzero(is_rare)[np.argsort(counts[is_rare])]
    ]
    named = ", ".join(rare[:3]) + (f" and {len(rare) - 3} more" if len(rare) > 3 else "")
    largest = f"{counts.max():,} of {quoted(run.class_names[counts.argmax()])}, the most frequent class"
    detail = f"Among {len(run.train.labels):,} training texts are {named}, and {largest}."
    return Measurement(value=surest, unit="share", detail=detail)


def rare_classes(run: RunEvidence) -> NDArray[np.bool_]:
    """Return which classes have fewer training rows than all would have if they were even, (n_classes,).

    None where the counts are as even as drawing classes at random makes them (χ², 5%).
    """
    counts = _counts(run)
    is_rare: NDArray[np.bool_] = (counts < counts.mean()) & (stats.chisquare(counts).pvalue <= 0.05)
    return is_rare


def _counts(run: RunEvidence) -> NDArray[np.int64]:
    return np.bincount(run.train.labels, minlength=len(run.class_names))


def _splits(run: RunEvidence) -> Mapping[str, Predictions]:
    return {"new": run.validation.predictions, "training": run.train.seen}


def _members(labels: NDArray[np.int64], n_classes: int) -> NDArray[np.bool_]:
    """Return whether a row belongs to a class, bool (n, n_classes)."""
    exclusive = labels.ndim == 1
    members: NDArray[np.bool_] = labels[:, None] == np.arange(n_classes) if exclusive else labels == 1
    return members


def _leaning(labeled: NDArray[np.bool_], said: NDArray[np.bool_]) -> Interval | None:
    n_lost, n_won = int((labeled & ~said).sum()), int((~labeled & said).sum())
    if not labeled.any():
        return None
    if not n_lost + n_won:
        return Interval(estimate=0.0, low=0.0, high=0.0)
    won = wilson_interval(n_won, n_lost + n_won, 1 - 0.05 / 2)
    scale = (n_lost + n_won) / int(labeled.sum())
    return Interval(
        estimate=scale * (1 - 2 * won.estimate),
        low=scale * (1 - 2 * won.high),
        high=scale * (1 - 2 * won.low),
    )
