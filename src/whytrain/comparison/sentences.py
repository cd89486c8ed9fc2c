"""Chosen sentences, explained by the models of two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from whytrain.attribution.ask import Ask
from whytrain.attribution.attention.word_attention import WordAttention, word_attention
from whytrain.attribution.explainer import Explainer, Explanation, explain
from whytrain.attribution.target import target_of
from whytrain.attribution.units import players_of
from whytrain.comparison.runs import Progress, Sentences
from whytrain.data.words import split_words
from whytrain.models.interface import ModelInterface
from whytrain.models.saved import SavedModel
from whytrain.types import Payoff


@dataclass(frozen=True, kw_only=True)
class ExplanationSettings:
    """How sentences are explained.

    Attributes:
        explainers: the methods.
        payoff: of the gold class.
        seed: of methods that draw.
    """

    explainers: Sequence[Explainer]
    payoff: Payoff
    seed: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """What one model says of a sentence.

    Attributes:
        explanations: of the gold class, one per method and variant, the same ones on both sides.
        attention: None for a model without attention.
    """

    explanations: tuple[Explanation, ...]
    attention: WordAttention | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SentencePair:
    """A sentence before and after.

    Attributes:
        row: its position among the sentences.
        class_name: its gold class.
        before: by the baseline.
        after: by the other run.
    """

    row: int
    class_name: str
    before: Side
    after: Side

    @property
    def by_method(self) -> dict[str, list[tuple[Explanation, Explanation]]]:
        """Explanations before and after by method, one pair per variant."""
        found: dict[str, list[tuple[Explanation, Explanation]]] = {}
        for both in zip(self.before.explanations, self.after.explanations, strict=True):
            found.setdefault(both[0].attribution.method, []).append(both)
        return found


def explain_rows(
    models: tuple[SavedModel, SavedModel],
    names: tuple[str, str],
    rows: Sequence[int],
    sentences: Sentences,
    settings: ExplanationSettings,
    progress: Progress,
) -> tuple[list[SentencePair], list[str]]:
    """Explain sentences with both models.

    Args:
        models: of the baseline and of the other run.
        names: of the runs.
        rows: positions of the sentences.
        sentences: with texts.
        settings: how; methods that one of the models cannot be explained by are left out.
        progress: shows how far it is.

    Returns:
        The explained sentences, and why others, and methods, are not among them.
    """
    assert sentences.texts is not None
    interfaces = _comparable(models)
    if interfaces is None:
        return [], [f"no way to remove words suits both {names[0]} and {names[1]}: no sentence is explained"]
    explainers, missing = _possible(settings.explainers, interfaces, names)
    pairs = []
    for row in progress(rows if explainers else (), f"explaining {names[1]}"):
        text, asked = sentences.texts[row], sentences.task.asked(sentences.labels[row])
        if asked is None:
            missing.append(f"sentence {sentences.ids[row]} has no label to explain")
            continue
        class_name = sentences.class_names[asked]
        if not split_words(text):
            missing.append(f"sentence {sentences.ids[row]} has no words to explain")
            continue
        how = replace(settings, explainers=explainers)
        before, after = (
            _side(saved, model, text, class_name, how)
            for saved, model in zip(models, interfaces, strict=True)
        )
        if before.explanations[0].attribution.words != after.explanations[0].attribution.words:
            missing.append(
                f"sentence {sentences.ids[row]} is not explained side by side: the tokenizers of {names[0]} "
                f"and {names[1]} cut it into other words"
            )
            continue
        pairs.append(SentencePair(row=row, class_name=class_name, before=before, after=after))
    return pairs, missing


def attention_notes(sides: Mapping[str, Side]) -> list[str]:
    """Name the runs whose models have no attention weights."""
    return [
        f"{name} has no attention weights (model.pooling=attention has them)"
        for name, side in sides.items()
        if side.attention is None
    ]


def _comparable(models: tuple[SavedModel, SavedModel]) -> tuple[ModelInterface, ModelInterface] | None:
    """Return both models with the removals that suit both, so that what methods say of them compares."""
    first, second = (saved.interface for saved in models)
    others = second.capabilities.removals
    removals = tuple(name for name in first.capabilities.removals if name in others)
    if not removals:
        return None
    narrowed = [
        replace(model, capabilities=replace(model.capabilities, removals=removals))
        for model in (first, second)
    ]
    return narrowed[0], narrowed[1]


def _possible(
    explainers: Sequence[Explainer], models: Sequence[ModelInterface], names: Sequence[str]
) -> tuple[list[Explainer], list[str]]:
    """Return the methods that both models can be explained by, and what others miss."""
    possible, missing = [], []
    for explainer in explainers:
        reasons = [
            f"{explainer.name} is left out, {name}: {reason}"
            for name, model in zip(names, models, strict=True)
            if (reason := explainer.missing(model)) is not None
        ]
        missing += reasons
        if not reasons:
            possible.append(explainer)
    return possible, missing


def _side(
    saved: SavedModel, model: ModelInterface, text: str, class_name: str, settings: ExplanationSettings
) -> Side:
    players = players_of(saved.tokenizer.encode_words(text, saved.max_tokens), saved.max_tokens)
    index = saved.class_names.index(class_name)
    target = target_of(saved.task, saved.class_names, index, settings.payoff)
    explanations = explain(Ask(model, players), settings.explainers, target, seed=settings.seed)
    return Side(explanations=tuple(explanations), attention=word_attention(saved.interface, text))
