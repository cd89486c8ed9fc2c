"""Detectors over what the model does not get to see: unknown tokens, and texts whose end is cut off."""

from __future__ import annotations

from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined
from whytrain.statistics.intervals import Interval, wilson_interval

NOT_COUNTED = NotExamined("this run did not count what its tokenizer leaves out; train it again")


def unknown_tokens(run: RunEvidence) -> Measurement | NotExamined:
    """Share of unknown tokens in validation texts, beyond what a plain list of the training words would miss.

    Such a list misses N₁ / N of new words (Good and Turing): the words that stand once in the training texts,
    per word of them. A tokenizer that knows less than that list hides more than it shows.

    References:
        Good (1953), The population frequencies of species and the estimation of population parameters.
    """
    if run.tokens is None:
        return NOT_COUNTED
    seen, missed = run.tokens.validation, run.tokens.new_words
    if not seen.n_tokens:
        return NotExamined("the validation texts have no tokens")
    share = wilson_interval(seen.n_unknown, seen.n_tokens)
    detail = (
        f"{seen.unknown_share:.1%} of the tokens in new texts are unknown to the tokenizer; a plain list of "
        f"the training words would miss about {missed:.1%}."
    )
    value = Interval(estimate=share.estimate - missed, low=share.low - missed, high=share.high - missed)
    return Measurement(value=value, unit="points", detail=detail)


def cut_texts(run: RunEvidence) -> Measurement | NotExamined:
    """Share of validation texts whose end is cut off, beyond what chance does to the accuracy.

    Cut texts can change the accuracy by their share at most. Where that is less than half the width of its
    95% interval, what is lost in them cannot be told from the choice of validation texts.
    """
    if run.tokens is None:
        return NOT_COUNTED
    seen, right = run.tokens.validation, run.validation.predictions.right
    share = wilson_interval(seen.n_cut_texts, seen.n_texts)
    accuracy = wilson_interval(int(right.sum()), len(right))
    noise = (accuracy.high - accuracy.low) / 2
    detail = (
        f"{seen.n_cut_texts:,} of {seen.n_texts:,} new texts are cut, and {seen.lost_share:.0%} of their "
        "tokens are never read."
    )
    value = Interval(estimate=share.estimate - noise, low=share.low - noise, high=share.high - noise)
    return Measurement(value=value, unit="points", detail=detail)
