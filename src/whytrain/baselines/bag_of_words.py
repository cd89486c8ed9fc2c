"""The floor that a network must beat: a bag of words and bigrams under logistic regression, one per label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from whytrain.baselines.comparable import answered_right
from whytrain.data.cache import remembered
from whytrain.data.corpus import Corpus
from whytrain.data.outside import outside_fingerprint
from whytrain.data.splits import sentence_groups
from whytrain.data.words import split_words

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import Pipeline

N_FOLDS = 3


class FloorAnswers(NamedTuple):
    """What the floor decides, in the form of labels.

    Attributes:
        validation: int64, of the validation sentences.
        check: of the check sample; None without one.
    """

    validation: NDArray[np.int64]
    check: NDArray[np.int64] | None


def floor_accuracies(corpus: Corpus, cache_directory: Path) -> dict[str, float]:
    """Return the accuracy of the floor on `validation` and, where there is one, the `check` sample.

    It is TF-IDF of words and bigrams with logistic regression, trained on the train split. Tokens are what
    the sentences' own spaces separate, single characters of CJK text by themselves, so that punctuation
    counts and text without spaces works.

    Args:
        corpus: trained on its train split.
        cache_directory: where the predictions are kept, under the corpus's fingerprint.

    Returns:
        Share of sentences classified right (of label sets: wholly right), in [0, 1].

    References:
        Wang, Manning (2012), Baselines and bigrams: simple, good sentiment and topic classification.
    """
    answers = floor_predictions(corpus, cache_directory)
    found = {"validation": answered_right(answers.validation, corpus.validation.labels)}
    if corpus.check is not None and answers.check is not None:
        found["check"] = answered_right(answers.check, corpus.check.labels)
    return {name: float(right.mean()) for name, right in found.items()}


def floor_predictions(corpus: Corpus, cache_directory: Path) -> FloorAnswers:
    """Return the floor's answers; see `floor_accuracies`."""
    check = corpus.check
    name = corpus.fingerprint + ("" if check is None else f"-{outside_fingerprint(check)}")
    answers = remembered(
        cache_directory / "floor" / f"{name}.json",
        read=lambda path: _read(path, len(corpus.validation) + (0 if check is None else len(check))),
        make=lambda: _predictions(corpus),
        write=_write,
    )
    validation, further = np.split(answers, [len(corpus.validation)])
    return FloorAnswers(validation, None if check is None else further)


def held_out_probabilities(corpus: Corpus, cache_directory: Path) -> NDArray[np.float64] | None:
    """Return the floor's probabilities for training sentences that it did not learn from.

    Grouped cross-validation in 3 folds: a sentence and those that contain it are held out together.

    Args:
        corpus: its train split.
        cache_directory: where the probabilities are kept, under the corpus's fingerprint.

    Returns:
        float64 (n_train, n_classes); None where some fold leaves a class without training rows, and for
        label sets.
    """
    kept = remembered(
        cache_directory / "floor" / f"{corpus.fingerprint}-held-out.npz",
        read=_read_probabilities,
        make=lambda: held_out_answers(
            corpus.train.texts, corpus.train.labels, len(corpus.class_names) if corpus.task.exclusive else 0
        ),
        write=lambda path, values: np.savez(path, values=values),
    )
    return kept if len(kept) else None


def floor_two_words(corpus: Corpus, cache_directory: Path) -> NDArray[np.float64] | None:
    """Return how much of what the floor reads in a training sentence lies in two words: what words need.

    A word's part is its weight times its value, and half of that of the bigrams that it is in (their Shapley
    values in the log-odds of the sentence's class, lengths aside); the share is of Σ|part|, in the two words
    with the largest.

    Args:
        corpus: its train split.
        cache_directory: where the shares are kept, under the corpus's fingerprint.

    Returns:
        float64 (n_train,), NaN where no word says anything; None for label sets.
    """
    if not corpus.task.exclusive:
        return None
    return remembered(
        cache_directory / "floor" / f"{corpus.fingerprint}-two-words.npz",
        read=_read_probabilities,
        make=lambda: _two_words(corpus),
        write=lambda path, values: np.savez(path, values=values),
    )


def _two_words(corpus: Corpus) -> NDArray[np.float64]:
    texts, labels = corpus.train.texts, corpus.train.labels
    floor = _floor(len(corpus.class_names))
    floor.fit(texts, labels)
    values, regression = floor[0].transform(texts), floor[-1]
    shares = np.full(len(texts), np.nan)
    words = _words_of_features(floor[0].get_feature_names_out())
    for index, label in enumerate(regression.classes_):
        own = np.flatnonzero(labels == label)
        weights = regression.coef_[index % len(regression.coef_)]  # two classes share one row of them
        parts = sparse.csr_array(values[own].multiply(weights)) @ words
        for row, begin, end in zip(own, parts.indptr[:-1], parts.indptr[1:], strict=True):
            sizes = np.sort(np.abs(parts.data[begin:end]))
            if sizes.sum() > 0:
                shares[row] = sizes[-2:].sum() / sizes.sum()
    return shares


def _words_of_features(names: Sequence[str]) -> sparse.csr_array:
    """Return which part of a feature, a word or a bigram, belongs to which word, (n_features, n_words)."""
    column: dict[str, int] = {}
    entries = [
        (feature, column.setdefault(word, len(column)), 1 / (1 + name.count(" ")))
        for feature, name in enumerate(names)
        for word in name.split(" ")
    ]
    rows, columns, parts = zip(*entries, strict=True)
    return sparse.csr_array((parts, (rows, columns)), shape=(len(names), len(column)))


def _floor(n_classes: int) -> Pipeline:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    regression = LogisticRegression(C=10, solver="liblinear" if n_classes == 2 else "lbfgs")
    return make_pipeline(_words(), regression)


def _words() -> TfidfVectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(tokenizer=split_words, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)


def _predictions(corpus: Corpus) -> NDArray[np.int64]:
    """Return the answers to the validation sentences, then those to the check sample."""
    asked = corpus.validation.texts + ([] if corpus.check is None else corpus.check.texts)
    if not corpus.task.exclusive:
        return _label_predictions(corpus, asked)
    floor = _floor(len(corpus.class_names))
    floor.fit(corpus.train.texts, corpus.train.labels)
    predicted: NDArray[np.int64] = floor.predict(asked)
    return predicted


def _label_predictions(corpus: Corpus, asked: list[str]) -> NDArray[np.int64]:
    """Answer one question per label, each with a regression of its own; a constant one where train is."""
    from sklearn.linear_model import LogisticRegression

    words, labels = _words(), corpus.train.labels
    train, values = words.fit_transform(corpus.train.texts), words.transform(asked)
    predicted = np.empty((len(asked), labels.shape[1]), dtype=np.int64)
    for k, column in enumerate(labels.T):
        if column.min() == column.max():
            predicted[:, k] = column[0]
        else:
            regression = LogisticRegression(C=10, solver="liblinear").fit(train, column)
            predicted[:, k] = regression.predict(values)
    return predicted


def held_out_answers(texts: list[str], labels: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Return the floor's probabilities for rows that it did not learn from; see `held_out_probabilities`.

    Args:
        texts: n sentences.
        labels: int64 (n,), class indices.
        n_classes: number of classes; 0 where they do not exclude each other.

    Returns:
        float64 (n, n_classes); no rows where a fold cannot be learned.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    values = np.empty((len(texts), n_classes))
    if n_classes == 0 or np.bincount(labels, minlength=n_classes).min() < N_FOLDS:
        return values[:0]
    groups = sentence_groups(texts)
    if groups.max() + 1 < N_FOLDS:
        return values[:0]
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=0)
    for train, held_out in folds.split(texts, labels, groups):
        if len(np.unique(labels[train])) < n_classes:
            return values[:0]
        floor = _floor(n_classes)
        floor.fit([texts[row] for row in train], labels[train])
        values[held_out] = floor.predict_proba([texts[row] for row in held_out])
    return values


def _read(path: Path, n_rows: int) -> NDArray[np.int64] | None:
    try:
        predicted = np.array(json.loads(path.read_text("utf-8"))["predicted"], dtype=np.int64)
    except (OSError, ValueError, KeyError):  # none yet, or a damaged one
        return None
    return predicted if len(predicted) == n_rows else None


def _write(path: Path, predicted: NDArray[np.int64]) -> None:
    path.write_text(json.dumps({"predicted": predicted.tolist()}), "utf-8")


def _read_probabilities(path: Path) -> NDArray[np.float64] | None:
    try:
        with np.load(path) as stored:
            values: NDArray[np.float64] = stored["values"]
            return values
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
