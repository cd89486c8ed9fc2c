"""Causal patching: a state of one sentence put into another, and how much of the answer comes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.models.evaluation import evaluating
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import POOLED, LayerStates, Replacement, token_layers
from whytrain.patching.pairs import Pair

Array = NDArray[np.float64]
LEAST = 0.1  # logits: of a smaller difference there is nothing to restore


@dataclass(frozen=True, kw_only=True, eq=False)
class Patched:
    """A pair of sentences, and what each state of the first is worth in the second.

    Attributes:
        pair: the sentences.
        towards: the class that the first sentence is for, compared with `against`.
        against: the class that the second is for, or the first one's next.
        difference: logit of `towards` - logit of `against` in the first sentence.
        other_difference: the same in the second.
        layers: names, from the input on; what a recurrence carries has a row of its own.
        restored: (n_layers, n_words), the share of what lies between the two differences that is there
            again if the second sentence gets the first one's state at one word; NaN where nothing lies there.
        special: (n_layers,), the same with the states at all special tokens, such as the one that a
            transformer's classifier reads; None where there are none.
        direct: by layer that is read, the share that goes through the states at the changed words themselves.
        indirect: by layer, the share that goes through the states at all other tokens, which the changed ones
            have reached before.
    """

    pair: Pair
    towards: int
    against: int
    difference: float
    other_difference: float
    layers: tuple[str, ...]
    restored: Array
    special: Array | None
    direct: Mapping[str, float]
    indirect: Mapping[str, float]

    @property
    def total(self) -> float:
        """What the change of words does to the difference of the logits."""
        return self.difference - self.other_difference


def patched(model: ModelInterface, pair: Pair, *, towards: int | None = None) -> Patched:
    """Carry states of the first sentence into the second, one layer and word at a time.

    With d(x) = logit of `towards` - logit of `against`, restored(l, w) = (d(other with the state of layer l
    at word w from the sentence) - d(other)) / (d(sentence) - d(other)). Of a layer that is read, the states
    of all tokens decide everything behind it. So what the changed words do comes apart there into the direct
    effect, d(other with the sentence's states at these words) - d(other), and the indirect one with the
    states at all other tokens; what is missing to the whole is done by both together.

    Args:
        model: which shows its layers.
        pair: the sentences.
        towards: the class; None: the one that the first sentence is for.

    Raises:
        ConfigError: the model shows no layers.

    References:
        Meng et al. (2022), Locating and editing factual associations in GPT, section 2.
        Vig et al. (2020), Investigating gender bias in language models using causal mediation analysis,
        section 3: natural direct and indirect effects.
    """
    with evaluating(model):
        first, second = (
            model.through_layers(torch.from_numpy(ids)[None], None)
            for ids in (pair.token_ids, pair.other_ids)
        )
        towards, against = _classes(first.logits[0], second.logits[0], towards)

        def differences(logits: Tensor) -> Array:
            of_class: Array = (logits[:, towards] - logits[:, against]).double().cpu().numpy()
            return of_class

        start, goal = float(differences(second.logits)[0]), float(differences(first.logits)[0])
        span = goal - start if abs(goal - start) >= LEAST else np.nan
        layers = tuple(layer for layer in first.states if layer != POOLED)
        own = pair.word_of_token == np.arange(len(pair.words))[:, None]
        changed = np.isin(pair.word_of_token, pair.changed)[None]
        is_special = (pair.word_of_token < 0)[None]
        sets = np.concatenate([own, changed, ~changed, is_special])
        shares = {
            layer: (differences(_carried_over(model, pair, first, layer, sets)) - start) / span
            for layer in layers
        }
    n_words = len(pair.words)
    read = token_layers(layers)
    return Patched(
        pair=pair,
        towards=towards,
        against=against,
        difference=goal,
        other_difference=start,
        layers=layers,
        restored=np.stack([shares[layer][:n_words] for layer in layers]),
        special=np.array([shares[layer][n_words + 2] for layer in layers]) if pair.special else None,
        direct={layer: float(shares[layer][n_words]) for layer in read},
        indirect={layer: float(shares[layer][n_words + 1]) for layer in read},
    )


def _carried_over(
    model: ModelInterface, pair: Pair, first: LayerStates, layer: str, sets: NDArray[np.bool_]
) -> Tensor:
    """Return logits of the second sentence with the first one's states at each set of tokens."""
    ids = torch.from_numpy(pair.other_ids)[None].expand(len(sets), -1)
    where = torch.from_numpy(sets)[:, :, None].to(model.device)
    return model.through_layers(
        ids, None, Replacement(layer=layer, where=where, values=first.states[layer])
    ).logits


def _classes(first: Tensor, second: Tensor, towards: int | None) -> tuple[int, int]:
    """Return the class that the first sentence is for, and the one that the second is for instead.

    Where both are for the same class, the other one is that which gained most by the change.
    """
    if towards is None:
        towards = int(first.argmax())
    against = int(second.argmax())
    if against == towards:
        gained = second - first
        gained[towards] = -torch.inf
        against = int(gained.argmax())
    return towards, against
