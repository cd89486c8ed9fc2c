"""A model before and after it went on learning, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from scipy.stats import spearmanr

from whytrain.metrics import accuracy_for
from whytrain.statistics.intervals import Interval
from whytrain.statistics.paired_bootstrap import paired_bootstrap
from whytrain.types import Predictions

_FEWEST = 10  # words of which a rank correlation is told
_MOST = 5  # words that are named on each side


@dataclass(frozen=True, kw_only=True)
class Change:
    """Accuracy on some rows, before and after.

    Attributes:
        n_rows: how many.
        before: share that was right before.
        after: share that is right now.
        difference: after minus before, with the 95% interval of a paired bootstrap.
    """

    n_rows: int
    before: float
    after: float
    difference: Interval


@dataclass(frozen=True, kw_only=True)
class ReasonsMoved:
    """How the ranking of words moved.

    Attributes:
        n_words: words that both rankings hold.
        correlation: Spearman's, of their scores; of several classes over all of them.
        gained: words whose scores grew most in size, from the most.
        lost: words whose scores shrank most in size, from the most.
    """

    n_words: int
    correlation: float
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Continued:
    """What a run that went on from another did.

    Attributes:
        earlier: name of the run that it started from.
        changes: by what the rows are: `new`, `old`.
        reasons: how the words' values moved; None where one of the runs ranked no words, or too few are in
            both.
    """

    earlier: str
    changes: Mapping[str, Change]
    reasons: ReasonsMoved | None


def change(before: Predictions, after: Predictions, seed: int) -> Change:
    """Compare predictions of the same rows.

    Args:
        before: of the earlier weights.
        after: of the later ones.
        seed: of the resampling.
    """
    accuracy = accuracy_for(before.labels)
    found = paired_bootstrap(
        before.probabilities, after.probabilities, before.labels, metrics=[accuracy], seed=seed
    ).differences[0]
    return Change(
        n_rows=len(before.labels),
        before=float(found.value_a),
        after=float(found.value_b),
        difference=found.difference,
    )


def reasons_moved(before: pd.DataFrame, after: pd.DataFrame) -> ReasonsMoved | None:
    """Compare rankings of words, see `whytrain.attribution.tables.word_table`; both in clear or both hashed.

    Returns:
        None where fewer than ten words are in both.
    """
    keys = ["word", "class"]
    both = before.merge(after, on=keys, suffixes=("_before", "_after"))
    if len(both) < _FEWEST:
        return None
    correlation = float(spearmanr(both["score_before"], both["score_after"]).statistic)
    growth = both["score_after"].abs() - both["score_before"].abs()
    grown = both.assign(growth=growth).sort_values("growth", kind="stable")
    lost = grown.loc[grown["growth"] < 0, "word"].drop_duplicates()[:_MOST]
    gained = grown.loc[grown["growth"] > 0, "word"][::-1].drop_duplicates()[:_MOST]
    return ReasonsMoved(n_words=len(both), correlation=correlation, gained=tuple(gained), lost=tuple(lost))
