"""What was decided, how surely, and which words did it: the sentences that a person reads first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from whytrain.attribution.attribution import Attribution
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


def deciding_words(attribution: Attribution, words: Sequence[str]) -> str:
    """Return which words speak most for the target and against it, in one sentence.

    Args:
        attribution: the scores.
        words: their names, see `told_apart`.
    """
    a = attribution
    sizes = np.abs(a.scores)
    sure = sizes > 0 if a.standard_errors is None else sizes > _SURE * a.standard_errors
    notable = sure & (sizes >= _NOTABLE * sizes.max())
    order = np.argsort(-sizes, kind="stable")
    found = {
        sign: [f"“{words[i]}”" for i in order if notable[i] and np.sign(a.scores[i]) == sign][:_NAMED]
        for sign in (1, -1)
    }
    speak, against = found[1], found[-1]
    if not speak and not against:
        return "No word stands out."
    if not a.quantity.signed:
        return f"Most weight lies on {listed(speak)}."
    if not speak:
        return f"{listed(against)} {_verb(against)} against {a.target.name}; no word stands out for it."
    told = f"{listed(speak)} {_verb(speak)} most for {a.target.name}"
    return f"{told}; {listed(against)} {_verb(against)} against it." if against else f"{told}."


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


def _verb(words: Sequence[str]) -> str:
    return "speaks" if len(words) == 1 else "speak"
