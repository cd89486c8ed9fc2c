"""Chosen sentences, explained by the models of two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whytrain.attribution.attention import WordAttention, word_attention
from whytrain.attribution.removal import absence, shared_removals
from whytrain.attribution.shapley.explanation import Explanation, explain
from whytrain.attribution.units import players_of
from whytrain.comparison.runs import Progress, Sentences
from whytrain.data.words import split_words
from whytrain.models.saved import SavedModel
from whytrain.types import AbsenceName, Payoff


@dataclass(frozen=True)
class ExplanationSettings:
    """How sentences are explained; see `whytrain.attribution.shapley.explanation.explain`.

    Attributes:
        absences: what stands where a word is absent; figures show the first. None: what both models need.
        payoff: of the gold class.
        exact_words: up to how many words all coalitions are evaluated.
        budget: evaluations of an estimate.
        seed: of an estimate.
    """

    absences: tuple[AbsenceName, ...] | None
    payoff: Payoff
    exact_words: int
    budget: int
    seed: int


@dataclass(frozen=True, eq=False)
class Side:
    """What one model says of a sentence.

    Attributes:
        explanations: of the gold class, one per absence.
        attention: None for a model without attention.
    """

    explanations: tuple[Explanation, ...]
    attention: WordAttention | None


@dataclass(frozen=True, eq=False)
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
        settings: how.
        progress: shows how far it is.

    Returns:
        The explained sentences, and why others are not among them.
    """
    assert sentences.texts is not None
    absences = settings.absences or shared_removals([saved.interface.capabilities for saved in models])
    pairs, missing = [], []
    for i in progress(range(len(rows)), f"explaining {names[1]}"):
        row = rows[i]
        text, class_name = sentences.texts[row], sentences.class_names[sentences.labels[row]]
        if not split_words(text):
            missing.append(f"sentence {sentences.ids[row]} has no words to explain")
            continue
        before, after = (_side(model, text, class_name, absences, settings) for model in models)
        if before.explanations[0].words != after.explanations[0].words:
            missing.append(
                f"sentence {sentences.ids[row]} is not explained side by side: the tokenizers of {names[0]} "
                f"and {names[1]} cut it into other words"
            )
            continue
        pairs.append(SentencePair(row, class_name, before, after))
    return pairs, missing


def attention_notes(sides: Mapping[str, Side]) -> list[str]:
    """Name the runs whose models have no attention weights."""
    return [
        f"{name} has no attention weights (model.pooling=attention has them)"
        for name, side in sides.items()
        if side.attention is None
    ]


def _side(
    saved: SavedModel,
    text: str,
    class_name: str,
    absences: Sequence[AbsenceName],
    settings: ExplanationSettings,
) -> Side:
    players = players_of(saved.tokenizer.encode_words(text, saved.max_tokens), saved.max_tokens)
    model = saved.interface.coalition_model()
    explanations = tuple(
        explain(
            model,
            players,
            absence(name, saved.tokenizer),
            payoff=settings.payoff,
            class_index=saved.class_names.index(class_name),
            exact_words=settings.exact_words,
            budget=settings.budget,
            seed=settings.seed,
        )
        for name in absences
    )
    return Side(explanations, word_attention(saved.interface, text))
