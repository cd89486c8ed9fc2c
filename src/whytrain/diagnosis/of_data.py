"""Detectors over the data: labels that contradict each other or the models, and splits that leak."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from whytrain.data.containment import containments
from whytrain.data.splits import LINKING_WORDS
from whytrain.data.words import normalize_whitespace, split_words
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Evidence, Example, Measurement, NotExamined
from whytrain.statistics.intervals import clustered_share, wilson_interval

SHOWN = 8
LEARNED = 0.9
SAMPLE = 2000  # training rows whose predictions stand for all: a share of 0.9 is then known within 0.013
OVERLAP = 0.5  # share of a validation sentence's words from which a contained training row gives it away


def contradictory_labels(run: RunEvidence) -> Measurement:
    """Share of training rows whose sentence stands in train with another label, too."""
    train = run.corpus.train
    labels_of: defaultdict[str, set[int]] = defaultdict(set)
    texts = [normalize_whitespace(text) for text in train.texts]
    for text, label in zip(texts, train.labels.tolist(), strict=True):
        labels_of[text].add(label)
    rows = np.array([row for row, text in enumerate(texts) if len(labels_of[text]) > 1], dtype=np.int64)
    notes = [f"labeled {run.corpus.class_names[train.labels[row]]}" for row in rows[:SHOWN]]
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
    labels = run.corpus.train.labels
    if run.held_out is None:
        return NotExamined("a class is too rare in train to hold part of it out")
    sample = np.random.default_rng(0).permutation(len(labels))[:SAMPLE]
    usual = run.predict_train(sample)
    learned = float((usual.logits.argmax(axis=1) == usual.labels).mean())
    if learned < LEARNED:
        return NotExamined(
            f"the network gets {learned:.0%} of its own training sentences right; below {LEARNED:.0%} its "
            "contradiction says nothing about labels"
        )
    confident = confident_classes(run.held_out, mean_confidence(run.held_out, labels))
    rows = np.flatnonzero((confident >= 0) & (confident != labels))
    if len(rows):
        thresholds = mean_confidence(usual.probabilities, usual.labels)
        rows = rows[confident_classes(run.predict_train(rows).probabilities, thresholds) == confident[rows]]
    margin = run.held_out[rows, confident[rows]] - run.held_out[rows, labels[rows]]
    rows = rows[np.argsort(-margin, kind="stable")]
    names = run.corpus.class_names
    notes = [f"labeled {names[labels[row]]}, both models say {names[confident[row]]}" for row in rows[:SHOWN]]
    return _share_of_train(run, rows, notes)


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
    """Share of validation rows that train gives away.

    A row whose sentence stands in train, whole or inside a longer row, or that contains a training row of
    at least 3 words and half of its own; on word boundaries, whitespace aside.
    """
    validation, train = run.corpus.validation, run.corpus.train
    n = len(validation)
    found = containments(validation.texts + train.texts)
    sentence = found.sentence
    is_train = np.zeros(sentence.max() + 1, dtype=bool)
    is_train[sentence[n:]] = True
    texts = validation.texts + train.texts
    first = np.unique(sentence, return_index=True)[1]
    lengths = np.array([len(split_words(texts[row])) for row in first])
    given_away = is_train.copy()
    given_away[found.inner[is_train[found.outer]]] = True
    inner = lengths[found.inner]
    telling = is_train[found.inner] & (inner >= LINKING_WORDS) & (inner >= OVERLAP * lengths[found.outer])
    given_away[found.outer[telling]] = True
    rows = np.flatnonzero(given_away[sentence[:n]])
    examples = tuple(
        Example(
            validation.ids[row],
            tuple(split_words(validation.texts[row])),
            "stands in train as it is" if is_train[sentence[row]] else "shares most of itself with train",
        )
        for row in rows[:SHOWN]
    )
    return Measurement(wilson_interval(len(rows), n), "share", Evidence(examples))


def _share_of_train(run: RunEvidence, rows: NDArray[np.int64], notes: list[str]) -> Measurement:
    train = run.corpus.train
    examples = tuple(
        Example(train.ids[row], tuple(split_words(train.texts[row])), note)
        for row, note in zip(rows[:SHOWN], notes, strict=True)
    )
    hits = np.zeros(len(train), dtype=np.bool_)
    hits[rows] = True
    return Measurement(clustered_share(hits, run.train_groups), "share", Evidence(examples))
