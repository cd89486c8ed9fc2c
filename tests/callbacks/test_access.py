"""What the callbacks share at the end of a fit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from whytrain.callbacks import access
from whytrain.types import Predictions


def test_each_split_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def predict(model: str, split: str) -> Predictions:
        asked.append(f"{model} {split}")
        return Predictions(logits=np.zeros((1, 2)), labels=np.array([0]))

    monkeypatch.setattr(access, "predict_split", predict)
    data = SimpleNamespace(encoded=str.upper, corpus=SimpleNamespace(positive=0))
    module: Any = SimpleNamespace(interface="best")
    callbacks = [SimpleNamespace(evidence=None), SimpleNamespace()]
    trainer: Any = SimpleNamespace(callbacks=callbacks, datamodule=data)
    alone = access.best_answers(trainer, module)
    assert alone("train").positive == 0
    assert access.best_answers(trainer, module) is not alone
    callbacks[0].evidence = alone  # as the record of the run publishes it
    shared = access.best_answers(trainer, module)
    assert [shared("train"), shared("validation")] == [alone("train"), alone("validation")]
    assert asked == ["best TRAIN", "best VALIDATION"]
