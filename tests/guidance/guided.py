"""What tests of guidance share: settings with everything off, and sentences as training rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whytrain.data.encoded import encode_texts
from whytrain.data.tokenization import Tokenizer
from whytrain.guidance import GuidanceSettings, TrainingRows


def guidance_settings(**changes: Any) -> GuidanceSettings:
    """Settings with which nothing is done, with changes."""
    values: dict[str, Any] = {
        "run": None,
        "marks": None,
        "targets": "explained",
        "top_words": 100,
        "mask": 0.0,
        "replace": 0.0,
        "synonyms": 0.0,
        "upweight": 1.0,
        "upweight_errors": 1.0,
        "swap": 0.0,
        "swap_order": 0.0,
        "delete": 0.0,
        "counterfactuals": 0,
        "input_gradient": 0.0,
        "reweight": False,
        "typos": 0.0,
        "rare_words": 0,
    }
    return GuidanceSettings(**values | changes)


def training_rows(
    tokenizer: Tokenizer, texts: Sequence[str], labels: Sequence[int] | None = None
) -> TrainingRows:
    """Rows id0, id1, … of two classes; all of the first without labels."""
    given = np.array(labels if labels is not None else [0] * len(texts), dtype=np.int64)
    return TrainingRows(
        ids=[f"id{i}" for i in range(len(texts))],
        texts=list(texts),
        encoded=encode_texts(list(texts), given, tokenizer, 32),
        tokenizer=tokenizer,
        max_tokens=32,
        n_classes=2,
    )
