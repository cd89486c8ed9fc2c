"""What probes ask for: labels of words, of phrases and of sentences that need no training of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.data.lexicon import FUNCTION, SYMBOL, Lexicon, NoLexicon
from whytrain.data.tokenization import Tokenizer, WordEncoding
from whytrain.data.treebank import LabelledTree
from whytrain.data.words import bare_word
from whytrain.probing.negation import negation_scope

_THIRDS = ("first third", "middle", "last third")
_OPINIONS = ("negative", "neutral", "positive")
_KINDS = {FUNCTION: "function word", "n": "noun", "v": "verb", "a": "adjective", "r": "adverb"}


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbeTask:
    """A question with n labeled parts of sentences, each label equally often.

    Attributes:
        name: of the question.
        labels: what the answers mean.
        sentences: where the parts are.
        sentence: int64 (n,), the sentence of each part.
        begin: int64 (n,), its first word.
        end: int64 (n,), the word after its last.
        label: int64 (n,), the answer.
        word: the word of each part, for the control task; None where parts are not single words.
        whole: whether parts are whole sentences, so that the pooled state may be asked, too.
    """

    name: str
    labels: tuple[str, ...]
    sentences: tuple[WordEncoding, ...]
    sentence: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    label: NDArray[np.int64]
    word: tuple[str, ...] | None
    whole: bool = False

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.label)


@dataclass(frozen=True)
class _Part:
    """A part of a sentence: its place, its label, and the group within which labels are balanced."""

    sentence: int
    begin: int
    end: int
    label: str
    stratum: int = 0


def read_sentences(texts: Sequence[str], tokenizer: Tokenizer, max_tokens: int) -> tuple[WordEncoding, ...]:
    """Return the words and tokens of texts; texts without words are left out."""
    found = (tokenizer.encode_words(text, max_tokens) for text in texts)
    return tuple(encoding for encoding in found if encoding.words)


def part_of_speech(
    sentences: Sequence[WordEncoding], lexicon: Lexicon, size: int, rng: np.random.Generator
) -> ProbeTask | None:
    """Ask for the usual part of speech of a word; without WordNet whether it is a function word."""
    unknown, parts = "content word" if isinstance(lexicon, NoLexicon) else "other", []
    for row, encoding in enumerate(sentences):
        for place, word in enumerate(encoding.words):
            kind = lexicon.part_of_speech(bare_word(word))
            if kind != SYMBOL:
                parts.append(_Part(row, place, place + 1, _KINDS.get(kind or "", unknown)))
    return _task("part of speech", sentences, parts, size, rng)


def negated_words(sentences: Sequence[WordEncoding], size: int, rng: np.random.Generator) -> ProbeTask | None:
    """Ask whether a negation before a word is about it; at every place in a sentence as often as not."""
    parts = [
        _Part(row, place, place + 1, "negated" if inside else "not negated", stratum=place)
        for row, encoding in enumerate(sentences)
        for place, inside in enumerate(negation_scope(encoding.words))
        if any(map(str.isalnum, encoding.words[place]))
    ]
    return _task("negation scope", sentences, parts, size, rng)


def word_position(sentences: Sequence[WordEncoding], size: int, rng: np.random.Generator) -> ProbeTask | None:
    """Ask in which third of its sentence a word stands."""
    parts = [
        _Part(row, place, place + 1, _THIRDS[3 * place // len(encoding.words)])
        for row, encoding in enumerate(sentences)
        if len(encoding.words) >= 3
        for place in range(len(encoding.words))
    ]
    return _task("word position", sentences, parts, size, rng)


def sentence_length(
    sentences: Sequence[WordEncoding], size: int, rng: np.random.Generator
) -> ProbeTask | None:
    """Ask whether a sentence is among the short, the middle or the long third."""
    lengths = np.array([len(encoding.words) for encoding in sentences])
    low, high = np.quantile(lengths, [1 / 3, 2 / 3])
    names = [("short", "middle", "long")[int(n > low) + int(n > high)] for n in lengths]
    parts = [_Part(row, 0, int(n), name) for row, (n, name) in enumerate(zip(lengths, names, strict=True))]
    return _task("sentence length", sentences, parts, size, rng)


def phrase_sentiment(
    trees: Sequence[LabelledTree],
    tokenizer: Tokenizer,
    max_tokens: int,
    size: int,
    rng: np.random.Generator,
) -> ProbeTask | None:
    """Ask what people say of a phrase of two words and more inside its sentence.

    Neutral ones are drawn of the same length as others: most long phrases have an opinion.
    """
    sentences: list[WordEncoding] = []
    parts: list[_Part] = []
    for tree in trees:
        encoding = tokenizer.encode_words(" ".join(tree.words), max_tokens)
        if len(encoding.words) != len(tree.words):  # cut, or words that come as one token
            continue
        for begin, end in sorted(tree.spans):
            opinion = _OPINIONS[1 + int(np.sign(tree.labels[begin, end] - 2))]
            parts.append(_Part(len(sentences), begin, end, opinion, stratum=end - begin))
        sentences.append(encoding)
    return _task("phrase sentiment", sentences, parts, size, rng)


def _task(
    name: str, sentences: Sequence[WordEncoding], parts: Sequence[_Part], size: int, rng: np.random.Generator
) -> ProbeTask | None:
    """Draw about `size` parts, each label equally often in every stratum; None: too few of a label."""
    labels = tuple(sorted({part.label for part in parts}))
    groups: dict[int, dict[str, list[_Part]]] = {}
    for index in rng.permutation(len(parts)).tolist():
        part = parts[index]
        groups.setdefault(part.stratum, {}).setdefault(part.label, []).append(part)
    whole = [group for group in groups.values() if len(group) == len(labels)]
    fewest = [min(map(len, group.values())) for group in whole]
    if len(labels) < 2 or len(labels) * sum(fewest) < _FEWEST:
        return None
    share = min(1.0, size / (len(labels) * sum(fewest)))
    chosen = [
        part
        for group, n in zip(whole, fewest, strict=True)
        for of_label in group.values()
        for part in of_label[: round(share * n)]
    ]
    single = all(part.end == part.begin + 1 for part in chosen)
    words = tuple(bare_word(sentences[p.sentence].words[p.begin]) for p in chosen) if single else None
    return ProbeTask(
        name=name,
        labels=labels,
        sentences=tuple(sentences),
        sentence=np.array([part.sentence for part in chosen]),
        begin=np.array([part.begin for part in chosen]),
        end=np.array([part.end for part in chosen]),
        label=np.array([labels.index(part.label) for part in chosen]),
        word=words,
        whole=all(p.begin == 0 and p.end == len(sentences[p.sentence].words) for p in chosen),
    )


_FEWEST = 60  # parts: fewer tell nothing
