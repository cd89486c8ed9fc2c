"""Asks which state of a run's model carries a word's effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Annotated

import numpy as np
import pandas as pd
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.analyses.analysis import Analysis, AnalysisResult, Progress
from whytrain.analyses.charts import Bars, Chart, Heat, exactly
from whytrain.analyses.subject import Subject
from whytrain.data.lexicon import is_english
from whytrain.data.tokenization import WordEncoding
from whytrain.data.words import bare_word
from whytrain.errors import DataError
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import is_carried
from whytrain.patching.chosen_words import decisive_words, most_decisive, negations
from whytrain.patching.pairs import Pair, pair_of, without_word
from whytrain.patching.patch import LEAST, Patched, patched
from whytrain.probing.negation import is_negation
from whytrain.statistics.intervals import Interval, bootstrap_interval

Array = NDArray[np.float64]
Share = float | Interval  # of a word's effect: of one sentence, or in % over several
_OWN = "the word itself"
_HALF, _ALL = 0.5, 0.99  # of a word's effect
_BESIDE = 4  # words to each side of the one that is taken away
_FEWEST = 10  # sentences with a negation; of fewer the most decisive words are taken instead
_HOW_TO_READ = (
    "Two sentences that differ in a word are run. One state of the first is put into the second: one "
    "layer, at one word. If the answer of the first is back, that state carries what the word does (100%);"
    " where nothing changes, it carries nothing (0%). Through the word itself: with the states at the "
    "changed word alone. Through all others: with the states at all other tokens, which the word reached "
    "in earlier layers. Special tokens ([CLS] and the like) are no words; a transformer's classifier often "
    "reads one of them, so that all that decides ends there. 'Carried' is what an LSTM hands on to the next "
    "word, beside what is read at each word."
)


class Patching(Analysis):
    """States patched between two sentences, layer by layer and word by word.

    With `text` and `other` these two are compared, with `text` alone it is compared with itself without its
    negation, or without its most decisive word; without both, sentences of the validation split are.
    """

    name = "patching"
    title = "Which state carries a word's effect?"
    needs = ("layers", "one_class")
    shown_by_default = True

    def __init__(self, *, sentences: Annotated[int, Ge(1)]) -> None:
        """Store how many sentences of the validation split are patched, at most."""
        self.sentences = sentences

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Patch the pair that was given, or pairs that are made."""
        model = subject.saved.interface
        if subject.text is None:
            what, pairs = self._chosen(subject, model)
            found = [patched(model, pair) for pair in progress(pairs, "patching states")]
            return _of_many([one for one in found if abs(one.total) >= LEAST], what, subject)
        pair = _asked(subject.text, subject.other, model)
        return _of_one(patched(model, pair), subject)

    def _chosen(self, subject: Subject, model: ModelInterface) -> tuple[str, list[Pair]]:
        """Return what is taken away, and the sentences."""
        texts = subject.validation.texts
        order = np.random.default_rng([subject.seed, 0x9A7C4]).permutation(len(texts))
        texts = [texts[row] for row in order]
        if is_english(Counter(bare_word(word) for text in texts for word in text.split())):
            pairs = list(islice(negations(texts, model), self.sentences))
            if len(pairs) >= min(_FEWEST, self.sentences):
                return "negations", pairs
        return "the most decisive words", list(islice(decisive_words(texts, model), self.sentences))


def _asked(text: str, other: str | None, model: ModelInterface) -> Pair:
    if other is not None:
        return pair_of(text, other, model)
    encoding: WordEncoding = model.tokenizer.encode_words(text, model.max_tokens)
    if not encoding.words:
        raise DataError("text= has no words that the model reads")
    places = [place for place, word in enumerate(encoding.words) if is_negation(word)]
    return without_word(encoding, places[0], model) if places else most_decisive(encoding, model)


def _of_one(found: Patched, subject: Subject) -> AnalysisResult:
    pair, names = found.pair, subject.class_names
    changed = ", ".join(f'"{pair.words[w]}"' for w in pair.changed)
    against = " ".join(pair.other_words)
    if abs(found.total) < LEAST:
        return AnalysisResult(
            verdict=f"The words {changed} change the answer by {found.total:.2f} logits: nothing to follow.",
            how_to_read=_HOW_TO_READ,
        )
    own = _OWN if len(pair.changed) == 1 else "these words themselves"
    course = _course(_kinds(found), pair.special, own)
    verdict = (
        f"{changed} moves the answer towards {names[found.towards]} by {found.total:.1f} logits, beside "
        f'"{against}". {course} Of the words the most is at '
        f"{_strongest(found, _most_telling(found.layers, found.direct))}."
    )
    shares = pd.DataFrame(found.restored, columns=[f"{w + 1} {word}" for w, word in enumerate(pair.words)])
    special = [] if found.special is None else [_names(pair.special)]
    for name in special:
        shares[name] = found.special
    shares.insert(0, "layer", found.layers)
    heat = Heat(
        name="states",
        title=f"Where {changed} is carried",
        subtitle="Share of the answer that is back if one state is taken from the sentence with the word",
        rows=found.layers,
        columns=(*pair.words, *special),
        values=_percents(shares.iloc[:, 1:].to_numpy()),
        unit="% of the difference",
    )
    effects = {
        kind: {layer: exactly(100 * v) for layer, v in of.items()} for kind, of in _kinds(found).items()
    }
    return AnalysisResult(
        verdict=verdict,
        how_to_read=_HOW_TO_READ,
        tables={"patching": shares},
        text_columns=tuple(shares.columns[1 : 1 + len(pair.words)]),
        charts=(heat, _effects(effects)),
    )


def _of_many(found: Sequence[Patched], what: str, subject: Subject) -> AnalysisResult:
    if not found:
        return AnalysisResult(
            verdict=f"Taking away {what} changed no answer by {LEAST} logits: nothing to follow.",
            how_to_read=_HOW_TO_READ,
        )
    sizes = np.array([abs(one.total) for one in found])

    def mean(of_sentence: Sequence[float]) -> Interval:
        """Mean share in %, each sentence counting as much as its word does."""
        return bootstrap_interval(
            lambda shares, weights: (shares * weights).sum(axis=1) / weights.sum(axis=1),
            100 * np.asarray(of_sentence),
            sizes,
            level=subject.level,
            seed=subject.seed,
        )

    effects = {
        kind: {at: mean([_kinds(one)[kind][at] for one in found]) for at in found[0].direct}
        for kind in _kinds(found[0])
    }
    direct, indirect = (of[_last(found[0])] for of in list(effects.values())[:2])
    verdict = (
        f"Taking away {what} in {len(found)} validation sentences moves the answer by {sizes.mean():.1f} "
        f"logits on average. {_course(effects, found[0].pair.special, _OWN)}"
    )
    shown = _most_telling(found[0].layers, {at: p.estimate / 100 for at, p in effects[_OWN].items()})
    own = np.mean([_strongest_word(one, shown) in one.pair.changed for one in found])
    verdict += f" {100 * own:.0f}% of the sentences have their strongest state of {shown} at the word itself."
    return AnalysisResult(
        verdict=verdict,
        how_to_read=_HOW_TO_READ,
        remarks=("In means each sentence counts as much as its word moves it.",),
        tables={"patching": pd.DataFrame([row for one in found for row in _rows(one, subject)])},
        text_columns=("sentence", "word"),
        charts=(_around(found, sizes, what), _effects(effects)),
        metrics={
            "direct": direct.estimate / 100,
            "indirect": indirect.estimate / 100,
            "strongest_at_word": float(own),
        },
    )


def _last(found: Patched) -> str:
    return [layer for layer in found.layers if not is_carried(layer)][-1]


def _most_telling(layers: Sequence[str], direct: Mapping[str, float]) -> str:
    """Return the layer whose states stand for their own words most.

    What a recurrence hands on, not what is read; of a transformer the last layer in which half of the effect
    comes through the word's own state.
    """
    carried = [layer for layer in layers if is_carried(layer)]
    own = [layer for layer in direct if direct[layer] >= _HALF]
    return (carried or own or list(layers))[-1]


def _kinds(found: Patched) -> dict[str, dict[str, float]]:
    """Return by kind of token the shares of the layers that are read."""
    others = "other words" if found.special is None else "all other tokens"
    kinds = {_OWN: dict(found.direct), others: dict(found.indirect)}
    if found.special is not None:
        special = dict(zip(found.layers, found.special.tolist(), strict=True))
        kinds[f"{_names(found.pair.special)} alone"] = {layer: special[layer] for layer in found.direct}
    return kinds


def _course(
    effects: Mapping[str, Mapping[str, Share]],
    special: Sequence[str],
    own: str,
) -> str:
    """Say through which states a word's effect comes: at the last layer, or of a deep model on the way."""
    direct, others, *rest = list(effects.values())
    last = [*direct][-1]
    if not rest or _size(rest[0][last]) < _ALL:
        return (
            f"At {last} {_told(direct[last])} of it comes through the state of {own}, "
            f"{_told(others[last])} through those of {'other tokens' if rest else 'other words'}."
        )
    stays = [layer for layer in direct if _size(direct[layer]) >= _HALF][-1]
    arrives = next(layer for layer in direct if _size(rest[0][layer]) >= _HALF)
    return (
        f"Half of it or more comes through the state of {own} up to {stays}, there {_told(direct[stays])}; "
        f"from {arrives} on it is at {_names(special)}, there {_told(rest[0][arrives])}: what the classifier "
        "reads."
    )


def _told(share: Share) -> str:
    return _with_interval(share) if isinstance(share, Interval) else _percent(share)


def _size(share: Share) -> float:
    return share.estimate / 100 if isinstance(share, Interval) else share


def _names(special: Sequence[str]) -> str:
    """Return special tokens in words.

    >>> _names(["[CLS]", "[SEP]"])
    '[CLS] and [SEP]'
    """
    return " and ".join(dict.fromkeys(special))


def _strongest(found: Patched, layer: str) -> str:
    word = _strongest_word(found, layer)
    return f'"{found.pair.words[word]}" ({_percent(found.restored[found.layers.index(layer), word])})'


def _strongest_word(found: Patched, layer: str) -> int:
    return int(found.restored[found.layers.index(layer)].argmax())


def _around(found: Sequence[Patched], sizes: Array, what: str) -> Chart:
    """Mean shares by the place beside the word that is taken away."""
    beside = np.arange(-_BESIDE, _BESIDE + 1)
    special = [] if found[0].special is None else [_names(found[0].pair.special)]
    sums, weights = np.zeros((2, len(found[0].layers), len(beside) + len(special)))
    for one, size in zip(found, sizes, strict=True):
        places = one.pair.changed[0] + beside
        there = np.flatnonzero((places >= 0) & (places < len(one.pair.words)))
        sums[:, there] += size * one.restored[:, places[there]]
        weights[:, there] += size
        if one.special is not None:
            sums[:, -1] += size * one.special
            weights[:, -1] += size
    names = [f"{-n} before" if n < 0 else f"{n} after" if n else "the word" for n in beside.tolist()]
    return Heat(
        name="states",
        title=f"Where {what} are carried",
        subtitle=(
            f"Mean share of the answer that is back if one state is taken from the sentence with the word, "
            f"{len(found)} sentences"
        ),
        rows=found[0].layers,
        columns=(*names, *special),
        values=_percents(sums / np.where(weights > 0, weights, np.nan)),
        unit="% of the difference",
    )


def _effects(effects: dict[str, dict[str, Interval]]) -> Chart:
    layers = tuple(next(iter(effects.values())))
    return Bars(
        name="effects",
        title="Through the word itself, or through what other tokens took from it",
        subtitle="Share of the word's effect that comes through the states of each layer",
        labels=layers,
        series={f"through {kind}": tuple(of[layer] for layer in layers) for kind, of in effects.items()},
        x="% of the difference",
        reference=0.0,
    )


def _rows(found: Patched, subject: Subject) -> list[dict[str, object]]:
    word = found.pair.changed[0]
    return [
        {
            "sentence": " ".join(found.pair.words),
            "word": found.pair.words[word],
            "place": word + 1,
            "towards": subject.class_names[found.towards],
            "difference": found.total,
            "layer": layer,
            "strongest_place": _strongest_word(found, layer) + 1,
            "restored_at_word": found.restored[row, word],
            "direct": found.direct.get(layer, np.nan),
            "indirect": found.indirect.get(layer, np.nan),
            "special": np.nan if found.special is None else found.special[row],
        }
        for row, layer in enumerate(found.layers)
    ]


def _percents(shares: Array) -> Array:
    """Return shares in %, without the last bits of sums that are 0."""
    percents: Array = np.round(100 * shares, 1) + 0.0
    return percents


def _percent(share: float) -> str:
    return f"{_whole(100 * share)}%"


def _with_interval(percent: Interval) -> str:
    p = percent
    ends = f"{_whole(p.low)} to {_whole(p.high)}"
    return f"{_percent(p.estimate / 100)} ({100 * p.level:g}% interval {ends})"


def _whole(number: float) -> str:
    """Return a whole number with its minus sign; what rounds to 0 has none."""
    return f"{round(number)}".replace("-", "\N{MINUS SIGN}")
