"""The interface of an explanation method; each is a file of its own and a YAML file in conf/explainer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.deletion import Deletion, delete_words
from whytrain.attribution.target import Target
from whytrain.config.signatures import import_target
from whytrain.errors import refuse
from whytrain.models.interface import ModelInterface


class Explainer(Protocol):
    """A method that scores the words of a text; a subclass says its name, its cost, and how it explains.

    Attributes:
        name: as in conf/explainer/ and in the names of metrics, tables and figures.
        requirements: packages that it needs besides this one's own, for models that travel without it.
        effort: of a method that estimates, the setting that makes its standard errors smaller.
    """

    name: str
    requirements: tuple[str, ...] = ()
    effort: str | None = None

    def missing(self, model: ModelInterface) -> str | None:
        """Say in one line what the method needs and the model has not; None where it can explain."""
        return None

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return how many forward passes a text takes; a backward pass counts as one."""
        ...

    def first_variant(self, model: ModelInterface) -> Explainer:
        """Return the method reduced to the variant that figures and rankings show: itself if it has one."""
        return self

    def prepare(self, asks: Sequence[Ask], targets: Sequence[Target]) -> None:
        """Evaluate what several texts of one model need together, where that is cheaper than one by one.

        Args:
            asks: the texts.
            targets: which output of each will be explained.
        """
        return

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> Sequence[Attribution]:
        """Explain a text; one attribution per variant of the method."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class Explanation:
    """An attribution, and what it means to act on it.

    Attributes:
        attribution: the scores of a text's words.
        deletion: what the model says when words go in their order.
    """

    attribution: Attribution
    deletion: Deletion


def explain(ask: Ask, explainers: Sequence[Explainer], target: Target, *, seed: int) -> list[Explanation]:
    """Explain a text by several methods.

    What deleting words does is asked with the removal of the attribution itself, or the model's usual one.

    Args:
        ask: the text and the model.
        explainers: the methods; of each `missing` is None.
        target: which output.
        seed: of methods that draw.
    """
    return [
        read(ask, attribution)
        for explainer in explainers
        for attribution in explainer(ask, target, seed=seed)
    ]


def read(ask: Ask, attribution: Attribution) -> Explanation:
    """Delete words in the order of an attribution, by its own way to remove them or the model's usual one."""
    removal = ask.removal(attribution.absence)
    deletion = delete_words(attribution, removal.name, partial(ask.logits, absence=removal))
    return Explanation(attribution=attribution, deletion=deletion)


def make_explainer(section: Mapping[str, Any]) -> Explainer:
    """Make a method from its section of a config: `_target_`, its class, and its settings."""
    settings = dict(section)
    explainer: Explainer = import_target(settings.pop("_target_"))(**settings)
    return explainer


def check_explainers(explainers: Sequence[Explainer], model: ModelInterface) -> None:
    """Refuse methods that need what the model has not.

    Raises:
        ConfigError: naming each of them with its reason.
    """
    refuse(explainer.missing(model) for explainer in explainers)


def able(explainers: Sequence[Explainer], model: ModelInterface) -> tuple[list[Explainer], list[str]]:
    """Return the methods that a model can be explained by, and the reasons why others cannot."""
    reasons = [explainer.missing(model) for explainer in explainers]
    possible = [explainer for explainer, reason in zip(explainers, reasons, strict=True) if reason is None]
    return possible, [reason for reason in reasons if reason is not None]
