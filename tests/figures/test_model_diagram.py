"""The diagram of a model."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import nn

from whytrain.figures.training.model_diagram import model_diagram
from whytrain.models.summary import LayerSummary, ModelSummary, summarize


class Bag(nn.Module):
    """The smallest classifier: the mean of embeddings."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 6)
        self.classifier = nn.Linear(6, 2)

    def forward(self, token_ids, mask):
        return self.classifier(self.embedding(token_ids).mean(1))


def test_boxes_shapes_and_parameters(readable):
    figure = model_diagram(summarize(Bag(), torch.zeros(1, 5, dtype=torch.long)))
    texts = readable(figure)
    ax = figure.axes[0]
    assert len([patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]) == 3  # pooling, too
    for text in (
        "embedding",
        "pooling",
        "classifier",
        "token ids (1, 5)",
        "(1, 5, 6)",
        "(1, 6)",
        "logits (1, 2)",
    ):
        assert text in texts
    assert {"180", "14"} <= set(texts)
    bars = [patch for patch in ax.patches if type(patch) is Rectangle]
    assert bars[0].get_width() / bars[1].get_width() == pytest.approx(180 / 14)
    assert "Bag: 194 parameters, 93% of them embeddings" in texts


def test_frozen_layers_say_so(readable):
    model = Bag()
    model.embedding.weight.requires_grad = False
    texts = readable(model_diagram(summarize(model, torch.zeros(1, 5, dtype=torch.long))))
    assert "92.8%, frozen" in texts
    assert any("180 of them frozen" in text for text in texts)


def test_many_layers_with_long_names_lose_their_middle(readable):
    layer = LayerSummary(
        name="a.very.long.path.to.a.layer.deep.inside",
        kind="SomeVeryLongClassNameOfALayer",
        input_shape=(1, 5),
        output_shape=(1, 5),
        n_parameters=7,
        trainable=True,
        details="d " * 50,
    )
    layers = tuple(replace(layer, name=f"{layer.name}.{i}") for i in range(60))
    texts = readable(
        model_diagram(
            ModelSummary(
                kind="Deep",
                layers=layers,
                input_shape=(1, 5),
                n_parameters=420,
                n_trainable=420,
                n_embedding=0,
            )
        )
    )
    assert "… 41 more layers" in texts
    assert "287" in texts  # 41 · 7
    assert any(text.startswith("…") and text.endswith("inside.59") for text in texts)
