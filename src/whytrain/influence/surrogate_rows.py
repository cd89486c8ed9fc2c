"""Which sentences a readable surrogate rests on: those that alone would move what it says of the network."""

from __future__ import annotations

import pandas as pd

from whytrain.data.corpus import Split
from whytrain.influence.cooks_distance import logistic_influence
from whytrain.surrogates.fitting import Answered, FittedSurrogate, SurrogateSettings
from whytrain.surrogates.surrogates import targets

_MOST_PARAMETERS = 3000  # a matrix of their square is inverted: seconds


def surrogate_rows(
    fit: FittedSurrogate, train: Answered, settings: SurrogateSettings, sentences: Split
) -> pd.DataFrame:
    """Return leverage and Cook's distance of the sentences that a logistic surrogate learned from.

    Args:
        fit: a logistic surrogate of these sentences alone.
        train: what the network says of them.
        settings: how it learned.
        sentences: their ids and texts.

    Returns:
        One row each: `id`, `text`, `leverage`, `cooks_distance`, the largest distance first
        (`whytrain.influence.cooks_distance`); none where the surrogate has too many parameters.
    """
    columns = ["id", "text", "leverage", "cooks_distance"]
    surrogate = fit.surrogate
    if surrogate.coefficients.size + len(surrogate.coefficients) > _MOST_PARAMETERS:
        return pd.DataFrame(columns=columns)
    n = len(sentences)
    taught = targets(
        train.labels[:n], train.logits[:n], alpha=settings.alpha, temperature=settings.temperature
    )
    found = logistic_influence(
        surrogate.inputs(fit.train),
        surrogate.coefficients,
        surrogate.estimator.intercept_,
        taught[:, surrogate.estimator.classes_],
        1 / surrogate.strength,
    )
    values = (sentences.ids, sentences.texts, found.leverage, found.cooks_distance)
    table = pd.DataFrame(dict(zip(columns, values, strict=True)))
    return table.sort_values("cooks_distance", ascending=False, kind="stable", ignore_index=True)
