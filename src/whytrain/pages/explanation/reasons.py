"""Why one target: each word, the way from nothing to the whole, pairs, the tree, and second looks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from whytrain.attribution.attribution import (
    Array,
    Attribution,
    Pairs,
    ranking,
    signs,
    strongest_pairs,
    sure_pairs,
)
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.tables import Name
from whytrain.counted import counted
from whytrain.pages.colored_sentence import colored_sentence
from whytrain.pages.explanation.attention_maps import attention_maps
from whytrain.pages.explanation.bars import path_table, words_table
from whytrain.pages.explanation.drawings import arcs, tree_drawing
from whytrain.pages.explanation.side_by_side import methods_table
from whytrain.pages.explanation.verdict import ABSENT, deciding_words, from_nothing, told_apart
from whytrain.pages.html import paragraph, safe
from whytrain.presentation.wording import amount, score

_ADDS_UP = 0.01  # share of the way by which the sum of scores may miss it
_PAIRS = 6  # at most
_NEGLIGIBLE = 0.05  # share of the largest |score| up to which interactions are not worth a look
_ROBUST = 0.8  # share of words whose signs agree


def same(word: str) -> str:
    """Return the word itself: the name of a word where text may be shown."""
    return word


def colored(attribution: Attribution, name: Name = same) -> str:
    """Return the sentence of an attribution colored by its scores, as HTML."""
    return colored_sentence(
        [name(word) for word in attribution.words],
        attribution.scores,
        quantity=attribution.quantity,
        class_name=attribution.target.name,
        standard_errors=attribution.standard_errors,
    )


def sections(explanations: Sequence[Explanation], name: Name = same, heading: str = "h2") -> str:
    """Return the sections of a page that explain one text for one target.

    Args:
        explanations: of the text and the target; the first is shown whole, the others folded.
        name: what stands for a word, itself or a hash.
        heading: tag of their headings.
    """
    first = explanations[0]
    a = first.attribution
    words = told_apart([name(word) for word in a.words])
    parts = [
        ("What each word did", _each_word(first, [name(word) for word in a.words])),
        ("From no words to the whole text", _path(first, words)),
    ]
    if a.pairs is not None and len(words) > 1:
        parts.append(("Words that work together", _together(a, a.pairs, words)))
    if a.tree is not None and len(words) > 1:
        parts.append(("How the words join to phrases", _phrases(first, name)))
    again = [e for e in explanations[1:] if e.attribution.method == a.method]
    if again:
        looks = "".join(_second_look(first, other, words, name) for other in again)
        parts.append(("Asked in another way", looks))
    if len(again) < len(explanations) - 1:
        parts.append(("What other methods say", _other_methods(explanations, words, name)))
    heads = next((e.attribution.heads for e in explanations if e.attribution.heads is not None), None)
    if heads is not None:
        parts.append(("Where the layers look", attention_maps(heads, name)))
    return "".join(
        f"<section><{heading}>{escape(title)}</{heading}>{body}</section>" for title, body in parts
    )


def summary(explanations: Sequence[Explanation], name: Name = same) -> str:
    """Return which words decide, and from where they take the model to where; see `sections`."""
    a, *others = (explanation.attribution for explanation in explanations)
    words = told_apart([name(word) for word in a.words])
    return paragraph(" ".join([deciding_words(a, words, others), from_nothing(explanations[0])]).strip())


def _each_word(explanation: Explanation, words: Sequence[str]) -> str:
    a = explanation.attribution
    said = f"The number of a word is its {a.quantity.name} {a.quantity.symbol} for {a.target.name}, in "
    said += a.quantity.unit
    if a.total is None:
        said += "."
    elif abs(_missed(a)) <= _ADDS_UP * max(1.0, abs(a.total[1] - a.total[0])):
        said += ": what it adds on the way from no words to the whole text. All numbers add up."
    else:
        said += f". They miss the way from no words to the whole text by {amount(_missed(a))}."
    if a.standard_errors is not None:
        said += " They are estimates: the thin line, and ±, is the standard error."
    return paragraph(said, "quiet") + words_table(explanation, words)


def _path(explanation: Explanation, words: Sequence[str]) -> str:
    d, target = explanation.deletion, explanation.attribution.target
    said = (
        f"First all words are {ABSENT[d.absence]}; then they come back, those with the largest scores first. "
        f"Each row is what the model really says then of {target.name}"
    )
    said += "." if target.chances(d.path) is None else ", and the bar what the word changed."
    return paragraph(said, "quiet") + path_table(explanation, words)


def _together(a: Attribution, pairs: Pairs, words: Sequence[str]) -> str:
    chosen = _strong_pairs(a, pairs)
    if not chosen:
        most = float(pairs.scores[strongest_pairs(pairs, 1)[0]])
        if abs(most) > _least(a):
            return paragraph(
                "No two words surely do something together: each estimate is within two standard errors of 0."
            )
        return paragraph(
            "Beside what single words do, no two do much together: "
            f"at most {amount(most)} {pairs.quantity.unit}."
        )
    items = "".join(f"<li>{safe(_pair(pairs, pair, words))}</li>" for pair in chosen)
    said = (
        f"What two words do for {a.target.name} together, beyond what each does alone "
        f"({pairs.quantity.name}, {pairs.quantity.unit}). Full red lines raise it, dashed blue ones lower "
        f"it; the strongest {counted(len(chosen), 'pair')}."
    )
    return paragraph(said, "quiet") + f"{arcs(pairs, chosen, words)}<ol>{items}</ol>"


def _strong_pairs(a: Attribution, pairs: Pairs) -> list[tuple[int, int]]:
    """Return the strongest pairs, without what may be 0 and what is negligible beside single words."""
    return [pair for pair in sure_pairs(pairs, _PAIRS) if abs(pairs.scores[pair]) > _least(a)]


def _least(a: Attribution) -> float:
    return _NEGLIGIBLE * float(np.abs(a.scores).max())


def _pair(pairs: Pairs, pair: tuple[int, int], words: Sequence[str]) -> str:
    value, errors = float(pairs.scores[pair]), pairs.standard_errors
    scale = float(np.abs(pairs.scores).max())
    told = f"“{words[pair[0]]}” and “{words[pair[1]]}”: {score(value, pairs.quantity, scale)}"
    if errors is None:
        return told
    doubt = "" if abs(value) > 2 * errors[pair] else " (may be chance)"
    return f"{told} ± {amount(float(errors[pair]), scale)}{doubt}"


def _phrases(explanation: Explanation, name: Name) -> str:
    a = explanation.attribution
    assert a.tree is not None
    words = [name(word) for word in a.tree.words]
    chunked = (
        "" if len(words) == len(a.words) else f" The text is long: its words were put in {len(words)} chunks."
    )
    benefit = max(abs(merge.benefit) for merge in a.tree.tree.merges)
    small = (
        " The numbers are small beside those of single words: hardly a phrase is more than its words."
        if benefit <= _NEGLIGIBLE * np.abs(a.scores).max()
        else ""
    )
    said = (
        "Neighbors that the model reads as one are joined first. The number of a phrase is what its words do "
        f"for {a.target.name} together, beyond what each does alone ({a.target.unit}).{small}{chunked}"
    )
    return paragraph(said, "quiet") + tree_drawing(a.tree, words)


def _second_look(first: Explanation, other: Explanation, words: Sequence[str], name: Name) -> str:
    """Return what the same method says in another variant, and whether that is the same."""
    a, b = first.attribution, other.attribution
    how = (
        f"with words {ABSENT[b.absence]} instead of {ABSENT[a.absence]}"
        if a.absence is not None and b.absence is not None
        else f"by {b.title.replace('_', ' ')}"
    )
    agree = signs_agree(a.scores, b.scores)
    top = words[int(ranking(a.scores)[0])], words[int(ranking(b.scores)[0])]
    if agree < _ROBUST * len(words):
        verdict = "Take what is said above with care: it depends on the way of asking."
    else:
        part = "What" if top[0] == top[1] else "Most of what"
        verdict = f"{part} is said above does not depend on the way of asking."
    said = f"Asked {how}, signs agree for {agree} of {counted(len(words), 'word')}; {_strongest(a, b, words)}"
    said += f". {verdict}{_pairs_agree(a, b, words)}"
    return f"<details><summary>{safe(said)}</summary>{_whole(other, name)}</details>"


def _other_methods(explanations: Sequence[Explanation], words: Sequence[str], name: Name) -> str:
    """Return the first variants of all methods side by side, and each but the first one by itself."""
    by_method: dict[str, Explanation] = {}
    for e in explanations:
        by_method.setdefault(e.attribution.method, e)
    first, *others = by_method.values()
    shown = set(map(id, by_method.values()))
    others += [
        e for e in explanations if id(e) not in shown and e.attribution.method != first.attribution.method
    ]
    table = methods_table([*by_method.values()], words)
    return table + "".join(_other_method(first.attribution, other, words, name) for other in others)


def _other_method(a: Attribution, other: Explanation, words: Sequence[str], name: Name) -> str:
    b = other.attribution
    said = f"{b.title[:1].upper()}{b.title[1:]}: {_strongest(a, b, words)}".replace("_", " ")
    if a.quantity.signed and b.quantity.signed:
        said += f"; signs agree for {signs_agree(a.scores, b.scores)} of {counted(len(words), 'word')}"
    return f"<details><summary>{safe(said)}</summary>{_whole(other, name)}</details>"


def _whole(explanation: Explanation, name: Name) -> str:
    a = explanation.attribution
    return colored(a, name) + _each_word(explanation, [name(word) for word in a.words])


def _strongest(a: Attribution, b: Attribution, words: Sequence[str]) -> str:
    first, other = (words[int(ranking(found.scores)[0])] for found in (a, b))
    if first == other:
        return f"the strongest word is “{first}” both times"
    return f"the strongest word is “{other}” instead of “{first}”"


def _pairs_agree(a: Attribution, b: Attribution, words: Sequence[str]) -> str:
    """Return for how many of the strongest pairs of both the sign agrees, and which differs most."""
    if a.pairs is None or b.pairs is None:
        return ""
    strongest = dict.fromkeys([*_strong_pairs(a, a.pairs), *_strong_pairs(b, b.pairs)])
    if not strongest:
        return ""
    values = {pair: (float(a.pairs.scores[pair]), float(b.pairs.scores[pair])) for pair in strongest}
    differing = [pair for pair, (one, other) in values.items() if np.sign(one) != np.sign(other)]
    n_agree, n_pairs = len(strongest) - len(differing), counted(len(strongest), "strongest pair")
    said = f" Of the {n_pairs} of words {n_agree} have the same sign both times"
    if not differing:
        return f"{said}."
    most = max(differing, key=lambda pair: abs(values[pair][0] - values[pair][1]))
    one, other = (score(value, a.pairs.quantity, max(map(abs, values[most]))) for value in values[most])
    what = f"“{words[most[0]]}” and “{words[most[1]]}” have {one} above and {other} here"
    is_robust = n_agree >= _ROBUST * len(strongest)
    care = "" if is_robust else ": what is said of pairs depends on the way of asking"
    return f"{said}; {what}{care}."


def signs_agree(first: Array, second: Array) -> int:
    """Return for how many words two methods say the same of the sign; next to nothing counts as 0.

    >>> signs_agree(np.array([1.0, -2.0, 1e-9]), np.array([0.5, 2.0, 0.0]))
    2
    """
    return int((signs(first) == signs(second)).sum())


def _missed(a: Attribution) -> float:
    assert a.total is not None
    return float(a.scores.sum()) - (a.total[1] - a.total[0])
