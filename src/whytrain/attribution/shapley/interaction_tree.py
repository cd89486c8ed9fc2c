"""The interaction tree: neighboring words merged by how much of their value is interaction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from whytrain.attribution.shapley.benefit import Player, Surroundings, alone_values, benefit_among
from whytrain.attribution.shapley.coalitions import n_players_of
from whytrain.attribution.shapley.values import Table

Criterion = Literal["density", "benefit"]

NOISE = 1e-5  # share of the largest |v − v(∅)| below which a pair's quantities count as rounding noise
_TIE = 1e-9  # relative difference below which two pairs tie: rounding must not choose between equals


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Two neighbors that become one.

    Attributes:
        left: word indices of the left one, ascending.
        right: word indices of the right one.
        benefit: B([L∪R]), the benefit of the merged player.
        between: B_between = B([L∪R]) − B([L]) − B([R]).
        r: density, the share of the interaction in all that the two have to do with; in [0, 1].
        s: unmodelled share, what the two leave to their outer neighbors; in [0, 1].
        t: share of the interaction that is not inside L or R; in [0, 1], NaN for two single words and
            where there is no interaction to share.
    """

    left: Player
    right: Player
    benefit: float
    between: float
    r: float
    s: float
    t: float


@dataclass(frozen=True, kw_only=True)
class InteractionTree:
    """Merges from single words to one root.

    Attributes:
        n_players: number of words (or groups of words).
        merges: n_players − 1 merges, in order.
        criterion: what the merged pair had the most of.
        n_ties: merges at which several pairs had equally much, and the left one was taken. With many
            ties the tree says more about this rule than about the model.
    """

    n_players: int
    merges: tuple[Merge, ...]
    criterion: Criterion
    n_ties: int

    def spans(self) -> frozenset[tuple[int, int]]:
        """Return the merged phrases as (first word, one after the last)."""
        return frozenset((merge.left[0], merge.right[-1] + 1) for merge in self.merges)


def interaction_tree(table: Table, criterion: Criterion = "density") -> InteractionTree:
    r"""Merge, again and again, the neighbors with the densest interaction.

    B_between = B([L∪R]) − B([L]) − B([R]);
    φ̄_L = B([L]) + Σ_{a∈L} ½[φ(a in N∖(L∪R)∪{a}) + φ(a in N∖L∪{a})];
    D = |B_between| + |φ̄_L| + |φ̄_R| + |left| + |right|, where left and right are the B_between of L and of
    R with their outer neighbors; r = |B_between|/D; s = (|left| + |right|)/D, both 0 where D is noise;
    ψ_intra = [B(L with R absent) − B(L)] + [B(R with L absent) − B(R)]; ψ_inter = B_between − ψ_intra;
    t = |ψ_inter|/(|ψ_intra| + |ψ_inter|).

    Args:
        table: float64 (2^n,), payoffs; bit i of the index = word i is present.
        criterion: `density` merges the largest r, `benefit` the largest |B_between|; ties go to the left.

    Raises:
        ValueError: the table's length is no power of two, or it has no players.

    References:
        Zhang et al. (2021), Building interpretable interaction trees for deep NLP models, sections 3.2, 3.3.
    """
    n_players = n_players_of(len(table))
    if n_players == 0:
        raise ValueError("expected a table of at least one player, got one of none; a tree needs leaves")
    scale = float(np.abs(table - table[0]).max())
    players: list[Player] = [(word,) for word in range(n_players)]
    merges: list[Merge] = []
    n_ties = 0
    while len(players) > 1:
        candidates = _candidates(table, players, NOISE * scale)
        scores = np.array([m.r if criterion == "density" else abs(m.between) for m in candidates])
        best = np.flatnonzero(scores >= scores.max() * (1 - _TIE))
        n_ties += len(best) > 1
        chosen = int(best[0])
        merges.append(candidates[chosen])
        players[chosen : chosen + 2] = [players[chosen] + players[chosen + 1]]
    return InteractionTree(n_players=n_players, merges=tuple(merges), criterion=criterion, n_ties=n_ties)


def _candidates(table: Table, players: Sequence[Player], noise: float) -> list[Merge]:
    """Return what merging each pair of neighbors would mean."""
    own = [_Own(table, players, i) for i in range(len(players))]
    pairs = [_Pair(table, players, i, own[i], own[i + 1]) for i in range(len(players) - 1)]
    outer = [0.0, *(abs(pair.between) for pair in pairs), 0.0]
    return [pair.merge(outer[i] + outer[i + 2], noise) for i, pair in enumerate(pairs)]


class _Own:
    """A player among all others."""

    def __init__(self, table: Table, players: Sequence[Player], index: int) -> None:
        surroundings = Surroundings(table, [*players[:index], *players[index + 1 :]])
        self.words = players[index]
        self.alone = alone_values(surroundings, self.words)
        self.benefit = benefit_among(surroundings, self.words, self.alone)


class _Pair:
    """Two neighbors among the others."""

    def __init__(self, table: Table, players: Sequence[Player], index: int, left: _Own, right: _Own) -> None:
        surroundings = Surroundings(table, [*players[:index], *players[index + 2 :]])
        both = left.words + right.words
        alone = alone_values(surroundings, both)
        alone_left, alone_right = np.split(alone, [len(left.words)])
        self._left, self._right = left, right
        self._benefit = benefit_among(surroundings, both, alone)
        self.between = self._benefit - left.benefit - right.benefit
        self._intra = (
            benefit_among(surroundings, left.words, alone_left)
            - left.benefit
            + benefit_among(surroundings, right.words, alone_right)
            - right.benefit
        )
        # Half of each word's value where the neighbor is absent, half where the neighbor may be present.
        self._modelled = abs(left.benefit + 0.5 * float((alone_left + left.alone).sum())) + abs(
            right.benefit + 0.5 * float((alone_right + right.alone).sum())
        )

    def merge(self, outer: float, noise: float) -> Merge:
        """Return the merge, given |B_between| with the outer neighbors and the level of noise."""
        total = abs(self.between) + self._modelled + outer
        r, s = (0.0, 0.0) if total <= noise else (abs(self.between) / total, outer / total)
        inter = self.between - self._intra
        shares = abs(self._intra) + abs(inter)
        single = len(self._left.words) == len(self._right.words) == 1
        t = math.nan if single or shares <= noise else abs(inter) / shares
        return Merge(
            left=self._left.words,
            right=self._right.words,
            benefit=self._benefit,
            between=self.between,
            r=r,
            s=s,
            t=t,
        )
