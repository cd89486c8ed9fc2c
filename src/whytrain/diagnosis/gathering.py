"""From a corpus and what models say of it to the evidence that detectors look at."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.evidence import ExplanationEvidence
from whytrain.data.containment import containments, number_sentences
from whytrain.data.corpus import Corpus
from whytrain.data.splits import LINKING_WORDS, sentence_groups
from whytrain.data.unread import Unread
from whytrain.data.words import split_words
from whytrain.diagnosis.evidence import (
    PART,
    WHOLE,
    CalibrationEvidence,
    CheckRows,
    HistoryEvidence,
    RunEvidence,
    TokenEvidence,
    TrainingRows,
    ValidationRows,
)
from whytrain.fairness.evidence import FairnessEvidence
from whytrain.robustness.mistyped_rows import right_when_mistyped
from whytrain.shortcuts.evidence import ShortcutEvidence
from whytrain.surrogates.evidence import SurrogateEvidence
from whytrain.types import Predict, Predictions

OVERLAP = 0.5  # share of a validation sentence's words from which a contained training row gives it away


def gather(
    corpus: Corpus,
    *,
    training: Predictions,
    validation: Predictions,
    floor: NDArray[np.int64],
    held_out: NDArray[np.float64] | None,
    two_words: NDArray[np.float64] | None,
    history: HistoryEvidence | None,
    calibration: CalibrationEvidence | None,
    unread: Unread | None,
    explanations: ExplanationEvidence | None,
    surrogate: SurrogateEvidence | None,
    shortcuts: ShortcutEvidence | None = None,
    check: CheckRows | None = None,
    is_marked: bool = False,
    predict_texts: Predict | None = None,
    while_training: NDArray[np.float64] | None = None,
    self_influence: NDArray[np.float64] | None = None,
    fairness: FairnessEvidence | None = None,
) -> RunEvidence:
    """Return the evidence of a run.

    Args:
        corpus: the data.
        training: what the network with its best weights says of the training split.
        validation: of the validation split.
        floor: int64, what the floor decides, in the form of labels.
        held_out: see `TrainingRows`.
        two_words: likewise.
        history: see `RunEvidence`, as the rest.
        calibration: what calibration found.
        unread: what is not seen of the validation sentences.
        explanations: explained training sentences.
        surrogate: the students.
        shortcuts: what the network leans on.
        check: the check sample.
        is_marked: whether words were marked that must not decide.
        predict_texts: asks the network about texts of no split; None: it cannot be asked.
        while_training: see `TrainingRows`.
        self_influence: likewise.
        fairness: what identity terms do, and how groups of rows fare.
    """
    train = corpus.train
    away, by = given_away(corpus.validation.texts, train.texts)
    return RunEvidence(
        class_names=corpus.class_names,
        train=TrainingRows(
            ids=train.ids,
            texts=train.texts,
            labels=train.labels,
            sentences=number_sentences(train.texts)[0],
            groups=sentence_groups(train.texts),
            held_out=held_out,
            two_words=two_words,
            logits=training.logits,
            while_training=while_training,
            self_influence=self_influence,
        ),
        validation=ValidationRows(
            ids=corpus.validation.ids,
            texts=corpus.validation.texts,
            predictions=validation,
            floor=floor,
            given_away=away,
            given_by=by,
            right_mistyped=None
            if predict_texts is None or not validation.exclusive
            else right_when_mistyped(predict_texts, corpus.validation.texts, validation.labels),
        ),
        history=history,
        calibration=calibration,
        tokens=None if unread is None else TokenEvidence(validation=unread, new_words=new_words(train.texts)),
        explanations=explanations,
        surrogate=surrogate,
        shortcuts=shortcuts,
        check=check,
        is_marked=is_marked,
        fairness=fairness,
    )


def new_words(texts: list[str]) -> float:
    """Return about which share of the words of new texts a list of these texts' words misses: N₁ / N.

    Words are in lower case; N₁ of N stand there once (Good and Turing). 1 without words.

    >>> new_words(["a fine film", "A dull film"])
    0.3333333333333333
    """
    counts = Counter(word.lower() for text in texts for word in split_words(text))
    return sum(n == 1 for n in counts.values()) / counts.total() if counts else 1.0


def given_away(validation: list[str], train: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say which validation sentences train gives away, and by which row.

    A sentence that stands in train; or that has at least 3 words and stands inside a longer row; or that
    contains a training row of at least 3 words and half of its own. On word boundaries; see `same_text` for
    what makes no difference.

    Returns:
        Both int64 (n_validation,): see `ValidationRows.given_away` and `given_by`.
    """
    n, texts = len(validation), validation + train
    found = containments(texts)
    n_sentences = found.sentence.max(initial=-1) + 1
    row_of = np.full(n_sentences, -1)  # of train; the first of equals
    row_of[found.sentence[n:][::-1]] = np.arange(len(train))[::-1]
    is_train = row_of >= 0
    first = np.unique(found.sentence, return_index=True)[1]
    lengths = np.array([len(split_words(texts[row])) for row in first])
    partner = np.full(n_sentences, -1)
    inner = lengths[found.inner]
    telling = is_train[found.inner] & (inner >= LINKING_WORDS) & (inner >= OVERLAP * lengths[found.outer])
    partner[found.outer[telling]] = row_of[found.inner[telling]]
    inside = is_train[found.outer] & (inner >= LINKING_WORDS)
    partner[found.inner[inside]] = row_of[found.outer[inside]]
    kind = np.where(is_train, WHOLE, np.where(partner >= 0, PART, 0))
    by = np.where(is_train, row_of, partner)
    return kind[found.sentence[:n]], by[found.sentence[:n]]
