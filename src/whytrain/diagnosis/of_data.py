"""Detectors over the data: labels that contradict each other or the models, and splits that leak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whytrain.data.words import split_words
from whytrain.diagnosis.evidence import PART, WHOLE, RunEvidence, TrainingRows, ValidationRows
from whytrain.diagnosis.finding import Example, Measurement, NotExamined, Support
from whytrain.statistics.intervals import clustered_share, wilson_interval
from whytrain.types import Predictions

SHOWN = 8
LEARNED = 0.9
SAMPLE = 2000  # training rows whose predictions stand for all: a share of 0.9 is then known within 0.013


def contradictory_labels(run: RunEvidence) -> Measurement:
    """Share of training rows whose sentence stands in train with another label, too."""
    sentences, labels = run.train.sentences, run.train.labels
    labeled = np.unique(np.stack([sentences, labels], axis=1), axis=0)
    rows = np.flatnonzero(np.bincount(labeled[:, 0])[sentences] > 1)
    notes = [f"labeled {run.class_names[labels[row]]}" for row in rows[:SHOWN]]
    return _share_of_train(run, rows, notes)


def mislabeled(run: RunEvidence) -> Measurement | NotExamined:
    """Share of training rows whose label is probably wrong: both models are sure of the same other class.

    Confident learning: with t_j the mean probability of class j over rows labeled j, a row confidently
    belongs to j = argmax of p_j over the classes with p_j ≥ t_j. It counts where the floor, which has not
    learned from the row, and the network, which has, confidently see the same class, and not its label. The
    network must have learned 90% of its training sentences, or its contradiction says nothing. It is asked
    about the rows that the floor contradicts; its means, and what it has learned, are those of 2,000 rows.

    References:
        Northcutt, Jiang, Chuang (2021), Confident learning: estimating uncertainty in dataset labels,
        equations 1 and 2.
    """
    labels, held_out = run.train.labels, run.train.held_out
    if held_out is None:
        return NotExamined("a class is too rare in train to hold part of it out")
    usual = run.train.predictions(sampled_rows(len(labels)))
    if not has_learned(usual):
        return NotExamined(
            f"the network gets {_accuracy(usual):.0%} of its own training sentences right; below "
            f"{LEARNED:.0%} its contradiction says nothing about labels"
        )
    confident = confident_classes(held_out, mean_confidence(held_out, labels))
    rows = contradicted_rows(held_out, labels)
    if len(rows):
        thresholds = mean_confidence(usual.probabilities, usual.labels)
        said = confident_classes(run.train.predictions(rows).probabilities, thresholds)
        rows = rows[said == confident[rows]]
    margin = held_out[rows, confident[rows]] - held_out[rows, labels[rows]]
    rows = rows[np.argsort(-margin, kind="stable")]
    names = run.class_names
    notes = [f"labeled {names[labels[row]]}, both models say {names[confident[row]]}" for row in rows[:SHOWN]]
    return _share_of_train(run, rows, notes)


def sampled_rows(n_rows: int) -> NDArray[np.int64]:
    """Return the training rows that stand for all, int64 (at most 2,000,), in the order of their draw."""
    return np.random.default_rng(0).permutation(n_rows)[:SAMPLE]


def has_learned(usual: Predictions) -> bool:
    """Return whether the network gets enough of the rows that stand for all right."""
    return _accuracy(usual) >= LEARNED


def contradicted_rows(held_out: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of which the floor is sure that they belong to another class than their label's."""
    confident = confident_classes(held_out, mean_confidence(held_out, labels))
    return np.flatnonzero((confident >= 0) & (confident != labels))


def _accuracy(predictions: Predictions) -> float:
    return float((predictions.logits.argmax(axis=1) == predictions.labels).mean())


def mean_confidence(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean probability of each class j over rows labeled j: t_j; 1 for a class without rows.

    Args:
        probabilities: float64 (n, n_classes).
        labels: int64 (n,).
    """
    of_class = [probabilities[labels == j, j] for j in range(probabilities.shape[1])]
    return np.array([own.mean() if len(own) else 1.0 for own in of_class])


def confident_classes(
    probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the class that each row confidently belongs to, −1 where there is none.

    Args:
        probabilities: float64 (n, n_classes).
        thresholds: float64 (n_classes,), t_j.

    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.9, 0.1]])
    >>> confident_classes(p, mean_confidence(p, np.array([0, 0, 1, 1]))).tolist()
    [0, -1, 1, 0]
    """
    # Up to rounding: a model that is equally sure of all rows of a class is as sure as their mean.
    reached = np.where(probabilities >= thresholds - 1e-12, probabilities, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)


def leaking_split(run: RunEvidence) -> Measurement:
    """Share of validation rows that train gives away; see `whytrain.diagnosis.gathering.given_away`.

    The examples come in pairs: a validation sentence, and the training sentence that gives it away.
    """
    validation, train = run.validation, run.train
    rows = np.flatnonzero(validation.given_away)
    notes = {WHOLE: "it stands in the training data as it is:", PART: "it shares most of itself with:"}
    examples: list[Example] = []
    for row in rows[: SHOWN // 2]:
        by = validation.given_by[row]
        note = f"to validate on; {notes[int(validation.given_away[row])]}"
        examples.append(_example(validation, row, note))
        examples.append(_example(train, by, f"to learn from, labeled {_labels(run, by)}"))
    return Measurement(
        value=wilson_interval(len(rows), len(validation.ids)),
        unit="share",
        evidence=Support(sentences=tuple(examples)),
    )


def _example(rows: TrainingRows | ValidationRows, row: int, note: str) -> Example:
    words = tuple(split_words(rows.texts[row]))
    return Example(sentence_id=rows.ids[row], words=words, note=note)


def _labels(run: RunEvidence, row: int) -> str:
    labels = run.train.labels[row]
    if np.ndim(labels) == 0:
        return run.class_names[int(labels)]
    return ", ".join(run.class_names[label] for label in np.flatnonzero(labels)) or "nothing"


def _share_of_train(run: RunEvidence, rows: NDArray[np.int64], notes: list[str]) -> Measurement:
    train = run.train
    examples = tuple(_example(train, row, note) for row, note in zip(rows[:SHOWN], notes, strict=True))
    hits = np.zeros(len(train.ids), dtype=np.bool_)
    hits[rows] = True
    return Measurement(
        value=clustered_share(hits, train.groups), unit="share", evidence=Support(sentences=examples)
    )
