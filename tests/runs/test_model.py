"""What MLflow is told of a model is what the model answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import small_bilstm, wordpiece_tokenizer

from whytrain.calibration.confidence import Confidence, fit_confidence
from whytrain.calibration.label_confidence import LabelConfidence, fit_label_confidence
from whytrain.models.saved import SavedModel
from whytrain.runs.model import as_pyfunc
from whytrain.tasks import TASKS

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(200, 3))
OF_CLASSES = fit_confidence(
    LOGITS,
    RANDOM.integers(0, 3, 200),
    label_smoothing=0.0,
    alpha=0.1,
    class_conditional=False,
    risk=0.1,
    delta=0.1,
)
OF_LABELS = fit_label_confidence(LOGITS, RANDOM.integers(0, 2, (200, 3)), label_smoothing=0.0)


@pytest.mark.parametrize(
    ("task", "confidence", "expected"),
    [
        ("classification", None, {"probability": "double"}),
        (
            "classification",
            OF_CLASSES,
            {"calibrated_probability": "double", "in_set_x": "boolean", "abstain": "boolean"},
        ),
        ("multilabel", None, {"label": "string", "probability_z": "double"}),
        ("multilabel", OF_LABELS, {"calibrated_probability_x": "double"}),
    ],
)
def test_columns_of_an_answer(
    tmp_path: Path, task: str, confidence: Confidence | LabelConfidence | None, expected: dict[str, str]
) -> None:
    model = SavedModel(
        model=small_bilstm(),
        tokenizer=wordpiece_tokenizer(["a", "film"]),
        class_names=("x", "y", "z"),
        max_tokens=8,
        confidence=confidence,
        task=TASKS[task],
    )
    told = as_pyfunc(tmp_path, model)
    assert list(told.outputs) == list(model.predict(["a film"]))
    assert told.outputs["label"] == "string"
    assert model.predict([]).empty
    assert dict(model.predict([]).dtypes) == dict(model.predict(["a film"]).dtypes)
    assert expected.items() <= told.outputs.items()
