"""LIME: a linear model of the words that answers as the model does where most words are present."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from scipy.special import binom

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.perturbation.coalition_samples import n_samples, subsets
from whytrain.attribution.perturbation.least_squares import weighted_least_squares
from whytrain.attribution.shapley.coalitions import membership
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface
from whytrain.types import RemovalName


class Lime(Explainer):
    r"""Score of word i: its coefficient in min_β Σ_S π(S) (v(S) − β₀ − Σ_{i∈S} β_i)².

    Samples are drawn as the authors' package does for text: first how many words are absent, from none to all
    with the same chance, then which. π(S) = exp(−d²/(2σ²)) with the cosine distance to the whole text,
    d = 1 − √(|S|/n), and σ the kernel width. Unlike theirs the fit has no ridge penalty and chooses no words,
    so that it is exact for a linear model, and its standard errors are those of the sampling alone. Where the
    samples allow, all 2^n coalitions are taken with their chances instead, and there is no sampling error.

    References:
        Ribeiro, Singh, Guestrin (2016), “Why should I trust you?”: explaining the predictions of any
        classifier.
    """

    name = "lime"
    effort = "samples"

    def __init__(
        self,
        *,
        absence: RemovalName | None,
        samples: Annotated[int, Ge(16), Le(1 << 20)],
        kernel_width: Annotated[float, Gt(0)],
    ) -> None:
        """Store the settings.

        Args:
            absence: what stands where words are absent; None: as is usual for the model.
            samples: coalitions; at least four for each word are taken.
            kernel_width: σ; the smaller, the more the texts count that lack a few words only.
        """
        self.absence, self.samples, self.kernel_width = absence, samples, kernel_width

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return the number of coalitions."""
        return n_samples(self.samples, n_words)

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Fit the linear model of a text."""
        n, removal = len(ask.units), ask.removal(self.absence)
        count = n_samples(self.samples, n)
        exact = count == 1 << n
        if exact:
            present, values = membership(np.arange(count), n), target.values(ask.table(removal).logits)
            chances = 1 / ((n + 1) * binom(n, present.sum(axis=1)))
        else:
            generator = np.random.default_rng(seed)
            present = subsets(generator.integers(0, n + 1, count), n, generator)
            values, chances = target.values(ask.logits(present, removal)), np.ones(count)
        distance = 1 - np.sqrt(present.mean(axis=1))
        weights = chances * np.exp(-(distance**2) / (2 * self.kernel_width**2))
        features = np.column_stack([present.astype(np.float64), np.ones(count)])
        fit = weighted_least_squares(features, values, weights / weights.max(), np.arange(count))
        return [
            Attribution(
                method=self.name,
                variant=removal.name,
                absence=removal.name,
                words=ask.units.words,
                target=target,
                scores=fit.coefficients[:n],
                standard_errors=None if exact else fit.standard_errors[:n],
                quantity=Quantity(symbol="β", name="LIME coefficient", unit=target.unit, additive=False),
                total=None,
                n_evaluations=count,
            )
        ]
