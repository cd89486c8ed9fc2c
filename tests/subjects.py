"""A small model with random weights, as analyses see it."""

from __future__ import annotations

import numpy as np
import torch
from small import bilstm_arguments, wordpiece_tokenizer

from whytrain.analyses.subject import Subject
from whytrain.data.corpus import Split
from whytrain.models.bilstm import BiLSTM
from whytrain.models.saved import SavedModel

WORDS = ["the", "film", "plot", "story", "good", "great", "dull", "boring", "is", "was", "a", "very", "not"]


def subject(*, text: str | None = None, class_names: tuple[str, ...] = ("negative", "positive")) -> Subject:
    """Return a BiLSTM that learned nothing, and forty sentences of its words, labeled at random."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(3, 7))) for _ in range(40)]
    labels = rng.integers(0, len(class_names), 40)
    rows = Split(ids=[f"row-{i}" for i in range(40)], texts=texts, labels=labels, human=None, columns={})
    torch.manual_seed(1)
    model = BiLSTM(**bilstm_arguments(n_classes=len(class_names)))
    with torch.no_grad():
        for weight in model.parameters():  # far from 0, so that words decide
            weight.mul_(4.0)
    saved = SavedModel(
        model=model.eval(), tokenizer=wordpiece_tokenizer(WORDS), class_names=class_names, max_tokens=16
    )
    return Subject(saved=saved, train=rows, validation=rows, seed=0, level=0.95, text=text)
