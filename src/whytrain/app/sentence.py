"""The view of a sentence: the answer, what each word does, what else could stand there, what is like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

import whytrain as wt
from whytrain.app.coloring import ColoredWord, colored, look, spaces_of
from whytrain.app.explored import Explored
from whytrain.attribution.attribution import Attribution, Pairs, Quantity, sure_pairs
from whytrain.attribution.text import ExplainedText
from whytrain.data.lexicon import Lexicon, lexicon_of
from whytrain.data.words import bare_word
from whytrain.models.alike import AlikeSentences, AlikeWords, frequent_words
from whytrain.pages.explanation.drawings import arcs
from whytrain.pages.explanation.verdict import deciding_words, told_apart, verdict_sentences
from whytrain.presentation.wording import listed, percent, scores_of

EFFECT = Quantity(symbol="Δ", name="effect of the word", unit="log-odds", additive=False)
_OF_A_KIND = 4  # opposites, synonyms
_NEAR = 8  # words that are near for the model
_ARCS = 4
_CLASSES = 6  # whose probabilities are shown
_ALIKE = 6
Tried = tuple[str, str]  # a word, and why it is tried


@dataclass(frozen=True, kw_only=True)
class Chance:
    """The probability of a class.

    Attributes:
        name: of the class.
        trained: as the model says.
        corrected: by the calibration slice; None without one.
        decided: whether it is the answer.
    """

    name: str
    trained: float
    corrected: float | None
    decided: bool


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one model says of a sentence.

    Attributes:
        model: who was asked.
        asked: the answer.
        sentences: it in words.
        chances: the classes, the most probable first.
        words: colored by what the answer loses without each, or by what the run's own network guesses.
        told: what the colors mean.
    """

    model: Explored
    asked: wt.AskedText
    sentences: Sequence[str]
    chances: Sequence[Chance]
    words: Sequence[ColoredWord]
    told: str


def answer(model: Explored, text: str) -> Answer:
    """Ask a model about a text; milliseconds."""
    asked, without = model.ask(text)
    guessed = model.quick(text)
    if guessed is not None and len(guessed.words) == len(asked.words):
        scores, quantity = guessed.scores, guessed.quantity
        told = f"first impression: {scores_of(quantity, guessed.target.name)}"
    else:
        scores = -np.array([changed.effect for changed in without]) if without else np.zeros(1)
        quantity, told = EFFECT, f"what each word adds to {asked.label}: the answer with it, less without it"
    return Answer(
        model=model,
        asked=asked,
        sentences=verdict_sentences(asked.answer),
        chances=chances(asked.answer),
        words=colored(asked.words, scores, quantity, spaces=spaces_of(text)),
        told=told,
    )


def chances(found: ExplainedText) -> list[Chance]:
    """Return the classes with their probabilities, the most probable first."""
    order = sorted(found.probabilities, key=lambda name: -found.probabilities[name])[:_CLASSES]
    return [
        Chance(
            name=name,
            trained=found.probabilities[name],
            corrected=None if found.calibrated is None else found.calibrated[name],
            decided=name in found.decided,
        )
        for name in order
    ]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What one method says.

    Attributes:
        method: its name and variant.
        words: colored.
        told: which words decide, in a sentence.
        meaning: what the scores are.
        arcs: a drawing of what pairs of words do together; empty without.
    """

    method: str
    words: Sequence[ColoredWord]
    told: str
    meaning: str
    arcs: str


def reasons(model: Explored, text: str, methods: Sequence[str]) -> tuple[list[Reason], list[str]]:
    """Return what methods say of a text, and what a reader must know."""
    found = [model.explain(text, method) for method in methods]
    notes = dict.fromkeys(note for explained in found for note in explained.notes)
    told = [_reason([e.attribution for e in explained.explanations], text) for explained in found]
    return told, list(notes)


def _reason(attributions: Sequence[Attribution], text: str) -> Reason:
    """Return what a method says, by its first variant; the others may take back what its sentence says."""
    a, *others = attributions
    spaces = spaces_of(text)
    return Reason(
        method=a.title.replace("_", " "),
        words=colored(a.words, a.scores, a.quantity, spaces=spaces if len(spaces) == len(a.words) else None),
        told=deciding_words(a, told_apart(a.words), others),
        meaning=scores_of(a.quantity, a.target.name),
        arcs="" if a.pairs is None else _arcs(a.pairs, a.words),
    )


def _arcs(pairs: Pairs, words: Sequence[str]) -> str:
    """Return a drawing of the strongest pairs; nothing where no two words surely do anything together."""
    scores = np.abs(pairs.scores)
    chosen = [pair for pair in sure_pairs(pairs, _ARCS) if scores[pair] > 0.1 * scores.max() > 0]
    return arcs(pairs, chosen, told_apart(words)) if chosen else ""


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A word in the place of another.

    Attributes:
        word: the word; empty: none.
        why: opposite, similar, near.
        text: with it.
        effects: per model, how the answer changes.
        labels: per model, the answer then.
        chances: per model, the probability of the answer before.
        turned: per model, whether the answer is another one.
        looks: per model, the color of the effect.
    """

    word: str
    why: str
    text: str
    effects: Sequence[float]
    labels: Sequence[str]
    chances: Sequence[float]
    turned: Sequence[bool]
    looks: Sequence[str]


class Vocabulary:
    """Words that can stand for others, and training sentences, of one run's corpus."""

    def __init__(self, model: Explored) -> None:
        """Look at nothing yet."""
        self.model = model

    @cached_property
    def _texts(self) -> list[str]:
        return [] if self.model.corpus is None else self.model.corpus.train.texts

    @cached_property
    def lexicon(self) -> Lexicon:
        """WordNet for English texts where this machine has it."""
        return lexicon_of(self._texts)

    @cached_property
    def _alike(self) -> AlikeWords | None:
        words = frequent_words(self._texts)
        can = self.model.saved.interface.capabilities.embeddings
        return AlikeWords(self.model.saved.interface, words) if words and can else None

    @cached_property
    def sentences(self) -> AlikeSentences | None:
        """The training sentences by their states; they are read from the first question on."""
        can = self.model.saved.interface.capabilities.embeddings
        return AlikeSentences(self.model.saved.interface, self._texts) if self._texts and can else None

    def tried(self, word: str) -> list[Tried]:
        """Return what may be tried in the place of a word."""
        bare = bare_word(word)
        near = [] if self._alike is None else self._alike.nearest(bare, _NEAR)
        tried = dict.fromkeys(near, "near")
        tried |= dict.fromkeys(self.lexicon.synonyms(bare)[:_OF_A_KIND], "similar")
        tried |= dict.fromkeys(self.lexicon.antonyms(bare)[:_OF_A_KIND], "opposite")
        return sorted(tried.items(), key=lambda item: ("opposite", "similar", "near").index(item[1]))


def alternatives(answers: Sequence[Answer], place: int, tried: Sequence[Tried]) -> list[Alternative]:
    """Return the text without a word, and with others in its place, as each model sees it."""
    asked = answers[0].asked
    texts = [asked.replaced(place, word) for word, _ in tried]
    if len(asked.words) > 1:
        tried, texts = [("", "left out"), *tried], [asked.without([place]), *texts]
    found = [other.asked.with_texts(texts) for other in answers]
    scale = max((abs(changed.effect) for changes in found for changed in changes), default=1.0) or 1.0
    return [
        Alternative(
            word=word,
            why=why,
            text=text,
            effects=[changed.effect for changed in changes],
            labels=[changed.label for changed in changes],
            chances=[changed.probability for changed in changes],
            turned=[
                changed.label != other.asked.answer.label
                for changed, other in zip(changes, answers, strict=True)
            ],
            looks=[look(changed.effect / scale) for changed in changes],
        )
        for (word, why), text, *changes in zip(tried, texts, *found, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Words without which the answer is another one.

    Attributes:
        words: quoted and joined.
        text: without them.
        label: the answer then.
        chance: its probability of the answer before.
    """

    words: str
    text: str
    label: str
    chance: float


def turns(model: Explored, text: str) -> tuple[list[Turn], str]:
    """Return the least deletions that turn the answer, and what was looked at, in a sentence."""
    asked, without = model.ask(text)
    if not without:
        return [], "The text has one word."
    found = model.least(text)
    texts = [asked.without(places) for places in found.sets]
    changed = asked.with_texts(texts) if texts else []
    turned = [
        Turn(
            words=listed([f"“{asked.words[place]}”" for place in places]),
            text=each.text,
            label=each.label,
            chance=each.probability,
        )
        for places, each in zip(found.sets, changed, strict=True)
    ]
    return turned, _searched(found.is_least, found.tried, bool(turned), asked.label)


def _searched(is_least: bool, tried: int, found: bool, label: str) -> str:
    words = "one word" if tried == 1 else f"{tried} words"
    if is_least and tried == 1:
        return f"Without this word the answer is no longer {label}. All single words were tried."
    if is_least:
        return f"Without these {words} the answer is no longer {label}; no fewer are enough, all were tried."
    tried_all = f"No {words} less turn the answer; all were tried." if tried else ""
    if found:
        return f"{tried_all} More may be enough: these were found by taking out the strongest, one by one."
    return f"{tried_all} Nor does taking out the strongest words one by one: the answer stays {label}."


@dataclass(frozen=True, kw_only=True)
class AlikeRow:
    """A training sentence that is like the one that was asked.

    Attributes:
        text: the sentence.
        label: its label.
        similarity: in percent.
    """

    text: str
    label: str
    similarity: str


def alike(vocabulary: Vocabulary, text: str) -> tuple[list[AlikeRow], float]:
    """Return the training sentences that are most alike for the model, and the share of them it has read."""
    corpus, sentences = vocabulary.model.corpus, vocabulary.sentences
    if corpus is None or sentences is None:
        return [], 1.0
    labels = corpus.task.show(corpus.train.labels, corpus.class_names)
    rows = [
        AlikeRow(text=corpus.train.texts[a.row], label=labels[a.row], similarity=percent(a.similarity))
        for a in sentences.nearest(text, _ALIKE)
    ]
    return rows, sentences.progress
