"""A classifier as MLflow serves it: texts in, answers out, and on request why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from whytrain.attribution.explainer import make_explainer
from whytrain.attribution.text import TextExplainer
from whytrain.data.words import split_words
from whytrain.errors import ConfigError
from whytrain.models.device import device_named
from whytrain.models.saved import SavedModel, load_model


class ServedClassifier:
    """Answers texts in the form that MLflow's `pyfunc` asks for."""

    def __init__(self, saved: SavedModel) -> None:
        """Store the classifier."""
        self._saved = saved

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Classify texts.

        Args:
            model_input: n texts in one column; by the signature MLflow makes it of a list or a series, too.
            params: `{"explain": "shapley"}`, or another method of the run, also explains each answer.

        Returns:
            n rows: the columns of `SavedModel.predict`, and with `explain` those of `explained`.
        """
        texts = [str(text) for text in model_input.iloc[:, 0]]
        answers = self._saved.predict(texts)
        method = (params or {}).get("explain")
        return answers.join(explained(self._saved, texts, method)) if method else answers


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
        n rows: `explained` (the class, or label, that the scores speak for), `words` and `scores` (lists);
        nulls for a text without words.

    Raises:
        ConfigError: the model has no such method.
    """
    if method not in saved.explainers:
        raise ConfigError(
            f"explain={method}: the model's run had no such method; choices: "
            f"{', '.join(saved.explainers) or 'none'} (explainer=[{method}] in training adds it)"
        )
    made = make_explainer(saved.explainers[method])
    explainer = TextExplainer(saved, [made.first_variant(saved.interface)], payoff="log_odds", seed=0)
    rows = [_row(explainer, text) for text in texts]
    return pd.DataFrame(rows, columns=["explained", "words", "scores"])


def _row(explainer: TextExplainer, text: str) -> tuple[str | None, list[str] | None, list[float] | None]:
    if not split_words(text):
        return None, None, None
    found = explainer(text).explanations[0].attribution
    return found.target.name, list(found.words), found.scores.tolist()
