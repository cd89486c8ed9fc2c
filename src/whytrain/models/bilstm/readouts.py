"""From states that coalitions share to logits: how much of each pooling can be done on shared states.

The states of both directions are computed on few rows (prefixes, suffixes); what is left to do for every
single coalition decides the cost: sums of a few projections for `last` and `mean` (with LayerNorm too), a
maximum, a small tanh per position for attention, everything behind the LSTM otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from whytrain.models.bilstm.bilstm import BiLSTM


class Readout(Protocol):
    """The readout's part of `whytrain.types.Recurrence`, on hidden states instead of whole ones."""

    def positions(self, n_tokens: int) -> Sequence[int]:
        """Return the positions whose states are looked at."""
        ...

    def summarize(self, hidden: Tensor, direction: int) -> Tensor:
        """Return what is needed of hidden states (n_rows, hidden_size) of a direction."""
        ...

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        """Return logits (n_rows, n_classes)."""
        ...


def readout_of(model: BiLSTM) -> Readout:
    """Return the cheapest readout that computes what the model's pooling and classifier compute."""
    if model.self_attention is not None:
        return _SelfAttentionReadout(model, model.self_attention)
    if model.pooling == "max" and model.norm is not None:
        return _NormalizedMaxReadout(model.norm, model.classifier)
    if model.pooling == "max":
        return _MaxReadout(model.classifier)
    if model.pooling == "attention":
        return _AttentionReadout(model)
    return _LinearReadout(model)


def _aligned(forward: Tensor, backward: Tensor, n_rows: int) -> tuple[Tensor, Tensor]:
    """Return views (1 or high, middle, low or 1, size) that broadcast against each other to all rows.

    Prefixes know the low bits of a coalition's index, suffixes the high ones; the word at the position
    itself, if any, is in both: the middle.
    """
    high, low = n_rows // len(forward), n_rows // len(backward)
    middle = n_rows // (high * low)
    return forward.view(1, middle, low, -1), backward.view(high, middle, 1, -1)


class _Projection:
    """P · LayerNorm(h) + b of states whose two directions come apart.

    P·(γ∘(h − μ)/σ + β) = C·h/σ + Pβ, where C is Pγ less the mean of each row, so that nobody subtracts μ;
    C·h, μ = Σh/m and σ² = Σh²/m − μ² + ε are sums over the two directions. Without LayerNorm it is P·h + b.
    """

    def __init__(self, projection: Tensor, norm: nn.LayerNorm | None, bias: Tensor | None = None) -> None:
        """Take P (n_outputs, 2 * hidden_size), the norm and b (n_outputs,)."""
        self._norm, self._offset = norm, bias
        if norm is not None:
            self._offset = projection @ norm.bias + (0.0 if bias is None else bias)
            projection = projection * norm.weight
            projection = projection - projection.mean(dim=1, keepdim=True)
            # Behind the outputs Σh, and room for Σh².
            ones = torch.ones_like(projection[:1])
            projection = torch.cat([projection, ones, torch.zeros_like(ones)])
        self._weights = [w.T.contiguous() for w in projection.chunk(2, dim=1)]

    def summarize(self, hidden: Tensor, direction: int) -> Tensor:
        projected = hidden @ self._weights[direction]
        if self._norm is not None:
            projected[:, -1] = hidden.square().sum(dim=1)
        return projected

    def outputs(self, forward: Tensor, backward: Tensor, n_rows: int) -> Tensor:
        """Return P · LayerNorm(h) + b: (n_rows, n_outputs)."""
        both = torch.add(*_aligned(forward, backward, n_rows)).view(n_rows, -1)
        if self._norm is None:
            return both if self._offset is None else both.add_(self._offset)
        projected, total, squares = both[:, :-2], both[:, -2:-1], both[:, -1:]
        size = self._norm.normalized_shape[0]
        scale = (squares / size - (total / size).square() + self._norm.eps).rsqrt()
        assert self._offset is not None
        return torch.addcmul(self._offset, projected, scale)


class _LinearReadout:
    """`last` and `mean`: the classifier is applied to shared states, the rest is addition."""

    def __init__(self, model: BiLSTM) -> None:
        weight = model.classifier.weight
        self._last = model.pooling == "last"
        self._bias = model.classifier.bias
        if self._last:
            # The first half of the outputs reads the forward states only, the second the backward ones.
            forward, backward = weight.chunk(2, dim=1)
            zeros = torch.zeros_like(forward)
            weight = torch.cat([torch.cat([forward, zeros], 1), torch.cat([zeros, backward], 1)])
        self._projection = _Projection(weight, model.norm)

    def positions(self, n_tokens: int) -> Sequence[int]:
        return (0, n_tokens - 1) if self._last else range(n_tokens)

    def summarize(self, hidden: Tensor, direction: int) -> Tensor:
        return self._projection.summarize(hidden, direction)

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        outputs = [self._projection.outputs(f, b, n_rows) for f, b in zip(forward, backward, strict=True)]
        if self._last:
            return outputs[-1].chunk(2, dim=1)[0] + outputs[0].chunk(2, dim=1)[1] + self._bias
        return torch.stack(outputs).mean(dim=0) + self._bias


class _MaxReadout:
    """`max` without LayerNorm: a running maximum of each direction."""

    def __init__(self, classifier: nn.Linear) -> None:
        self._weights = classifier.weight.chunk(2, dim=1)
        self._bias = classifier.bias

    def positions(self, n_tokens: int) -> Sequence[int]:
        return range(n_tokens)

    def summarize(self, hidden: Tensor, direction: int) -> Tensor:
        return hidden

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        size = forward[0].shape[1]
        from_left = forward[0]
        for states in forward[1:]:
            from_left = torch.maximum(states.view(-1, *from_left.shape), from_left).view(-1, size)
        from_right = backward[-1]
        for states in reversed(backward[:-1]):
            known = from_right.unsqueeze(1)
            from_right = torch.maximum(states.view(len(known), -1, size), known).view(-1, size)
        parts = [m @ w.T for m, w in zip((from_left, from_right), self._weights, strict=True)]
        return parts[0] + parts[1] + self._bias


class _AttentionReadout:
    """Additive attention: the projections are shared, a tanh per position and coalition remains."""

    def __init__(self, model: BiLSTM) -> None:
        assert model.attention is not None
        self._n_classes = model.classifier.out_features
        self._bias = model.classifier.bias
        self._query = model.attention.query.weight.view(-1)
        weight = torch.cat([model.classifier.weight, model.attention.projection.weight])
        bias = torch.cat([torch.zeros_like(self._bias), model.attention.projection.bias])
        self._projection = _Projection(weight, model.norm, bias)

    def positions(self, n_tokens: int) -> Sequence[int]:
        return range(n_tokens)

    def summarize(self, hidden: Tensor, direction: int) -> Tensor:
        return self._projection.summarize(hidden, direction)

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        scores, values = [], []
        for f, b in zip(forward, backward, strict=True):
            outputs = self._projection.outputs(f, b, n_rows)
            values.append(outputs[:, : self._n_classes])
            scores.append(outputs[:, self._n_classes :].tanh_() @ self._query)
        weights = torch.stack(scores).softmax(dim=0)
        return (torch.stack(values) * weights.unsqueeze(-1)).sum(dim=0) + self._bias


class _NormalizedMaxReadout:
    """`max` behind LayerNorm: the states of a position must be normalized for every coalition."""

    def __init__(self, norm: nn.LayerNorm, classifier: nn.Linear) -> None:
        self._norm = norm
        self._classifier = classifier

    def positions(self, n_tokens: int) -> Sequence[int]:
        return range(n_tokens)

    def summarize(self, hidden: Tensor, direction: int) -> Tensor:
        return hidden

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        largest = self._norm(_joined(forward[0], backward[0], n_rows))
        for f, b in zip(forward[1:], backward[1:], strict=True):
            torch.maximum(largest, self._norm(_joined(f, b, n_rows)), out=largest)
        logits: Tensor = self._classifier(largest)
        return logits


class _SelfAttentionReadout:
    """Self-attention: only the recurrence is shared, the rest runs on every coalition's own states."""

    _ROWS = 64  # coalitions at once: their states, keys and weights should stay in the cache

    def __init__(self, model: BiLSTM, self_attention: nn.MultiheadAttention) -> None:
        self._model = model
        self._self_attention = self_attention

    def positions(self, n_tokens: int) -> Sequence[int]:
        return range(n_tokens)

    def summarize(self, hidden: Tensor, direction: int) -> Tensor:
        return hidden

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        positions = zip(forward, backward, strict=True)
        states = torch.stack([_joined(f, b, n_rows) for f, b in positions], dim=1)
        return torch.cat([self._logits(chunk) for chunk in states.chunk(-(-n_rows // self._ROWS))])

    def _logits(self, states: Tensor) -> Tensor:
        model = self._model
        if model.norm is not None:
            states = model.norm(states)
        states = states + self._self_attention(states, states, states, need_weights=False)[0]
        pooled, _, _ = model.read_out(states, None)
        logits: Tensor = model.classifier(pooled)
        return logits


def _joined(forward: Tensor, backward: Tensor, n_rows: int) -> Tensor:
    """Return both directions' states of a position for every coalition: (n_rows, 2 * hidden_size)."""
    low_bits, high_bits = _aligned(forward, backward, n_rows)
    shape = (len(high_bits), *low_bits.shape[1:3], -1)
    return torch.cat([low_bits.expand(shape), high_bits.expand(shape)], dim=-1).view(n_rows, -1)
