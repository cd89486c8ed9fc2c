"""KernelSHAP: Shapley values as the solution of a weighted regression over sampled coalitions."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray
from scipy.special import binom

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.perturbation.coalition_samples import n_samples, subsets
from whytrain.attribution.perturbation.least_squares import Array, weighted_least_squares
from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.coalitions import membership
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface
from whytrain.types import RemovalName


class KernelShap(Explainer):
    r"""Scores φ that minimize Σ_S k(|S|) (v(S) − v(∅) − Σ_{i∈S} φ_i)² under Σ_i φ_i = v(N) − v(∅).

    With k(s) = (n − 1) / (C(n, s) s (n − s)) and all coalitions the scores are the Shapley values. Of longer
    texts coalitions are drawn with chances of k, each with its complement, and the scores are estimates of
    them. `shapley` estimates the same, and interactions beside it; this is the method as others know it.

    References:
        Lundberg, Lee (2017), A unified approach to interpreting model predictions; Covert, Lee (2021),
        Improving KernelSHAP: practical Shapley value estimation via linear regression (for the pairs).
    """

    name = "kernel_shap"
    effort = "samples"

    def __init__(self, *, absence: RemovalName | None, samples: Annotated[int, Ge(16), Le(1 << 20)]) -> None:
        """Store the settings.

        Args:
            absence: what stands where words are absent; None: as is usual for the model.
            samples: coalitions; at least four for each word are taken.
        """
        self.absence, self.samples = absence, samples

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return the number of coalitions, none and all words among them."""
        return n_samples(self.samples, n_words)

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Solve the regression of a text."""
        n, removal = len(ask.units), ask.removal(self.absence)
        count = n_samples(self.samples, n)
        exact = count == 1 << n
        scores, errors, ends = (
            _exact(ask, target, removal) if exact else _drawn(ask, target, removal, count, seed)
        )
        return [
            Attribution(
                method=self.name,
                variant=removal.name,
                absence=removal.name,
                words=ask.units.words,
                target=target,
                scores=scores,
                standard_errors=errors,
                quantity=Quantity(symbol="φ", name="Shapley value", unit=target.unit),
                total=ends,
                n_evaluations=count,
            )
        ]


Solution = tuple[Array, Array | None, tuple[float, float]]  # scores, standard errors, v(∅) and v(N)


def _exact(ask: Ask, target: Target, removal: Removal) -> Solution:
    n = len(ask.units)
    v = target.values(ask.table(removal).logits)
    inner = np.arange(1, len(v) - 1)  # without ∅ and N, which the constraint holds
    if not len(inner):  # one word
        return v[1:] - v[:1], None, (float(v[0]), float(v[1]))
    present = membership(inner, n)
    size = present.sum(axis=1)
    kernel = (n - 1) / (binom(n, size) * size * (n - size))
    scores, _ = _solved(present, v[inner], v[[0, -1]], kernel, inner)
    return scores, None, (float(v[0]), float(v[-1]))


def _drawn(ask: Ask, target: Target, removal: Removal, count: int, seed: int) -> Solution:
    n = len(ask.units)
    generator = np.random.default_rng(seed)
    sizes = np.arange(1, n)
    chances = 1 / (sizes * (n - sizes))
    half = subsets(generator.choice(sizes, count // 2 - 1, p=chances / chances.sum()), n, generator)
    ends = np.array([[False], [True]]).repeat(n, axis=1)
    v = target.values(ask.logits(np.concatenate([ends, half, ~half]), removal))
    pair = np.tile(np.arange(len(half)), 2)
    present = np.concatenate([half, ~half])
    scores, errors = _solved(present, v[2:], v[:2], np.ones(len(present)), pair)
    return scores, errors, (float(v[0]), float(v[1]))


def _solved(
    present: NDArray[np.bool_], values: Array, ends: Array, weights: Array, group: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Return scores and standard errors; both v(∅) and v(N) are kept exactly.

    With φ = (v(N) − v(∅))/n + ψ the constraint is Σψ = 0. Features without their mean over the words say the
    same of such ψ, and the solution of the least norm has no part along the mean.
    """
    n, difference = present.shape[1], ends[1] - ends[0]
    share = present.mean(axis=1)
    fit = weighted_least_squares(
        present - share[:, None], values - ends[0] - difference * share, weights, group
    )
    return difference / n + fit.coefficients, fit.standard_errors
