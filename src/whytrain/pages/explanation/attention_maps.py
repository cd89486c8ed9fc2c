"""Attention by layer and head as SVG: what is read in each layer, every head, and from token to token."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.attribution import HeadAttention
from whytrain.attribution.tables import Name
from whytrain.counted import counted
from whytrain.pages.explanation.drawings import ROW, label, middle, room, svg
from whytrain.pages.html import paragraph, safe

_MOST_TOKENS = 64  # of a text whose maps are drawn
_CELL, _HEAD, _GAP = 26, 66, 8  # units: a layer's column; a head's map, and the room between two
_SHOWN = 0.08  # weight from which a line is drawn
_LINES = 220  # units between the two columns of tokens

Weights = NDArray[np.float32]


def attention_maps(heads: HeadAttention, name: Name) -> str:
    """Return the folded maps of a text's attention: by layer, by head, and token to token in each layer.

    Args:
        heads: the attention of a transformer.
        name: what stands for a token, itself or a hash.
    """
    n_layers, n_heads, n_tokens, _ = heads.weights.shape
    if n_tokens > _MOST_TOKENS:
        return paragraph(f"Maps are drawn of texts of up to {_MOST_TOKENS} tokens; this one has {n_tokens}.")
    tokens = [name(token) for token in heads.tokens]
    reader = tokens[heads.reader]
    said = (
        f"Attention says from which tokens a layer read, not which words decided. “{reader}” is the token "
        "whose last state is classified. The darker, the more is read; the shade grows with the square root "
        "of the weight, so that small weights can be seen."
    )
    layers = [
        f"<details{' open' if layer == n_layers else ''}><summary>Layer {layer}</summary>"
        f"{token_lines(weights.mean(axis=0), tokens)}</details>"
        for layer, weights in enumerate(heads.weights, start=1)
    ]
    return (
        paragraph(said, "quiet")
        + f"<details><summary>What {safe(f'“{reader}”')} reads in each layer, mean of the heads</summary>"
        f"{layers_map(heads, tokens)}</details>"
        f"<details><summary>All {counted(n_layers * n_heads, 'head')}: a row of maps for each layer; in "
        "each map rows read from columns, in the order of the text</summary>"
        f"{heads_map(heads.weights)}</details>"
        "<details><summary>From token to token, mean of the heads: each on the left reads from those on the "
        f"right</summary>{''.join(layers)}</details>"
    )


def layers_map(heads: HeadAttention, tokens: Sequence[str]) -> str:
    """Return a heat map of tokens by layers: what the token that is read pays, mean of the heads."""
    paid = heads.weights.mean(axis=1)[:, heads.reader].T  # (n_tokens, n_layers)
    left, (n_tokens, n_layers) = room(tokens), paid.shape
    width = _CELL * n_layers
    marks = "".join(
        f'<text class="faint" x="{left + _CELL * layer + _CELL // 2}" y="{middle(n_tokens) + 4}" '
        f'text-anchor="middle">{layer + 1}</text>'
        for layer in range(n_layers)
    )
    parts = [
        _shades(paid, left, 0, width, ROW * n_tokens),
        *(label(left, row, token) for row, token in enumerate(tokens)),
        marks,
        f'<text class="faint" x="{left - 8}" y="{middle(n_tokens) + 4}" text-anchor="end">layer</text>',
    ]
    return svg(f"Attention to {len(tokens)} tokens in {n_layers} layers", left + width, n_tokens + 1, parts)


def heads_map(weights: Weights) -> str:
    """Return a small map of every head: rows are layers, columns heads.

    Args:
        weights: (n_layers, n_heads, n_tokens, n_tokens).
    """
    n_layers, n_heads = weights.shape[:2]
    step, left = _HEAD + _GAP, 30
    parts = []
    for layer in range(n_layers):
        y = step * layer
        parts.append(
            f'<text class="faint" x="{left - 8}" y="{y + _HEAD // 2}" text-anchor="end">{layer + 1}</text>'
        )
        parts += [
            _shades(weights[layer, head], left + step * head, y, _HEAD, _HEAD) for head in range(n_heads)
        ]
    height = step * n_layers
    parts += [
        f'<text class="faint" x="{left + step * head + _HEAD // 2}" y="{height + 6}" '
        f'text-anchor="middle">{head + 1}</text>'
        for head in range(n_heads)
    ]
    described = f"{n_layers} layers of {n_heads} heads"
    return svg(described, left + step * n_heads, (height + ROW) / ROW, parts)


def token_lines(weights: Weights, tokens: Sequence[str]) -> str:
    """Return the tokens twice, and a line from each to those on the right that it reads from.

    Args:
        weights: (n_tokens, n_tokens), rows read from columns.
        tokens: their names.
    """
    left = room(tokens)
    right = left + _LINES
    lines = [
        f'<path class="size" stroke-width="2" stroke-opacity="{float(weights[i, j]) ** 0.5:.2f}" '
        f'd="M{left} {middle(i)}L{right} {middle(j)}"/>'
        for i, j in zip(*np.nonzero(weights >= _SHOWN), strict=True)
    ]
    labels = [label(left, row, token) for row, token in enumerate(tokens)]
    labels += [label(right + 16, row, token, anchor="start") for row, token in enumerate(tokens)]
    told = f"Lines between {len(tokens)} tokens"
    return svg(told, right + left, len(tokens), [*lines, *labels])


def _shades(values: Weights, x: float, y: float, width: float, height: float) -> str:
    """Return a map of values from 0 to 1, one pixel each, in the color of sizes on a pale ground."""
    data = base64.b64encode(_png(np.sqrt(np.clip(values, 0, 1)))).decode("ascii")
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    mask = f"m{zlib.crc32(f'{place}{data}'.encode()):08x}"
    return (
        f'<mask id="{mask}"><image {place} preserveAspectRatio="none" style="image-rendering:pixelated" '
        f'href="data:image/png;base64,{data}"/></mask>'
        f'<rect class="ground" {place}/><rect class="shade" {place} mask="url(#{mask})"/>'
    )


def _png(values: Weights) -> bytes:
    """Return values from 0 to 1 as the gray levels of a PNG image, which as a mask says where color is.

    References:
        ISO/IEC 15948, Portable Network Graphics.
    """
    rows = np.round(255 * values).astype(np.uint8)
    height, width = rows.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of gray
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows), 9)
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
