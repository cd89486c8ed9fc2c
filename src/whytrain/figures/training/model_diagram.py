"""The model as it is built: its layers from input to logits, with shapes and parameters."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from whytrain.figures.base.style import (
    LABEL_SIZE,
    SMALL_SIZE,
    WIDTH,
    Margins,
    finish,
    fitted,
    grid,
    new_figure,
)
from whytrain.figures.base.text import shown, shown_end
from whytrain.models.summary import LayerSummary, ModelSummary
from whytrain.presentation.palette import GRAY, INK, LIGHT_GRAY

# Light fills by what a layer does, the first word that its class name contains; ink stays readable on all.
FILLS = {
    "embedding": "#CFE3F1",
    "lstm": "#FBE3B5",
    "gru": "#FBE3B5",
    "rnn": "#FBE3B5",
    "attention": "#C9E8DC",
    "layernorm": "#EEEEEE",
    "dropout": "#EEEEEE",
    "function": "#FFFFFF",
    "linear": "#F4D9E6",
    "classif": "#F4D9E6",
    "layer": "#C9E8DC",
    "block": "#C9E8DC",
}
_OTHER = "#E4E0F0"
_MOST_LAYERS = 20
_ROW, _BOX = 0.62, 0.4  # inches from layer to layer, and of a box
_BOX_LEFT, _BOX_RIGHT = 0.2, 5.6
_BAR_LEFT, _BAR_RIGHT = 6.9, WIDTH - 0.2  # behind the name, the column of numbers, then bars


def model_diagram(summary: ModelSummary) -> Figure:
    """Draw a model's layers from top to bottom, the shapes between them, and each one's parameters.

    Args:
        summary: from `whytrain.models.summary.summarize`; of more than 20 layers the middle is left out.
    """
    layers = list(summary.layers)
    hidden = 0
    if len(layers) > _MOST_LAYERS:
        hidden = len(layers) - _MOST_LAYERS + 1
        head = _MOST_LAYERS // 2
        layers = [*layers[:head], _left_out(layers[head : head + hidden]), *layers[head + hidden :]]
    height = 1.15 + (len(layers) + 1) * _ROW
    share = summary.n_embedding / summary.n_parameters if summary.n_parameters else 0.0
    frozen = summary.n_parameters - summary.n_trainable
    state = f"{frozen:,} of them frozen" if frozen else "all trainable"
    figure = new_figure(
        height,
        f"{summary.kind}: {summary.n_parameters:,} parameters, {share:.0%} of them embeddings",
        f"{state}; shapes as (batch, tokens, features) of one forward pass",
    )
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(0, 0, 0, 0))[0])
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(height, 0)  # inches from the top
    ax.axis("off")
    top = 1.15
    ax.text(_BAR_LEFT - 0.1, 0.95, "parameters", fontsize=SMALL_SIZE, color=GRAY, ha="right")
    ax.text(_BAR_LEFT, 0.95, "share of all", fontsize=SMALL_SIZE, color=GRAY)
    _arrow(ax, top - 0.1, f"token ids {_form(summary.input_shape)}")
    for i, layer in enumerate(layers):
        y = top + 0.22 + i * _ROW
        _box(ax, y, layer)
        _bar(ax, y, layer, summary.n_parameters)
        if layer.output_shape:
            final = i == len(layers) - 1 or not layers[i + 1].input_shape
            _arrow(ax, y + _BOX + 0.01, ("logits " if final else "") + _form(layer.output_shape))
    return finish(figure)


def _box(ax: Axes, y: float, layer: LayerSummary) -> None:
    kind = layer.kind.lower()
    fill = next((color for word, color in FILLS.items() if word in kind), _OTHER)
    ax.add_patch(
        FancyBboxPatch(
            (_BOX_LEFT + 0.05, y + 0.05),
            _BOX_RIGHT - _BOX_LEFT - 0.1,
            _BOX - 0.1,
            boxstyle="round,pad=0.05",
            facecolor=fill,
            edgecolor=GRAY,
            linewidth=0.8,
            linestyle="--" if layer.kind == "function" else "-",
        )
    )
    repeats = f" ×{layer.repeats}" if layer.repeats > 1 else ""
    kind_text = "" if layer.kind == "function" else f"{layer.kind}{repeats}"
    middle = y + _BOX / 2
    name = shown_end(layer.name, 27)
    ax.text(_BOX_LEFT + 0.1, middle, name, fontsize=LABEL_SIZE, fontweight="bold", color=INK, va="center")
    text = ": ".join(part for part in (kind_text, layer.details) if part)
    ax.text(
        _BOX_LEFT + 2.45, middle, fitted(text, 2.85, SMALL_SIZE), fontsize=SMALL_SIZE, color=INK, va="center"
    )


def _bar(ax: Axes, y: float, layer: LayerSummary, n_parameters: int) -> None:
    middle = y + _BOX / 2
    if layer.n_parameters == 0:
        ax.text(_BAR_LEFT - 0.1, middle, "–", fontsize=SMALL_SIZE, color=GRAY, va="center", ha="right")
        return
    share = layer.n_parameters / n_parameters
    room = _BAR_RIGHT - _BAR_LEFT - 1.0
    ax.text(
        _BAR_LEFT - 0.1,
        middle,
        f"{layer.n_parameters:,}",
        fontsize=SMALL_SIZE,
        color=INK,
        va="center",
        ha="right",
    )
    ax.add_patch(
        Rectangle(
            (_BAR_LEFT, middle - 0.09),
            share * room,
            0.18,
            facecolor=GRAY if layer.trainable else LIGHT_GRAY,
            hatch="" if layer.trainable else "///",
            edgecolor=GRAY,
            linewidth=0.5,
        )
    )
    percent = f"{share:.1%}"
    label = ("< 0.1%" if percent == "0.0%" else percent) + ("" if layer.trainable else ", frozen")
    ax.text(_BAR_LEFT + share * room + 0.06, middle, label, fontsize=SMALL_SIZE, color=GRAY, va="center")


def _arrow(ax: Axes, y: float, label: str) -> None:
    x = _BOX_LEFT + 0.35
    ax.annotate(
        "",
        (x, y + _ROW - _BOX - 0.02),
        (x, y),
        arrowprops={"arrowstyle": "-|>", "color": GRAY, "linewidth": 1},
    )
    ax.text(
        x + 0.15, y + (_ROW - _BOX) / 2, shown(label, 60), fontsize=SMALL_SIZE - 1, color=GRAY, va="center"
    )


def _form(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ")"


def _left_out(layers: list[LayerSummary]) -> LayerSummary:
    return LayerSummary(
        name=f"… {len(layers)} more layers",
        kind="function",
        input_shape=layers[0].input_shape,
        output_shape=layers[-1].output_shape,
        n_parameters=sum(layer.n_parameters for layer in layers),
        trainable=any(layer.trainable for layer in layers),
        details="",
    )
