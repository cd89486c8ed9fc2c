"""A single-layer BiLSTM as the sharing engine sees it: single steps and a readout of shared states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from whytrain.models.bilstm.readouts import Readout, readout_of

if TYPE_CHECKING:
    from whytrain.models.bilstm.bilstm import BiLSTM

State = tuple[Tensor, ...]

_ROWS = 512  # followed at once on a CPU: what a step computes of them should stay in its cache


class LSTMRecurrence:
    """The two recurrences of a single-layer bidirectional LSTM with its readout.

    References:
        Hochreiter, Schmidhuber (1997), Long short-term memory; gates as in torch.nn.LSTM.
    """

    def __init__(self, model: BiLSTM) -> None:
        """Copy the weights into the layout of the steps.

        tanh x = 2σ(2x) − 1 takes a quarter of the time of a tanh: the three gates stand side by side, the
        candidate behind them is doubled, so that one sigmoid serves all four, and the cell state is doubled.
        """
        self._model = model
        self._readout: Readout = readout_of(model)
        self._input_weights = [_reordered(model.lstm, "weight_ih", d) for d in range(2)]
        self._biases = [
            _reordered(model.lstm, "bias_ih", d) + _reordered(model.lstm, "bias_hh", d) for d in range(2)
        ]
        self._hidden_weights = [_reordered(model.lstm, "weight_hh", d).T.contiguous() for d in range(2)]

    def inputs(self, token_ids: Tensor) -> Tensor:
        """Return W_ih e + b per direction: (2, n_tokens, 4 * hidden_size)."""
        weight = self._model.embedding.weight
        embeddings = self._model.embed(token_ids.to(weight.device))
        return torch.stack(
            [embeddings @ w.T + b for w, b in zip(self._input_weights, self._biases, strict=True)]
        )

    def initial(self) -> State:
        """Return hidden and doubled cell state before the first token: zeros (1, hidden_size) each."""
        zeros = self._hidden_weights[0].new_zeros(1, self._model.lstm.hidden_size)
        return zeros, zeros

    def step(self, state: State, inputs: Tensor, direction: int, *, branch: bool, high: bool) -> State:
        """Read one token; the matrix product is done once for all its versions."""
        hidden, cell = state
        gates = hidden @ self._hidden_weights[direction]
        n_choices, size = inputs.shape
        # A view (n_choices, rows, size) or (rows, n_choices, size) puts the version's bit where it belongs.
        axis = 0 if high else 1
        if branch:
            gates = gates.unsqueeze(axis) + inputs.unsqueeze(1 - axis)
            cell = cell.unsqueeze(axis)
        else:
            shape = (n_choices, -1) if high else (-1, n_choices)
            gates = gates.view(*shape, size).add_(inputs.unsqueeze(1 - axis))
            cell = cell.view(*shape, cell.shape[-1])
        return tuple(part.view(-1, size // 4) for part in _next(gates, cell))

    def follow(self, state: State, rows: Tensor, inputs: Tensor, tokens: Tensor, direction: int) -> State:
        """Read a token behind each of some rows."""
        hidden, cell = state
        size = _ROWS if hidden.device.type == "cpu" else max(1, len(rows))
        parts = []
        for chosen, read in zip(torch.split(rows, size), torch.split(tokens, size), strict=True):
            gates = inputs.index_select(0, read)
            gates.addmm_(hidden.index_select(0, chosen), self._hidden_weights[direction])
            parts.append(_next(gates, cell.index_select(0, chosen)))
        return tuple(torch.cat(part) for part in zip(*parts, strict=True))

    def positions(self, n_tokens: int) -> Sequence[int]:
        """Return the positions whose states the readout looks at."""
        return self._readout.positions(n_tokens)

    def summarize(self, state: State, direction: int) -> Tensor:
        """Return what the readout needs of a direction's states: (n_rows, size)."""
        return self._readout.summarize(state[0], direction)

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        """Return logits (n_rows, n_classes) from the summaries of both directions."""
        return self._readout.combine(forward, backward, n_rows)


def _next(gates: Tensor, cell: Tensor) -> State:
    """Return the state behind gates (…, 4 * hidden_size), which are overwritten, and the last cell state."""
    gate_in, gate_forget, gate_out, candidate = gates.sigmoid_().chunk(4, dim=-1)
    cell = (gate_forget * cell).addcmul_(gate_in, candidate, value=4).sub_(gate_in, alpha=2)
    return cell.sigmoid().mul_(2).sub_(1).mul_(gate_out), cell


def _reordered(lstm: nn.LSTM, name: str, direction: int) -> Tensor:
    """Return a weight whose gates (in, forget, candidate, out) are reordered: the candidate last, doubled."""
    parameter: Tensor = getattr(lstm, f"{name}_l0" + ("_reverse" if direction else "")).detach()
    gate_in, forget, candidate, out = parameter.chunk(4)
    return torch.cat([gate_in, forget, out, 2 * candidate])
