"""Words that are rarely a reason, whatever the question: what can be suspected without further rows."""

from __future__ import annotations

from whytrain.data.lexicon import FUNCTION, NoLexicon
from whytrain.shortcuts.features import Feature
from whytrain.shortcuts.identity import english_terms

_LEXICON = NoLexicon()
ORDER = "the order of two words"
EVERYWHERE = "stands in many rows"
_MANY = 0.25  # share of the rows
_UNSUSPECTED = 1 / 3  # weight of what may well be a reason


def suspicion(feature: Feature, coverage: float) -> str:
    """Return why a feature is rarely a reason, in a few words; empty where nothing is against it.

    Args:
        feature: a word, or two.
        coverage: share of the training rows that have it, 0 to 1.

    >>> suspicion(Feature(kind="words", words=("the",)), 0.1)
    'a function word'
    >>> suspicion(Feature(kind="words", words=("dull",)), 0.1)
    ''
    """
    if feature.kind == "ordered_pair":
        return ORDER
    found = [_of_word(word) for word in feature.words]
    if all(found):
        return found[0]
    return EVERYWHERE if coverage >= _MANY else ""


def suspected_share(share: float, why: str) -> float:
    """Return by how much of the decisions a candidate stands in a list that no check rows judge.

    Args:
        share: of the average decision that is its.
        why: it is rarely a reason, see `suspicion`; what may well be one counts a third.
    """
    return share if why else _UNSUSPECTED * share


def _of_word(word: str) -> str:
    if word in english_terms().words:  # a decision about a text should seldom hang on these
        return "says who, not what"
    if _LEXICON.part_of_speech(word) == FUNCTION:
        return "a function word"
    if any(mark in word for mark in ("<", ">", "http", "www.", "@", "&", "\\", "_")) or word.startswith("#"):
        return "markup, an address or a name tag"
    if any(map(str.isdigit, word)):
        return "a number"
    if not any(map(str.isalnum, word)):
        return "a sign"
    return ""
