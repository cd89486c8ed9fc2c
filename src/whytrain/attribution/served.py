"""A classifier as MLflow serves it: texts in, answers out, and on request why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.explainer import make_explainer
from whytrain.attribution.served_texts import text_column
from whytrain.attribution.text import ScoredText, TextExplainer
from whytrain.data.words import split_words
from whytrain.errors import ConfigError, DataError
from whytrain.models.device import device_named
from whytrain.models.saved import SavedModel, load_model


class ServedClassifier:
    """Answers texts in the form that MLflow's `pyfunc` asks for."""

    def __init__(self, saved: SavedModel) -> None:
        """Store the classifier."""
        self._saved = saved

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Classify texts.

        Args:
            model_input: n texts in one of the forms of `text_column`.
            params: `{"explain": "shapley"}`, or another method of the run, also explains each answer.

        Returns:
            n rows with the index of the input: the columns of `SavedModel.predict`, and with `explain` those
            of `explained`; nulls where the text is missing, or has no words.

        Raises:
            DataError: see `text_column`.
            ConfigError: see `explained`.
        """
        column = text_column(model_input)
        given = np.flatnonzero([text is not None and bool(split_words(text)) for text in column])
        texts = column.iloc[given].tolist()
        answers = self._saved.predict(texts)
        method = (params or {}).get("explain")
        if method:
            answers = answers.join(explained(self._saved, texts, method))
        if len(given) < len(column):
            answers = _spread(answers, given, len(column))
        return answers.set_axis(column.index)


def _load_pyfunc(folder: str) -> ServedClassifier:
    """Read what `save_model` wrote; MLflow calls this function of a logged model's loader by its name."""
    # Who loads the package runs its code anyway, so its class may be any.
    return ServedClassifier(load_model(Path(folder), any_class=True, device=device_named("auto")))


def explained(saved: SavedModel, texts: Sequence[str], method: str) -> pd.DataFrame:
    """Explain answers by the first variant of a method.

    Args:
        saved: the model; its folder says which methods it has, and their settings.
        texts: n texts.
        method: name of one of them.

    Returns:
        n rows: `explained` (the class, or label, that the scores speak for), `words` and `scores` (lists).

    Raises:
        ConfigError: the model has no such method.
        DataError: a text has too many characters, or no words.
    """
    if method not in saved.explainers:
        raise ConfigError(
            f"explain={method}: the model's run had no such method; choices: "
            f"{', '.join(saved.explainers) or 'none'} (explainer=[{method}] in training adds it)"
        )
    made = make_explainer(saved.explainers[method])
    explainer = TextExplainer(saved, [made.first_variant(saved.interface)], payoff="log_odds", seed=0)
    rows = map(_row, explainer.score(texts))
    return pd.DataFrame(rows, columns=["explained", "words", "scores"], dtype=object)


def _spread(answers: pd.DataFrame, rows: NDArray[np.intp], n_rows: int) -> pd.DataFrame:
    """Put answers into their rows of `n_rows`; the others hold NaN in columns of numbers, otherwise None."""
    spread = answers.set_axis(rows).reindex(range(n_rows))
    for name, column in spread.items():
        if column.dtype != np.float64:
            spread[name] = column.astype(object).where(column.notna(), None)
    return spread


def _row(found: ScoredText | DataError) -> tuple[str, list[str], list[float]]:
    if isinstance(found, DataError):
        raise found
    scored = found.attributions[0]
    return scored.target.name, list(scored.words), scored.scores.tolist()
