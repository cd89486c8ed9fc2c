"""Plain words for what the page of an explained text cannot do without."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_TERMS = {
    "corrected": "A model is often surer than it is right. On texts that it did not learn from, its "
    "probabilities are compared with how often it was right, and corrected: of answers with a corrected 91%, "
    "some 91 of 100 are right.",
    "coverage": "In so many of 100 texts like those that the model was checked on, the true class is among "
    "those that “stay possible”.",
    "log-odds": "How sure the model is, on a scale without ends: 0 is 50%, 1 is 73%, 2.2 is 90%, 4.6 is 99%, "
    "and −2.2 is 10%. On this scale what words do can be added up; percentages cannot.",
    "Shapley value": "What a word adds to the answer, averaged over all orders in which the words of the "
    "text could be put in, one after another. The values of all words add up to the way from no words to the "
    "whole text.",
    "integrated gradient": "How strongly the answer reacts to a word while the text is faded in from "
    "nothing, added up on the way.",
    "occlusion effect": "What the answer loses when this word alone is taken away. A word that another one "
    "stands in for gets next to nothing.",
    "permutation effect": "What the answer loses when words of other texts stand in this word's place.",
    "gradient norm": "How strongly the answer reacts to a small change of the word: a size, which is "
    "neither for nor against.",
    "input × gradient score": "What the word would add if the answer rose and fell as steeply everywhere as "
    "at this text. Where the model is sure it is flat, and this says little.",
    "LIME coefficient": "The word's weight in a sum of words that answers as the model does on this text "
    "with words taken away.",
    "attention weight": "How much of what the model reads at the end comes from this word's place. What "
    "stands there is already mixed with its neighbors, so it is no reason by itself.",
    "attention rollout": "How much of the state that is classified came from this word, if nothing but "
    "attention mixed words.",
    "interaction": "What two words do together beyond what each does alone. “not” and “good” are an example.",
    "± (standard error)": "How far an estimate may be off: the true number lies within two of them in some "
    "95 of 100 cases. Where none is given, the number is no estimate.",
    "left blank, taken out": "Two ways to ask what the model would say without a word: the word's place "
    "stays, but empty; or the word is deleted and the rest moves together. No way is the right one; signs "
    "that agree in both can be trusted more.",
}


def glossary(used: Iterable[str]) -> str:
    """Return a list of those terms that a page uses, explained.

    Args:
        used: names of terms, or texts that hold them.
    """
    said = " ".join(used)
    told = {term: meaning for term, meaning in _TERMS.items() if term.split(" (")[0].split(",")[0] in said}
    items = "".join(f"<dt>{escape(term)}</dt><dd>{escape(meaning)}</dd>" for term, meaning in told.items())
    return f"<h2>Words used here</h2><dl>{items}</dl>" if items else ""
