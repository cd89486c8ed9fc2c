"""Scores drawn at random: the floor that every explanation must be above."""

from __future__ import annotations

import zlib

import numpy as np

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface


class RandomScores(Explainer):
    """Draws from the standard normal distribution, the same ones whenever a text is asked again."""

    name = "random"

    def __init__(self) -> None:
        """Need no settings."""

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return 0: the model is not run."""
        return 0

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Draw a score for each word."""
        text = zlib.crc32(" ".join(ask.units.words).encode("utf-8", "surrogatepass"))
        generator = np.random.default_rng([seed, text, zlib.crc32(target.name.encode("utf-8"))])
        return [
            Attribution(
                method=self.name,
                variant="",
                words=ask.units.words,
                target=target,
                scores=generator.standard_normal(len(ask.units)),
                standard_errors=None,
                quantity=Quantity(
                    symbol="r", name="random score", unit="standard deviations", additive=False
                ),
                total=None,
                n_evaluations=0,
            )
        ]
