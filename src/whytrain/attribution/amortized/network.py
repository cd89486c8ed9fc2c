"""The network that predicts Shapley values from what a model computes of the whole sentence."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from whytrain.models.padded_lstm import padded_states

_UNITS = 64  # of each direction
_ERROR_UNITS = 32


class Sentences(NamedTuple):
    """A batch of sentences as the network reads them.

    Attributes:
        features: (batch, n_tokens, n_features), embeddings and states of the model.
        mask: bool (batch, n_tokens), True where there is a token.
        unit_of_token: int64 (batch, n_tokens), the word of each token; 0 for tokens of none and padding,
            the words count from 1.
        empty: (batch, n_games), values of the games without any word.
        full: (batch, n_games), with all.
    """

    features: Tensor
    mask: Tensor
    unit_of_token: Tensor
    empty: Tensor
    full: Tensor


class AmortizedNetwork(nn.Module):
    r"""Projection → bidirectional LSTM → a number per token and game; a word has the sum of its tokens.

    What is linear in a token's features goes past the LSTM: of a linear model that is all there is.
    Efficiency is built in: what the words' numbers f_i lack of the total is given to them by learned shares,
    φ_i = f_i + p_i·(v(N) − v(∅) − Σ f), Σ p = 1, so that they sum to v(N) − v(∅) for every text.

    References:
        Jethani et al. (2022), FastSHAP: Real-time Shapley value estimation (equal shares);
        Covert et al. (2024), Stochastic amortization (noisy targets).
    """

    def __init__(self, *, n_features: int, n_games: int) -> None:
        """Make the layers, with weights from torch's global generator."""
        super().__init__()
        self.n_games = n_games
        self.norm = nn.LayerNorm(n_features)
        self.project = nn.Linear(n_features, _UNITS)
        self.ends = nn.Linear(2 * n_games, _UNITS)
        self.linear = nn.Linear(n_features, n_games)
        self.lstm = nn.LSTM(_UNITS, _UNITS, batch_first=True, bidirectional=True)
        self.values = nn.Linear(3 * _UNITS, 2 * n_games)
        self.error = nn.Sequential(
            nn.Linear(2 * _UNITS + 3 * n_games + 1, _ERROR_UNITS),
            nn.Tanh(),
            nn.Linear(_ERROR_UNITS, n_games),
        )

    def forward(self, sentences: Sentences, n_units: int) -> tuple[Tensor, Tensor]:
        """Predict.

        Args:
            sentences: the batch.
            n_units: words of the longest one.

        Returns:
            Values (batch, n_units, n_games), 0 behind a sentence's words; and what `error` guesses the
            logarithm of each sentence's relative error (batch, n_games) from.
        """
        ends = torch.cat([sentences.empty, sentences.full], dim=1)
        inputs = torch.tanh(self.project(self.norm(sentences.features)) + self.ends(ends).unsqueeze(1))
        mask = sentences.mask.unsqueeze(-1)
        padded = None if bool(sentences.mask.all()) else sentences.mask
        states = torch.cat([inputs, padded_states(self.lstm, inputs, padded)], dim=-1)
        numbers, shares = self.values(states).chunk(2, dim=-1)
        numbers = numbers + self.linear(sentences.features)
        of_word = (sentences.unit_of_token > 0).unsqueeze(-1)
        own = self._summed(numbers * of_word, sentences.unit_of_token, n_units)
        shares = shares.masked_fill(~of_word, float("-inf")).softmax(dim=1)
        total = sentences.full - sentences.empty
        rest = total - own.sum(dim=1)
        values = own + self._summed(shares, sentences.unit_of_token, n_units) * rest.unsqueeze(1)
        pooled = (states[..., _UNITS:] * mask).sum(dim=1) / mask.sum(dim=1)
        sizes = (values.abs().sum(dim=1) + 1e-6).log(), total.abs(), rest.abs()
        length = mask.sum(dim=1).to(pooled.dtype).log()
        return values, torch.cat([pooled, *sizes, length], dim=1)

    @staticmethod
    def _summed(of_token: Tensor, unit_of_token: Tensor, n_units: int) -> Tensor:
        """Sum over the tokens of each word: (batch, n_units, n_games)."""
        zeros = of_token.new_zeros(len(of_token), n_units + 1, of_token.shape[2])
        places = unit_of_token.unsqueeze(-1).expand_as(of_token)
        return zeros.scatter_add(1, places, of_token)[:, 1:]
