"""A trained amortized explainer: predictions with the error they may have, kept as safetensors and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from whytrain.attribution.amortized.batches import Seen, batch_of
from whytrain.attribution.amortized.examples import Example
from whytrain.attribution.amortized.games import Games
from whytrain.attribution.amortized.network import AmortizedNetwork
from whytrain.errors import WhytrainError
from whytrain.types import RemovalName

Array = NDArray[np.float64]

FOLDER = "amortized"  # beside the model's own files
_WEIGHTS, _DESCRIPTION = "weights.safetensors", "amortized.json"
_FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What it reached on held-out sentences.

    Attributes:
        n_train: sentences that it learned from.
        n_judged: sentences that it was judged by, half of them for these figures.
        relative_error: mean of Σ|φ̂ − φ| / Σ|φ| over sentences, the truth's own error included.
        rank_correlation: mean Spearman correlation of φ̂ and φ over sentences.
    """

    n_train: int
    n_judged: int
    relative_error: float
    rank_correlation: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Prediction:
    """The values of a sentence.

    Attributes:
        values: float64 (n_words, n_games), Σ = v(N) − v(∅).
        errors: float64 (n_games,), what Σ|φ̂ − φ| / Σ|φ| is at most in the promised share of texts.
        empty: float64 (n_games,), v(∅).
        full: float64 (n_games,), v(N).
    """

    values: Array
    errors: Array
    empty: Array
    full: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedExplainer:
    """The network and what must be known to use it.

    Attributes:
        network: in evaluation mode.
        games: what it predicts.
        absence: what stood where a word was absent.
        scales: float64 (n_games,), by which a guessed error is multiplied to be kept.
        coverage: share of texts in which it is.
        longest: tokens of the longest sentence that it learned from.
        measured: what it reached.
        n_evaluations: coalitions that were evaluated to make it.
    """

    network: AmortizedNetwork
    games: Games
    absence: RemovalName
    scales: Array
    coverage: float
    longest: int
    measured: Measured
    n_evaluations: int

    def predict(self, seen: Sequence[Seen]) -> list[Prediction]:
        """Predict the values of sentences in one batch."""
        n_words = [int(one.unit_of_token.max()) + 1 for one in seen]
        with torch.no_grad():
            values, hints = self.network(batch_of(seen), max(n_words))
            errors = self.network.error(hints).double().exp()
        known = errors.numpy() * self.scales
        return [
            Prediction(
                values=_complete(found[:n], one.full - one.empty),
                errors=error,
                empty=one.empty,
                full=one.full,
            )
            for found, error, one, n in zip(values.double().numpy(), known, seen, n_words, strict=True)
        ]

    def scaled(self, seen: Sequence[Seen], examples: Sequence[Example]) -> TrainedExplainer:
        """Scale the errors so that they are kept in the promised share of sentences like these.

        Split conformal prediction: of n ratios true / guessed the ⌈(n + 1)·coverage⌉-th smallest one.

        References:
            Papadopoulos et al. (2002), Inductive confidence machines for regression (normalized scores).
        """
        found = [p for one in seen for p in self.predict([one])]
        true = np.stack(
            [relative_errors(p.values[None], [e])[0] for p, e in zip(found, examples, strict=True)]
        )
        ratios = np.sort(true / np.stack([p.errors for p in found]), axis=0)
        place = min(int(np.ceil((len(ratios) + 1) * self.coverage)), len(ratios)) - 1
        ranks = [
            spearmanr(p.values[:, game], e.values[:, game]).statistic
            for p, e in zip(found, examples, strict=True)
            for game in range(len(self.games))
            if len(e.values) > 2
        ]
        measured = replace(
            self.measured, relative_error=float(true.mean()), rank_correlation=float(np.nanmean(ranks))
        )
        return replace(self, scales=self.scales * ratios[place], measured=measured)

    def save(self, folder: Path) -> None:
        """Write it into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_model(self.network, str(folder / _WEIGHTS))
        description = {
            "format": _FORMAT,
            "n_features": self.network.norm.normalized_shape[0],
            "games": asdict(self.games),
            "absence": self.absence,
            "scales": self.scales.tolist(),
            "coverage": self.coverage,
            "longest": self.longest,
            "measured": asdict(self.measured),
            "n_evaluations": self.n_evaluations,
        }
        (folder / _DESCRIPTION).write_text(json.dumps(description, indent=1), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> TrainedExplainer:
        """Read what `save` wrote.

        Raises:
            WhytrainError: the folder is of another format.
        """
        plain: dict[str, Any] = json.loads((folder / _DESCRIPTION).read_text("utf-8"))
        if plain.pop("format", None) != _FORMAT:
            raise WhytrainError(f"{folder} is not of format {_FORMAT}: make it anew with whytrain amortize")
        games = Games(**plain.pop("games"))
        with torch.random.fork_rng(devices=[]):
            network = AmortizedNetwork(n_features=plain.pop("n_features"), n_games=len(games))
        safetensors.torch.load_model(network, folder / _WEIGHTS)
        scales, measured = np.array(plain.pop("scales")), Measured(**plain.pop("measured"))
        return cls(network=network.eval(), games=games, scales=scales, measured=measured, **plain)


def relative_errors(values: Array, examples: Sequence[Example]) -> Array:
    """Return Σ|φ̂ − φ| / Σ|φ|: (n_sentences, n_words, n_games) to (n_sentences, n_games).

    Both sums are kept from 0 by a ten-thousandth, so that sentences of nothing have an error of 1.
    """
    errors = np.empty((len(examples), values.shape[2]))
    for row, example in enumerate(examples):
        gap = np.abs(values[row, : len(example.values)] - example.values).sum(axis=0)
        errors[row] = (gap + 1e-4) / (np.abs(example.values).sum(axis=0) + 1e-4)
    return errors


def _complete(values: Array, total: Array) -> Array:
    """Give what rounding left over to all words: the sum is exact in float64."""
    complete: Array = values + (total - values.sum(axis=0)) / len(values)
    return complete
