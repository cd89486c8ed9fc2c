"""What a model computes of whole sentences, as batches that the amortized network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from whytrain.attribution.amortized.games import Games
from whytrain.attribution.amortized.network import Sentences
from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.table import logits_of_many
from whytrain.attribution.units import Units
from whytrain.models.evaluation import evaluating
from whytrain.models.interface import ModelInterface

_MOST, _FEWEST = 64, 24  # sentences of a batch
_LONGER = 1.2  # by how much a batch of enough sentences may be stretched: padding costs as much as words
_KEPT = 4096  # empty sentences whose values are remembered: hardly more than there are lengths


@dataclass(frozen=True, eq=False, kw_only=True)
class Seen:
    """A sentence as the model sees it.

    Attributes:
        features: (n_tokens, n_features).
        unit_of_token: int64 (n_tokens,), the word of each token, -1 for tokens of none.
        empty: float64 (n_games,), values of the games without any word.
        full: float64 (n_games,), with all.
    """

    features: Tensor
    unit_of_token: NDArray[np.int64]
    empty: NDArray[np.float64]
    full: NDArray[np.float64]


class Reader:
    """Runs a model once over whole sentences; what it says without any word is asked once per length."""

    def __init__(self, model: ModelInterface, games: Games, absence: Removal) -> None:
        """Store the parts."""
        self._model, self._games, self._absence = model, games, absence
        self._empty: dict[bytes, NDArray[np.float64]] = {}

    def __call__(self, sentences: Sequence[Units]) -> list[Seen]:
        """Read sentences in one batch."""
        lengths = [len(units.token_ids) for units in sentences]
        ids = torch.full((len(sentences), max(lengths)), self._model.tokenizer.padding_id)
        for row, units in zip(ids, sentences, strict=True):
            row[: len(units.token_ids)] = torch.from_numpy(units.token_ids)
        mask = torch.arange(ids.shape[1]) < torch.tensor(lengths)[:, None]
        padded = None if min(lengths) == max(lengths) else mask
        with evaluating(self._model):
            embeddings = self._model.embed(ids)
            seen = self._model.inspect_embeddings(embeddings, padded)
        features = torch.cat([embeddings, seen.hidden_states], dim=-1).float().cpu()
        full = self._games.values(seen.logits.double().cpu().numpy())
        empty = self._without_words(sentences)
        return [
            Seen(
                features=features[row, : lengths[row]],
                unit_of_token=units.player_of_token,
                empty=empty[row],
                full=full[row],
            )
            for row, units in enumerate(sentences)
        ]

    def _without_words(self, sentences: Sequence[Units]) -> list[NDArray[np.float64]]:
        keys = [self._key(units) for units in sentences]
        missing = {key: units for key, units in zip(keys, sentences, strict=True) if key not in self._empty}
        if missing:
            if len(self._empty) > _KEPT:
                self._empty.clear()
            present = [np.zeros((1, len(units)), dtype=bool) for units in missing.values()]
            asked = [*missing.values()]
            found = logits_of_many(self._model.coalition_model(), asked, present, self._absence)
            self._empty |= {
                key: self._games.values(logits)[0] for key, logits in zip(missing, found, strict=True)
            }
        return [self._empty[key] for key in keys]

    def _key(self, units: Units) -> bytes:
        """Return what is left of a sentence without its words: all such sentences are one."""
        stays = units.player_of_token < 0
        replacement = self._absence.replacement_id
        if replacement is None:
            return units.token_ids[stays].tobytes()
        return np.where(stays, units.token_ids, replacement).tobytes()


def of_like_length(lengths: Sequence[int]) -> list[list[int]]:
    """Return the places of sentences in batches of like length, from the shortest on."""
    batches: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        last = batches[-1] if batches else []
        stretched = len(last) >= _FEWEST and lengths[place] > _LONGER * lengths[last[0]]
        if not last or len(last) == _MOST or stretched:
            batches.append([])
        batches[-1].append(place)
    return batches


def batch_of(seen: Sequence[Seen]) -> Sentences:
    """Pad sentences to one batch."""
    lengths = [len(one.unit_of_token) for one in seen]
    features = pad_sequence([one.features for one in seen], batch_first=True)
    units = pad_sequence([torch.from_numpy(one.unit_of_token + 1) for one in seen], batch_first=True)
    ends = [
        torch.from_numpy(np.stack([getattr(one, name) for one in seen])).float() for name in ("empty", "full")
    ]
    mask = torch.arange(features.shape[1]) < torch.tensor(lengths)[:, None]
    return Sentences(features, mask, units, *ends)
