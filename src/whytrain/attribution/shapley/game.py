"""A sentence and a model as a game: coalitions in, payoffs out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.attribution.payoffs import payoffs
from whytrain.attribution.removal import Absence
from whytrain.attribution.shapley.table import coalition_logits
from whytrain.attribution.units import Players
from whytrain.types import Payoff, PredictFn


def sentence_game(
    model: PredictFn,
    players: Players,
    absence: Absence,
    payoff: Payoff,
    class_index: int,
    *,
    device: torch.device | str | None = None,
) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    """Return the game of a sentence too long for a table, for the estimators.

    Args:
        model: a predict function.
        players: the sentence.
        absence: what stands where a player is absent.
        payoff: of which kind.
        class_index: of which class, for all coalitions.
        device: where token ids are sent; None: where the model's parameters are.

    Returns:
        A function from coalitions bool (m, n_players) to payoffs float64 (m,).
    """

    def game(present: NDArray[np.bool_]) -> NDArray[np.float64]:
        logits = coalition_logits(model, players, present, absence, device=device)
        return payoffs(logits, payoff, class_index)

    return game
