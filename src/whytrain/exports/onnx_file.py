"""A small model as an ONNX file, with the tokenizer and what else its answers need beside it."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from whytrain.errors import ConfigError, WhytrainError
from whytrain.models.interface import export_form_of
from whytrain.models.saved import SavedModel

FILE = "model.onnx"
TOLERANCE = 1e-5  # of logits; float32 in another order of addition
_OPERATORS = 17  # of ONNX, which all runtimes since 2022 know
_SENTENCES = ((1, 1), (1, 9), (5, 14))  # batches that are compared: sentences, tokens of the longest


def save_onnx(saved: SavedModel, folder: Path, card: str) -> float:
    """Write model.onnx, tokenizer.json, config.json and a card, and compare the file with the model.

    The file takes `token_ids` (int64) and `mask` (bool; false: padding), both (batch, n_tokens), and answers
    `logits` (batch, n_classes), without temperature.

    Args:
        saved: a classifier whose `export_form` is `onnx`.
        folder: where to; it is made.
        card: its README, see `model_card`.

    Returns:
        The largest difference between the logits of the model and those that onnxruntime computes.

    Raises:
        ConfigError: it is another kind of model.
        WhytrainError: the file does not compute what the model computes.
    """
    if export_form_of(saved.model) != "onnx":
        raise ConfigError(
            f"format=onnx is for BiLSTMs; this model is a {type(saved.model).__name__}: format=huggingface, "
            "whose folder optimum-cli turns into ONNX"
        )
    folder.mkdir(parents=True, exist_ok=True)
    model = _traceable(saved.model)
    ids = torch.full((2, 3), saved.tokenizer.padding_id)
    axes = {"token_ids": {0: "batch", 1: "n_tokens"}, "mask": {0: "batch", 1: "n_tokens"}}
    with warnings.catch_warnings():  # of the tracer, about asserts and about the other exporter
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (ids, torch.tensor([[True, True, False], [True, True, True]])),
            str(folder / FILE),
            # The other exporter unrolls the recurrence: its file reads one length only.
            dynamo=False,
            opset_version=_OPERATORS,
            input_names=list(axes),
            output_names=["logits"],
            dynamic_axes=axes | {"logits": {0: "batch"}},
        )
    saved.tokenizer.save(folder)
    (folder / "config.json").write_text(
        json.dumps(_description(saved), ensure_ascii=False, indent=1), "utf-8"
    )
    (folder / "README.md").write_text(card, "utf-8")
    difference = _difference(saved, folder / FILE)
    if difference > TOLERANCE:
        raise WhytrainError(f"{folder / FILE} computes other logits than the model, by {difference:.2g}")
    return difference


def _description(saved: SavedModel) -> dict[str, Any]:
    return {
        "class_names": list(saved.class_names),
        "task": saved.task.name,
        "max_tokens": saved.max_tokens,
        "padding_id": saved.tokenizer.padding_id,
        "confidence": None if saved.confidence is None else saved.confidence.to_plain(),
    }


def _difference(saved: SavedModel, path: Path) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    chosen, model = np.random.default_rng(0), saved.model.cpu().eval()
    largest = 0.0
    for n_sentences, n_tokens in _SENTENCES:
        ids = chosen.integers(0, saved.tokenizer.vocabulary_size, (n_sentences, n_tokens))
        lengths = np.append(chosen.integers(1, n_tokens + 1, n_sentences - 1), n_tokens)
        mask = np.arange(n_tokens) < lengths[:, None]
        with torch.no_grad():
            expected = model(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        [found] = session.run(["logits"], {"token_ids": ids, "mask": mask})
        largest = max(largest, float(np.abs(found - expected).max()))
    return largest


def _traceable(model: nn.Module) -> nn.Module:
    """Return a copy whose self-attention, if any, takes any number of tokens when it is traced."""
    own = copy.deepcopy(model).cpu().eval()
    for name, part in list(own.named_children()):
        if type(part) is nn.MultiheadAttention:
            setattr(own, name, _SelfAttention(part))
    return own


class _SelfAttention(nn.Module):
    """What `nn.MultiheadAttention` computes of one sequence: softmax(QKᵀ/√d)·V per head."""

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        self.attention = attention

    def forward(
        self, states: Tensor, *_: Tensor, key_padding_mask: Tensor, need_weights: bool
    ) -> tuple[Tensor, None]:
        own = self.attention
        projected = nn.functional.linear(states, own.in_proj_weight, own.in_proj_bias)
        shape = (states.shape[0], states.shape[1], own.num_heads, own.head_dim)
        query, key, value = (part.reshape(shape).transpose(1, 2) for part in projected.chunk(3, dim=-1))
        scores = query @ key.transpose(2, 3) / own.head_dim**0.5
        scores = scores.masked_fill(key_padding_mask[:, None, None], float("-inf"))
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(states.shape)
        return own.out_proj(mixed), None
