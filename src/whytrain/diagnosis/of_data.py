"""Detectors over the data: labels that contradict each other or the models, and splits that leak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whytrain.counted import counted
from whytrain.data.label_names import few_of
from whytrain.data.splits import contradicted
from whytrain.data.words import split_words
from whytrain.diagnosis.evidence import PART, WHOLE, RunEvidence, TrainingRows, ValidationRows
from whytrain.diagnosis.finding import Example, Measurement, NotExamined, Support
from whytrain.presentation.wording import quoted
from whytrain.statistics.intervals import clustered_share, wilson_interval

SHOWN = 8
KNOWN = 0.75  # share of labels that are got right; a coin gets half of two classes


def contradictory_labels(run: RunEvidence) -> Measurement:
    """Share of training rows whose sentence stands in train with another label, too."""
    sentences, labels = run.train.sentences, run.train.labels
    rows = np.flatnonzero(contradicted(sentences, labels)[sentences])
    notes = [f"labeled {quoted(run.class_names[labels[row]])}" for row in rows[:SHOWN]]
    return _share_of_train(run, rows, notes)


def mislabeled(run: RunEvidence) -> Measurement | NotExamined:
    """Share of training rows whose label is probably wrong: several sources say so.

    See `whytrain.influence.mislabeled`. Where the mean of its models gets fewer than 75% of the labels right,
    they know too little to contradict any.
    """
    doubts = run.train.doubts
    if run.train.held_out is None:
        return NotExamined("a class is too rare in train to hold part of it out")
    if doubts is None:
        return NotExamined("it is not known what the network said of every row while it learned it")
    if doubts.knowledge < KNOWN:
        return NotExamined(
            f"list of words and network together get {doubts.knowledge:.0%} of the training labels right; "
            f"below {KNOWN:.0%} their contradiction says nothing about labels"
        )
    rows, names = doubts.listed, run.class_names
    notes = [
        f"labeled {quoted(names[doubts.labels[row]])}, probably {quoted(names[doubts.suggested[row]])}: "
        f"{doubts.agreement[row]} of {len(doubts.doubts)} sources say so"
        for row in rows[:SHOWN].tolist()
    ]
    return _share_of_train(run, rows, notes, _places(run, rows))


def _places(run: RunEvidence, rows: NDArray[np.int64]) -> str:
    """Say how many rows it are, and of which classes."""
    if not len(rows):
        return ""
    counts = np.bincount(run.train.labels[rows], minlength=len(run.class_names))
    named = zip(counts, run.class_names, strict=True)
    told = few_of([f"{n} labeled {quoted(name)}" for n, name in named if n])
    return f"These are {counted(len(rows), 'row')} ({told})."


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
        return quoted(run.class_names[int(labels)])
    return ", ".join(quoted(run.class_names[label]) for label in np.flatnonzero(labels)) or "nothing"


def _share_of_train(
    run: RunEvidence, rows: NDArray[np.int64], notes: list[str], detail: str = ""
) -> Measurement:
    train = run.train
    examples = tuple(_example(train, row, note) for row, note in zip(rows[:SHOWN], notes, strict=True))
    hits = np.zeros(len(train.ids), dtype=np.bool_)
    hits[rows] = True
    return Measurement(
        value=clustered_share(hits, train.groups),
        unit="share",
        detail=detail,
        evidence=Support(sentences=examples),
    )
