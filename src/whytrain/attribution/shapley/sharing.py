"""The sharing engine: the table of a recurrent model, every prefix and every suffix run only once.

The forward direction of a coalition depends on the words read so far, the backward one on the words after:
2^(n+1) steps each instead of n·2^n. To bound the memory, the first `outer` players are walked through one
coalition at a time (depth first, from the right, so that suffixes stay shared), and the table's block of all
coalitions of the `inner` players is computed for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.attribution.units import Units
from whytrain.types import Recurrence

State = tuple[Tensor, ...]

INNER_PLAYERS = 10  # 1,024 coalitions a block: their gates fill a core's second-level cache


def shared_logits(recurrence: Recurrence, players: Units, replacement_id: int) -> NDArray[np.float32]:
    """Return the logits of all coalitions, float32 (2^n_players, n_classes)."""
    walk = _Walk(recurrence, players, replacement_id)
    n_outer = 1 << walk.n_outer
    table: NDArray[np.float32] | None = None
    for outer, logits in walk.blocks():
        block = logits.float().cpu().numpy()
        if table is None:
            table = np.empty((len(block), n_outer, block.shape[1]), dtype=np.float32)
        table[:, outer] = block  # the first players are the low bits of the index
    assert table is not None
    return table.reshape(len(table) * n_outer, -1)


class _Walk:
    """A sentence on its way through the two recurrences."""

    def __init__(self, recurrence: Recurrence, players: Units, replacement_id: int) -> None:
        """Tabulate the inputs and run the forward direction over the outer players."""
        ids = torch.from_numpy(players.token_ids)
        versions = torch.full_like(ids, replacement_id), ids
        self._recurrence = recurrence
        # (2 directions, n_tokens, 2 versions: absent and present, size)
        self._inputs = torch.stack([recurrence.inputs(version) for version in versions], dim=2)
        self._player_of_token: list[int] = players.player_of_token.tolist()
        self._needed = frozenset(recurrence.positions(len(ids)))
        self.n_outer = max(0, len(players) - INNER_PLAYERS)
        self._n_inner = len(players) - self.n_outer
        # Where the first inner player's tokens begin.
        self._boundary = self._player_of_token.index(self.n_outer) if self._n_inner else len(ids)
        self._prefixes: dict[int, Tensor] = {}
        self._at_boundary = self._forward(recurrence.initial(), range(self._boundary), self._prefixes)

    def blocks(self) -> Iterator[tuple[int, Tensor]]:
        """Yield each coalition of the outer players with the logits (2^n_inner, n_classes) of its block."""
        summaries: dict[int, Tensor] = {}
        state = self._recurrence.initial()
        for position in reversed(range(self._boundary, len(self._player_of_token))):
            state = self._step(state, position, 1)
            self._keep(state, position, 1, summaries)
        yield from self._outer(state, self._boundary - 1, summaries, 0)

    def _outer(
        self, state: State, position: int, summaries: dict[int, Tensor], outer: int
    ) -> Iterator[tuple[int, Tensor]]:
        """Walk the backward direction from a position on to the left, for both choices of every player."""
        if position < 0:
            yield outer, self._block(outer, summaries)
            return
        player = self._player_of_token[position]
        if player < 0:
            state = self._recurrence.step(state, self._inputs[1, position, 1:], 1, branch=True, high=True)
            self._keep(state, position, 1, summaries)
            yield from self._outer(state, position - 1, summaries, outer)
            return
        both = self._recurrence.step(state, self._inputs[1, position], 1, branch=True, high=True)
        for present in (0, 1):
            n_rows = len(state[0])
            chosen = tuple(s[present * n_rows : (present + 1) * n_rows] for s in both)
            self._keep(chosen, position, 1, summaries)
            left = position - 1
            while left >= 0 and self._player_of_token[left] == player:
                version = self._inputs[1, left, present : present + 1]
                chosen = self._recurrence.step(chosen, version, 1, branch=True, high=True)
                self._keep(chosen, left, 1, summaries)
                left -= 1
            yield from self._outer(chosen, left, summaries, outer | present << player)

    def _block(self, outer: int, backward: dict[int, Tensor]) -> Tensor:
        """Return the logits of all coalitions of the inner players beside one of the outer ones."""
        # A prefix summary has a row per coalition of the players read by then: the low bits of `outer`.
        forward = {p: s[outer % len(s)].unsqueeze(0) for p, s in self._prefixes.items()}
        state = tuple(s[outer : outer + 1] for s in self._at_boundary)
        self._forward(state, range(self._boundary, len(self._player_of_token)), forward)
        order = sorted(self._needed)
        return self._recurrence.combine(
            [forward[p] for p in order], [backward[p] for p in order], 1 << self._n_inner
        )

    def _forward(self, state: State, positions: range, summaries: dict[int, Tensor]) -> State:
        for position in positions:
            state = self._step(state, position, 0)
            self._keep(state, position, 0, summaries)
        return state

    def _step(self, state: State, position: int, direction: int) -> State:
        """Read a token in both versions; a word's first token read doubles the rows."""
        player = self._player_of_token[position]
        inputs = self._inputs[direction, position]
        if player < 0:
            return self._recurrence.step(state, inputs[1:], direction, branch=True, high=True)
        before = position + (1 if direction else -1)
        known = 0 <= before < len(self._player_of_token) and self._player_of_token[before] == player
        # Forward, a new word is the highest bit so far; backward, the lowest.
        return self._recurrence.step(state, inputs, direction, branch=not known, high=direction == 0)

    def _keep(self, state: State, position: int, direction: int, summaries: dict[int, Tensor]) -> None:
        if position in self._needed:
            summaries[position] = self._recurrence.summarize(state, direction)
