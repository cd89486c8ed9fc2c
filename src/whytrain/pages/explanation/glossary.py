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
