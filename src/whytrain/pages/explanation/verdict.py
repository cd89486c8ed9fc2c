"""What was decided, how surely, and which words did it: the sentences that a person reads first."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence, Sized

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.attribution import Array, Attribution, ranking, signs
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.target import ContrastTarget
from whytrain.attribution.text import ExplainedText, Verdict
from whytrain.presentation.wording import listed, percent, shortened
from whytrain.types import RemovalName

ABSENT: dict[RemovalName, str] = {
    "padding": "left blank",
    "mask": "masked",
    "unknown": "replaced by an unknown word",
    "removed": "taken out",
    "infilled": "filled in by a language model",
}
_NAMED = 3  # words that a sentence names
_NOTABLE = 0.2  # share of the largest |score| below which a word is not named
_SURE = 2.0  # standard errors from zero at which an estimate's sign is believed


def verdict_sentences(explained: ExplainedText) -> list[str]:
    """Return what is decided with which probability, what else stays possible, and whether that is enough."""
    if not explained.exclusive:
        return [_labels(explained)]
    label = explained.label
    sentences = [f"The model says {label}, with {_chance(explained, label)}."]
    if explained.verdict is not None:
        sentences.append(_possible(label, explained.verdict))
        if explained.verdict.abstain:
            risk = f"{explained.verdict.risk:.0%}"
            sentences.append(f"Not sure enough to answer where at most {risk} of the answers may be wrong.")
    return sentences


def deciding_words(attribution: Attribution, words: Sequence[str], others: Sequence[Attribution] = ()) -> str:
    """Return which words speak most for the target and against it, and which do either by how one asks.

    Args:
        attribution: the scores.
        words: their names, see `told_apart`.
        others: what else is known of the text; another variant of the method for the same target must agree
            with the sign of a word that is said to decide.
    """
    a = attribution
    variants = [a, *(b for b in others if (b.method, b.target.name) == (a.method, a.target.name))]
    sure = np.array([_sure_signs(b) for b in variants])
    is_notable = np.array([np.abs(b.scores) >= _NOTABLE * np.abs(b.scores).max() for b in variants])
    agreed = np.where(is_notable[0] & (sure == sure[0]).all(axis=0), sure[0], 0)
    opposed = is_notable.any(axis=0) & (sure.min(axis=0) < 0) & (sure.max(axis=0) > 0)
    return " ".join(filter(None, [_deciding(a, words, agreed), _depending(variants, words, opposed)]))


def _sure_signs(a: Attribution) -> Array:
    """Return the signs of the scores (n,), 0 where an estimate may be either."""
    errors = 0.0 if a.standard_errors is None else a.standard_errors
    return np.where(np.abs(a.scores) > _SURE * errors, signs(a.scores), 0)


def _deciding(a: Attribution, words: Sequence[str], agreed: Array) -> str:
    """Return which of the words with a sign (n,) speak most for the target and against it."""
    order = ranking(a.scores)
    speak, against = ([_quoted(words[i]) for i in order if agreed[i] == sign][:_NAMED] for sign in (1, -1))
    if not speak and not against:
        return "No word stands out."
    if not a.quantity.signed:
        return f"Most weight lies on {listed(speak)}."
    if not speak:
        return f"{listed(against)} {_verb(against)} against {a.target.name}; no word stands out for it."
    told = f"{listed(speak)} {_verb(speak)} most for {a.target.name}"
    return f"{told}; {listed(against)} {_verb(against)} against it." if against else f"{told}."


def _depending(variants: Sequence[Attribution], words: Sequence[str], opposed: NDArray[np.bool_]) -> str:
    """Say of which words (n,) the sign is another one when the model is asked in another way."""
    if not opposed.any():
        return ""
    apart = np.where(opposed, np.ptp([b.scores for b in variants], axis=0), 0)
    places = ranking(apart)[: opposed.sum()]
    named = [_quoted(words[i]) for i in places[:_NAMED]]
    rest = [f"{len(places) - _NAMED} more"] if len(places) > _NAMED else []
    ways = listed([b.variant if b.absence is None else ABSENT[b.absence] for b in variants])
    told = f"Whether {listed([*named, *rest])} {_verb(places)} for {variants[0].target.name} or against it"
    return f"{told} depends on the way of asking, words {ways}: do not rely on it."


def from_nothing(explanation: Explanation) -> str:
    """Return what the model says without words and with all of them; nothing where it is no probability."""
    target, d = explanation.attribution.target, explanation.deletion
    chances = target.chances(np.array([d.empty, d.full]))
    if chances is None:
        return ""
    empty, full = (percent(float(chance)) for chance in chances)
    told = f"With all words {ABSENT[d.absence]} it gives {target.name} {empty}; with the whole text {full}."
    return f"{told} All other classes are left out of this." if isinstance(target, ContrastTarget) else told


def told_apart(words: Sequence[str]) -> list[str]:
    """Return the words, those that occur more than once with their position; long passages are shortened.

    >>> told_apart(["so", "good", "so"])
    ['so (word 1)', 'good', 'so (word 3)']
    """
    names = [shortened(word) for word in words]
    counts = Counter(names)
    return [f"{name} (word {i})" if counts[name] > 1 else name for i, name in enumerate(names, start=1)]


def _labels(explained: ExplainedText) -> str:
    if not explained.decided:
        likeliest = max(explained.probabilities, key=explained.probabilities.__getitem__)
        return (
            f"The model gives none of the labels; {likeliest} comes closest, with "
            f"{_chance(explained, likeliest)}."
        )
    named = [f"{name}, with {_chance(explained, name)}" for name in explained.decided]
    return f"The model says {'; '.join(named)}."


def _chance(explained: ExplainedText, name: str) -> str:
    """Return a probability as trained and, where there is one, corrected."""
    trained = explained.probabilities[name]
    if explained.calibrated is None:
        return percent(trained)
    corrected = explained.calibrated[name]
    if math.isclose(corrected, trained, abs_tol=1e-6):  # nothing was found to correct; float32
        return percent(trained)
    if percent(corrected) == percent(trained):
        return f"{percent(trained)} (after correction, too)"
    how = "over" if corrected < trained else "under"
    return f"{percent(trained)} (corrected for {how}-confidence: {percent(corrected)})"


def _possible(label: str, verdict: Verdict) -> str:
    others = [name for name in verdict.labels if name != label]
    at = f"At {verdict.coverage:.0%} coverage"
    if not verdict.labels:
        return f"{at} no class can be named: the model is not sure enough of any."
    if not others:
        return f"{at} nothing else stays possible."
    rest = [*others[:_NAMED], f"{len(others) - _NAMED} more"] if len(others) > _NAMED + 1 else others
    stays = "stays" if len(others) == 1 else "stay"
    return f"{at} {listed(rest)} {stays} possible, too."


def _quoted(name: str) -> str:
    """Return a name of `told_apart` in quotation marks, with its position behind them."""
    return re.sub(r"(?s)^(.*?)( \(word \d+\))?$", r"“\1”\2", name, count=1)


def _verb(words: Sized) -> str:
    return "speaks" if len(words) == 1 else "speak"
