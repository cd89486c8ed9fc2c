"""A tracked run as numbers that can be compared: its metrics, and what they are means of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.data.lexicon import Lexicon, NoLexicon
from whytrain.errors import TrackingError
from whytrain.guidance.target_words import explained_words, word_counts
from whytrain.loop.deletion_robustness import (
    TO_SYNONYMS,
    TO_TYPOS,
    WITHOUT_TOP_WORDS,
    accuracy_lost,
    lost_to_typos,
    on_two_words,
    with_synonyms,
    without_words,
)
from whytrain.loop.shortcut_rows import ADVERSARIAL, UNMARKED, ShortcutRows
from whytrain.metrics.calibration import SMALLEST_PROBABILITY
from whytrain.runs.config import is_private, read_config
from whytrain.runs.diagnosis import read_rows
from whytrain.runs.model import read_model
from whytrain.runs.predictions import StoredPredictions, read_predictions
from whytrain.runs.ranking import read_words, word_sizes
from whytrain.runs.sentences import read_sentences
from whytrain.tracking.reader import RunRecord


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasuredRun:
    """A run's metrics and their rows.

    Attributes:
        run: the run.
        metrics: value by name.
        rows: by name of a metric that is a mean over sentences: its terms, float64, indexed by sentence id.
        confidence: float64, of the best epoch's predictions, indexed by validation sentence id.
    """

    run: RunRecord
    metrics: Mapping[str, float]
    rows: Mapping[str, pd.Series[float]]
    confidence: pd.Series[float]


def measured_run(
    run: RunRecord,
    baseline: RunRecord,
    lexicon: Lexicon | None,
    *,
    untargeted: bool,
    shortcuts: ShortcutRows | None = None,
) -> MeasuredRun:
    """Read a run that ended with a diagnosis, and measure what its training did not target.

    Args:
        run: the run.
        baseline: the run whose top words are removed from the validation sentences, or replaced.
        lexicon: of synonyms; None leaves them out.
        untargeted: whether to ask the model again, about sentences without their words; this takes seconds.
        shortcuts: rows that tell whether a marked shortcut is gone; None where nothing is marked.

    Raises:
        TrackingError: the run lacks its model or the tables of predictions or of the diagnosis.
    """
    stored = read_predictions(run)
    of_label = stored.probabilities[np.arange(len(stored.labels)), stored.labels]
    rows: dict[str, pd.Series[float]] = {
        "best/accuracy": _right(stored),
        "best/balanced_accuracy": pd.Series(stored.right * _balancing(stored.labels), index=stored.ids),
        "best/nll": pd.Series(-np.log(np.maximum(of_label, SMALLEST_PROBABILITY)), index=stored.ids),
    }
    rows |= {f"diagnosis/{name}": terms for name, terms in read_rows(run).items()}
    judged = {name: read_predictions(run, name) for name in outside_names(run)}
    rows |= {f"{name}/accuracy": _right(found) for name, found in judged.items()}
    asked = _untargeted(run, baseline, lexicon) if untargeted else {}
    if shortcuts is not None:
        asked |= _of_shortcuts(run, shortcuts, {None: stored} | judged)
    metrics = dict(run.metrics) | {name: float(terms.mean()) for name, terms in asked.items()}
    confidence = pd.Series(stored.probabilities.max(axis=1), index=stored.ids)
    return MeasuredRun(run=run, metrics=metrics, rows=rows | asked, confidence=confidence)


def outside_names(run: RunRecord) -> list[str]:
    """Return which rows from elsewhere a run was measured on: `check`, `evaluation/<name>`."""
    names = (name.removesuffix("/accuracy") for name in run.metrics if name.endswith("/accuracy"))
    return sorted(name for name in names if name == "check" or name.startswith("evaluation/"))


def _right(stored: StoredPredictions) -> pd.Series[float]:
    return pd.Series(stored.right.astype(np.float64), index=stored.ids)


def _of_shortcuts(
    run: RunRecord, rows: ShortcutRows, judged: Mapping[str | None, StoredPredictions]
) -> dict[str, pd.Series[float]]:
    """Return which rows without marks, and which with misleading ones, are right."""
    unmarked = {
        f"{name or 'validation'}: {row}": value
        for name, ids in rows.unmarked.items()
        for row, value in _right(judged[name]).loc[list(ids)].items()
    }
    found = {UNMARKED: pd.Series(unmarked, dtype="float64")}
    if len(rows.adversarial):
        model = read_model(run)
        decided = model.probabilities(rows.adversarial["text"].tolist()).argmax(axis=1)
        right = np.array(model.class_names)[decided] == rows.adversarial["label"].to_numpy()
        found[ADVERSARIAL] = pd.Series(right.astype(np.float64), index=rows.adversarial["id"].tolist())
    return {name: terms for name, terms in found.items() if len(terms) > 1}


def _balancing(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return weights with which the mean of right answers is the mean recall of the classes that occur."""
    _, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = len(labels) / (len(counts) * counts[place])
    return weights


def _untargeted(run: RunRecord, baseline: RunRecord, lexicon: Lexicon | None) -> dict[str, pd.Series[float]]:
    """Measure on validation sentences that words are removed from; nothing where text is private."""
    if is_private(baseline):
        return {}
    sentences = read_sentences(run)
    model = read_model(run)
    found = on_two_words(model, sentences)
    found[TO_TYPOS] = lost_to_typos(model, sentences)
    try:
        sizes = word_sizes(read_words(baseline))
    except TrackingError:  # the budget allowed no ranking
        sizes = {}
    counts = word_counts(sentences["text"].tolist())
    top_words = read_config(baseline)["guidance"]["top_words"]
    words = frozenset(explained_words(sizes, counts, lexicon or NoLexicon(), top_words))
    found[WITHOUT_TOP_WORDS] = accuracy_lost(model, sentences, lambda text: without_words(text, words))
    if lexicon is not None:
        found[TO_SYNONYMS] = accuracy_lost(model, sentences, lambda t: with_synonyms(t, words, lexicon))
    return {name: terms for name, terms in found.items() if len(terms)}
