"""The code of a logged model: MLflow copies this file beside the weights and runs it to load them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # MLflow warns of type hints of its own
    from mlflow.models import set_model
    from mlflow.pyfunc.model import PythonModel, PythonModelContext

from whytrain.attribution.served import explained
from whytrain.models.saved import load_model


class TextClassifier(PythonModel):
    """Texts in; label, probability and the probabilities of all classes out, and on request why."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the weights, the description and the tokenizer."""
        # Who loads this package runs its code anyway.
        self._model = load_model(Path(context.artifacts["model"]), any_class=True)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Classify texts; by the signature MLflow makes a frame of one column of a list or a series, too.

        With `params={"explain": "shapley"}`, or another method of the run, also explain each answer: `words`
        and a score for each in `scores`, which speak for `explained`.
        """
        texts = [str(text) for text in model_input.iloc[:, 0]]
        found = self._model.predict(texts)
        method = (params or {}).get("explain")
        return found.join(explained(self._model, texts, method)) if method else found


set_model(TextClassifier())
