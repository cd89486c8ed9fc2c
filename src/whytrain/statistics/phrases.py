"""Plain sentences for differences: what can be said, in the unit people use, with its interval."""

from __future__ import annotations

import math

from whytrain.metrics import Metric
from whytrain.statistics.intervals import Interval
from whytrain.statistics.paired_bootstrap import MetricDifference

NO_DIFFERENCE = "no sentence differs"
_MINUS = "\N{MINUS SIGN}"


def signed_difference(metric: Metric, value: float) -> str:
    """Return a difference with its sign: one decimal in points for shares, three decimals for others.

    Example:
        >>> from whytrain.metrics import ACCURACY, F1, NLL
        >>> signed_difference(ACCURACY, 0.0213), signed_difference(NLL, 0.0), signed_difference(F1, -0.00001)
        ('+2.1', '0.000', '0.0')
    """
    text = f"{metric.scale * value:+.{1 if metric.unit == 'share' else 3}f}"
    return text[1:] if float(text) == 0 else text.replace("-", _MINUS)


def interval_phrase(metric: Metric, difference: Interval) -> str:
    """Return a difference and its interval: "+0.1 points, 95% interval -1.6 to +1.8" (with minus signs)."""
    if math.isnan(difference.estimate):
        return "not defined on these sentences"
    if difference.estimate == difference.low == difference.high == 0:
        return NO_DIFFERENCE
    unit = f" {metric.difference_unit}" if metric.difference_unit else ""
    ends = f"{signed_difference(metric, difference.low)} to {signed_difference(metric, difference.high)}"
    return (
        f"{signed_difference(metric, difference.estimate)}{unit}, {100 * difference.level:g}% interval {ends}"
    )


def difference_sentence(
    measured: MetricDifference,
    adjusted_p_value: float,
    n_tests: int,
    names: tuple[str, str] = ("A", "B"),
) -> str:
    """Say whether B differs from A in one metric.

    A difference is claimed where the corrected p-value reaches the interval's own level and the interval
    leaves out 0.

    Args:
        measured: the difference B - A.
        adjusted_p_value: its p-value after correction for n_tests differences.
        n_tests: number of differences looked at.
        names: of A and B.

    Returns:
        One sentence without a full stop.

    Example:
        >>> from whytrain.metrics import ACCURACY
        >>> nan = math.nan
        >>> interval = Interval(estimate=0.021, low=0.004, high=0.038)
        >>> errors = {"sentence_error": 0.009, "seed_error": nan, "interaction_error": nan}
        >>> measured = MetricDifference(
        ...     metric=ACCURACY, value_a=0.810, value_b=0.831, difference=interval, p_value=0.01, **errors
        ... )
        >>> difference_sentence(measured, 0.04, 4)
        'accuracy: B is better than A: +2.1 points, 95% interval +0.4 to +3.8, p = 0.04 after correction'
    """
    metric, difference = measured.metric.label, measured.difference
    phrase = interval_phrase(measured.metric, difference)
    if math.isnan(difference.estimate):
        return f"{metric}: {phrase}"
    if phrase == NO_DIFFERENCE:
        return f"{metric}: {phrase}"
    if difference.estimate == 0 and measured.sentence_error == 0:
        return f"{metric}: {NO_DIFFERENCE}; what unseen ones may change: {phrase}"
    if difference.contains(0):
        return f"{metric}: no difference can be seen: {phrase}"
    if adjusted_p_value > 1 - difference.level:
        return (
            f"{metric}: no difference can be claimed after looking at {n_tests} differences: {phrase}, "
            f"p = {measured.p_value:.2g}, {adjusted_p_value:.2g} after correction"
        )
    b_wins = (difference.estimate > 0) == measured.metric.higher_is_better
    word = "better" if b_wins else "worse"
    p_value = f"p = {adjusted_p_value:.2g} after correction"
    return f"{metric}: {names[1]} is {word} than {names[0]}: {phrase}, {p_value}"


def requirement_phrase(sentences: int | None, seeds: int | None, several_seeds: bool) -> str:
    """Say what it would take to see a difference as large as the one observed.

    Args:
        sentences: number needed with these seeds; None if no number is enough.
        seeds: number needed on these sentences; None if no number is enough.
        several_seeds: whether seeds were compared at all.

    Returns:
        A clause, numbers rounded up to two digits.

    Example:
        >>> requirement_phrase(51234, None, several_seeds=False)
        'about 52,000 sentences would be needed to see a difference of this size'
    """
    ways = [f"{_round_up(sentences):,} sentences"] if sentences is not None else []
    if several_seeds and seeds is not None:
        ways.append(f"{_round_up(seeds):,} seeds of each")
    if ways:
        return f"about {' or '.join(ways)} would be needed to see a difference of this size"
    scarce = "neither more sentences nor more seeds alone" if several_seeds else "no number of sentences"
    return f"{scarce} would show a difference of this size"


def _round_up(count: int) -> int:
    """Round up to two leading digits."""
    unit: int = 10 ** max(0, len(str(count)) - 2)
    return math.ceil(count / unit) * unit
