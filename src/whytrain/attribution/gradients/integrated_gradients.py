"""Integrated gradients of the target along a straight line of embeddings, from a baseline to the text."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from annotated_types import Ge
from captum.attr import IntegratedGradients as Captum
from torch import Tensor

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.gradients.embedding_gradients import NO_EMBEDDINGS
from whytrain.attribution.removal import removal_of
from whytrain.attribution.target import Target
from whytrain.models.evaluation import differentiable
from whytrain.models.interface import ModelInterface

Baseline = Literal["padding", "mask", "unknown", "zero"]


class IntegratedGradients(Explainer):
    r"""Score of word i: Σ over its tokens of (x_t − b_t)·∫₀¹ ∂target/∂x_t(b + α(x − b)) dα.

    Special tokens keep their embeddings, so that the baseline is the text with all words absent. The scores
    sum to target(x) − target(b) up to the error of the integral, whose size `total` tells.

    References:
        Sundararajan, Taly, Yan (2017), Axiomatic attribution for deep networks, equation 1.
    """

    name = "integrated_gradients"
    requirements = ("captum",)

    def __init__(self, *, baseline: Baseline, steps: Annotated[int, Ge(1)]) -> None:
        """Store the settings.

        Args:
            baseline: the token whose embedding stands in each word's place at the start; zero: a vector of 0.
            steps: points of the Gauss-Legendre rule by which the integral is computed.
        """
        self.baseline, self.steps = baseline, steps

    def missing(self, model: ModelInterface) -> str | None:
        """Say what is missing: embeddings to differentiate by, or the baseline's token."""
        if not model.capabilities.embeddings:
            return f"{self.name} {NO_EMBEDDINGS}"
        ids = {"mask": model.tokenizer.mask_id, "unknown": model.tokenizer.unknown_id}
        if ids.get(self.baseline, 0) is None:
            return (
                f"integrated_gradients: the tokenizer has no {self.baseline} token; choose another baseline"
            )
        return None

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return a forward and a backward pass per step, and two passes for the ends."""
        return 2 * self.steps + 2

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Integrate the gradients of a text."""
        model, units = ask.model, ask.units
        token_ids = torch.from_numpy(units.token_ids)[None].to(model.device)
        of_word = torch.from_numpy(units.player_of_token >= 0).to(model.device)

        def value(embeddings: Tensor) -> Tensor:
            return target.of_tensor(model.logits_of_embeddings(embeddings, None))

        with differentiable(model):
            embeddings = model.embed(token_ids).detach()
            start = self._start(model, token_ids, embeddings, of_word)
            gradients = Captum(value).attribute(
                embeddings,
                baselines=start,
                n_steps=self.steps,
                method="gausslegendre",
                internal_batch_size=max(1, _TOKENS_AT_ONCE // token_ids.shape[1]),
            )
            with torch.no_grad():
                ends = value(torch.cat([start, embeddings])).tolist()
        of_token = gradients[0].sum(dim=1).cpu().double().numpy()
        return [
            Attribution(
                method=self.name,
                variant=f"{self.baseline}_baseline",
                words=units.words,
                target=target,
                scores=units.sums(of_token),
                standard_errors=None,
                quantity=Quantity(symbol="IG", name="integrated gradient", unit=target.unit),
                total=(ends[0], ends[1]),
                n_evaluations=self.cost(model, len(units)),
            )
        ]

    def _start(self, model: ModelInterface, token_ids: Tensor, embeddings: Tensor, of_word: Tensor) -> Tensor:
        if self.baseline == "zero":
            return torch.where(of_word[:, None], torch.zeros_like(embeddings), embeddings)
        replacement = removal_of(self.baseline, model).replacement_id
        assert replacement is not None
        return model.embed(torch.where(of_word, replacement, token_ids)).detach()


_TOKENS_AT_ONCE = 8192
