"""Games whose interactions are known beforehand: logical expressions, negation and contrast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import membership

# A word index, or an operator with its parts: ("and", 0, ("or", 1, 2)).
Expression = int | tuple["Literal['and', 'or', 'sum'] | Expression", ...]

_OPERATORS = {"and": np.minimum, "or": np.maximum, "sum": np.add}


def expression_table(expression: Expression, n_words: int) -> NDArray[np.float64]:
    """Payoffs of a logical expression: float64 (2^n,), 1 where it holds.

    Words joined by AND have a positive interaction, by OR a negative one, by a sum none.

    >>> expression_table(("and", 0, ("or", 1, 2)), 3).tolist()
    [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]
    """
    present = membership(np.arange(1 << n_words), n_words).astype(np.float64)

    def evaluate(part: Expression) -> NDArray[np.float64]:
        if isinstance(part, int):
            return present[:, part]
        operator, *parts = part
        return reduce(_OPERATORS[str(operator)], [evaluate(p) for p in parts if not isinstance(p, str)])

    return evaluate(expression)


def expression_spans(expression: Expression) -> frozenset[tuple[int, int]]:
    """Phrases that an expression joins, as (first word, one after the last): the structure to be found.

    >>> sorted(expression_spans(("or", ("and", 0, 1), ("and", 2, 3))))
    [(0, 2), (0, 4), (2, 4)]
    """
    if isinstance(expression, int):
        return frozenset()
    parts = [part for part in expression if not isinstance(part, str)]
    inner = frozenset(span for part in parts for span in expression_spans(part))
    words = [part for part in parts if isinstance(part, int)]
    bounds = [(word, word + 1) for word in words] + list(inner)
    return inner | {(min(start for start, _ in bounds), max(end for _, end in bounds))}


@dataclass(frozen=True, kw_only=True)
class SignedPhrase:
    """A sentence in which the interaction of two words has a known sign for the positive class.

    Attributes:
        text: the sentence.
        pair: the two words' indices.
        sign: +1 or −1.
        kind: what makes the sign.
    """

    text: str
    pair: tuple[int, int]
    sign: int
    kind: Literal["negation", "contrast"]


_POSITIVE = ("good", "great", "funny", "moving", "interesting", "entertaining")
_NEGATIVE = ("bad", "boring", "dull", "terrible", "awful", "stupid")


def signed_phrases() -> tuple[SignedPhrase, ...]:
    """Return sentences whose interactions must have a sign.

    "not" turns a word's polarity round, "but" discounts what stands before it: together with a positive
    word either must be worth less than the two alone, with a negative word more.
    """
    phrases = []
    for words, sign in ((_POSITIVE, -1), (_NEGATIVE, 1)):
        opposite = _NEGATIVE if words is _POSITIVE else _POSITIVE
        for word, other in zip(words, opposite, strict=True):
            phrases.append(SignedPhrase(text=f"not {word}", pair=(0, 1), sign=sign, kind="negation"))
            phrases.append(
                SignedPhrase(text=f"the film is not {word} .", pair=(3, 4), sign=sign, kind="negation")
            )
            text = f"the plot is {word} , but the acting is {other} ."
            phrases.append(SignedPhrase(text=text, pair=(3, 5), sign=sign, kind="contrast"))
    return tuple(phrases)
