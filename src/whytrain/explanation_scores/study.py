"""What is scored: texts, what a model says of them, and the explanations that a method gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask, fill_tables
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.long_texts import units_that_matter
from whytrain.attribution.removal import Removal
from whytrain.attribution.target import Target, target_of
from whytrain.attribution.units import players_of
from whytrain.data.treebank import LabelledTree
from whytrain.explanation_scores.faithfulness.paths import Path, follow
from whytrain.models.saved import SavedModel
from whytrain.shortcuts.marks import Mark
from whytrain.types import Payoff, RemovalName

Array = NDArray[np.float64]

EXACT_WORDS = 14  # up to so many words all combinations are asked: what is best is then known


@dataclass(frozen=True, eq=False, kw_only=True)
class Study:
    """Texts and a model whose explanations of them are judged.

    Attributes:
        saved: the model.
        texts: n texts, each with at least one word.
        removal: what stands where a score takes a word away: one way for all methods.
        asks: the texts, to be asked about.
        targets: the predicted class, or the most probable label, of each.
        seed: of methods and scores that draw.
        positive: of two classes the one that people's labels are high for.
        trees: people's labels of each text's phrases; empty: nobody labeled them.
        marks: words that are known to be shortcuts.
        other: a model of another training, or of another epoch.
        random_labels: a model that was trained as this one, on labels drawn at random.
    """

    saved: SavedModel
    texts: tuple[str, ...]
    removal: Removal
    asks: tuple[Ask, ...]
    targets: tuple[Target, ...]
    seed: int
    positive: int = 1
    trees: tuple[LabelledTree, ...] = ()
    marks: tuple[Mark, ...] = ()
    other: SavedModel | None = None
    random_labels: SavedModel | None = None

    def table(self, place: int) -> Array | None:
        """Return the target's values of all combinations of a text's words, (2^n,); None for a long text."""
        ask = self.asks[place]
        return None if is_long(ask) else self.targets[place].values(ask.table(self.removal).logits)

    def asks_of(self, saved: SavedModel) -> list[Ask]:
        """Return the same texts, put to another model."""
        return [ask_of(saved, text) for text in self.texts]


def make_study(
    saved: SavedModel,
    texts: Sequence[str],
    *,
    payoff: Payoff = "log_odds",
    removal: RemovalName | None = None,
    seed: int = 0,
) -> Study:
    """Ask a model what it says of texts, and how it decides without some of their words.

    Args:
        saved: the model.
        texts: each with at least one word.
        payoff: of the predicted class.
        removal: what stands where a score takes a word away; None: what is usual for the model.
        seed: of methods and scores that draw.

    Raises:
        DataError: a text has no words.
        ConfigError: the tokenizer has no such token.
    """
    logits = saved.logits(texts)
    names, task = saved.class_names, saved.task
    targets = [target_of(task, names, int(index), payoff) for index in logits.argmax(axis=1)]
    asks = [ask_of(saved, text, target) for text, target in zip(texts, targets, strict=True)]
    way = asks[0].removal(removal)
    fill_tables([ask for ask in asks if not is_long(ask)], way)
    return Study(
        saved=saved,
        texts=tuple(texts),
        removal=way,
        asks=tuple(asks),
        targets=tuple(targets),
        seed=seed,
        positive=len(names) - 1,
    )


def ask_of(saved: SavedModel, text: str, target: Target | None = None) -> Ask:
    """Return a text as a model reads it; with a target to divide by, a very long one in passages."""
    encoding = saved.tokenizer.encode_words(text, saved.max_tokens)
    whole = Ask(saved.interface, players_of(encoding, saved.max_tokens))
    return whole if target is None else Ask(saved.interface, units_that_matter(whole, target))


def is_long(ask: Ask) -> bool:
    """Whether a text has too many words to ask about all combinations of them."""
    return len(ask.units) > EXACT_WORDS


def explanations(
    explainer: Explainer, asks: Sequence[Ask], targets: Sequence[Target], seed: int
) -> tuple[Attribution, ...]:
    """Return what the first variant of a method says of several texts."""
    method = explainer.first_variant(asks[0].model)
    method.prepare(asks, targets)
    return tuple(method(ask, target, seed=seed)[0] for ask, target in zip(asks, targets, strict=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """A method's explanations of a study's texts.

    Attributes:
        study: the texts and the model.
        explainer: the method, to be asked again.
        attributions: of each text, by the first variant of the method.
    """

    study: Study
    explainer: Explainer
    attributions: tuple[Attribution, ...]

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """What the model says while words go, and come, in the order of each explanation."""
        asked = zip(self.study.asks, self.attributions, strict=True)
        return tuple(follow(ask, attribution, self.study.removal) for ask, attribution in asked)

    def again(
        self, asks: Sequence[Ask], *, targets: Sequence[Target] | None = None, seed: int | None = None
    ) -> tuple[Attribution, ...]:
        """Explain by the same method: other texts, another model, or drawn anew."""
        return explanations(
            self.explainer,
            asks,
            self.study.targets if targets is None else targets,
            self.study.seed if seed is None else seed,
        )


def judge(study: Study, explainer: Explainer) -> Judged:
    """Explain a study's texts by a method."""
    found = explanations(explainer, study.asks, study.targets, study.seed)
    return Judged(study=study, explainer=explainer, attributions=found)


def with_model(saved: SavedModel, module: object) -> SavedModel:
    """Return a classifier with other weights."""
    return replace(saved, model=module)  # type: ignore[arg-type]  # a copy of its module
