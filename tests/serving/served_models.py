"""A small model that is served, and how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from small import bilstm_arguments, small_bilstm, wordpiece_tokenizer

from whytrain.audit.answers import fingerprint
from whytrain.calibration.confidence import fit_confidence
from whytrain.models.saved import SavedModel
from whytrain.serving.settings import ServeSettings

ARGUMENTS = bilstm_arguments(vocabulary_size=8, n_classes=2)
SHAPLEY = {
    "_target_": "whytrain.attribution.shapley.explainer.Shapley",
    "absences": None,
    "exact_words": 6,
    "budget": 500,
}


def small_model(seed: int = 0) -> SavedModel:
    draw = np.random.default_rng(0)
    return SavedModel(
        model=small_bilstm(seed=seed, **ARGUMENTS).eval(),
        tokenizer=wordpiece_tokenizer(["good", "bad", "film"]),
        class_names=("neg", "pos"),
        max_tokens=16,
        confidence=fit_confidence(
            draw.normal(size=(200, 2)),
            draw.integers(0, 2, 200),
            label_smoothing=0.0,
            alpha=0.1,
            class_conditional=False,
            risk=0.1,
            delta=0.1,
        ),
        explainers={"shapley": SHAPLEY},
    )


def settings_of(folder: Path, record: Path | None, **changes: Any) -> ServeSettings:
    settings = ServeSettings(
        folder=str(folder),
        identity={"run": "r" * 32, "version": None, "fingerprint": fingerprint(folder)},
        with_text=True,
        address=None,
        tracking_uri="sqlite:///nowhere.db",
        check_every=1.0,
        trusted=(),
        record=None if record is None else str(record),
        traces=None,
        device="cpu",
        threads=1,
        hosts=("testserver", "localhost"),
        max_texts=4,
        max_characters=1000,
        max_words=100,
        timeout=30.0,
        method=None,
        seed=0,
    )
    return replace(settings, **changes)
