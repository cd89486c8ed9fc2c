"""Any Hugging Face sequence classifier as a predict function."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class HuggingFaceClassifier:
    """Adapts `transformers.AutoModelForSequenceClassification` models to `PredictFn`."""

    def __init__(self, module: nn.Module) -> None:
        """Wrap a loaded model; its mode and weights stay the caller's."""
        self.module = module

    @property
    def max_tokens(self) -> int | None:
        """The longest sentence that the model's position embeddings allow; None where it does not say."""
        config: Any = self.module.config
        limit = getattr(config, "max_position_embeddings", None)
        return int(limit) if isinstance(limit, int) and limit > 0 else None

    def __call__(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes); an absent word keeps its attention (mask None: all ones)."""
        attention = torch.ones_like(token_ids) if mask is None else mask.to(token_ids.dtype)
        logits: Tensor = self.module(input_ids=token_ids, attention_mask=attention).logits
        return logits
