"""The floor that a network must beat: a bag of words and bigrams under logistic regression."""

from __future__ import annotations

import json
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from whytrain.data.cache import remembered
from whytrain.data.corpus import Corpus
from whytrain.data.words import split_words


def floor_accuracy(corpus: Corpus, cache_directory: Path) -> float:
    """Validation accuracy of TF-IDF of words and bigrams with logistic regression, on the same split.

    Tokens are what the sentences' own spaces separate, single characters of CJK text by themselves, so
    that punctuation counts and text without spaces works.

    Args:
        corpus: trained on its train split, scored on its validation split.
        cache_directory: where the number is kept, under the corpus's fingerprint.

    Returns:
        Share of validation sentences classified right, in [0, 1].

    References:
        Wang, Manning (2012), Baselines and bigrams: simple, good sentiment and topic classification.
    """
    return remembered(
        cache_directory / "floor" / f"{corpus.fingerprint}.json",
        read=_read,
        make=lambda: _accuracy(corpus),
        write=_write,
    )


def _read(path: Path) -> float | None:
    try:
        return float(json.loads(path.read_text("utf-8"))["accuracy"])
    except (OSError, ValueError, KeyError):  # none yet, or a damaged one
        return None


def _write(path: Path, accuracy: float) -> None:
    path.write_text(json.dumps({"accuracy": accuracy}), "utf-8")


def _accuracy(corpus: Corpus) -> float:
    floor = make_pipeline(
        TfidfVectorizer(tokenizer=split_words, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10, solver="liblinear" if len(corpus.class_names) == 2 else "lbfgs"),
    )
    floor.fit(corpus.train.texts, corpus.train.labels)
    return float(floor.score(corpus.validation.texts, corpus.validation.labels))
