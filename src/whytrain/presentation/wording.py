"""Numbers, units and signs as figures and pages write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from whytrain.attribution.attribution import Quantity
from whytrain.statistics.intervals import Interval

MINUS = "\N{MINUS SIGN}"
_FINE = 0.5  # values of this size have two decimals, smaller ones three digits
_MOST_DECIMALS = 6


def signed(value: float, scale: float | None = None) -> str:
    """Return a value with its sign, and as many decimals as the largest value around it needs.

    >>> signed(1.234), signed(0.1234), signed(0.1234, scale=2.0), signed(-0.001, scale=2.0)
    ('+1.23', '+0.123', '+0.12', '0.00')
    """
    return fixed(value, _decimals(abs(value) if scale is None else scale))


def fixed(value: float, decimals: int) -> str:
    """Return a value with its sign and so many decimals: three where shares or losses are compared.

    >>> fixed(-0.0517, 3), fixed(-0.0004, 3)
    ('−0.052', '0.000')
    """
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def points(share: float) -> str:
    """Return a difference of shares in points, with its sign and one decimal.

    >>> points(-0.3267)
    '−32.7'
    """
    return fixed(100 * share, 1)


def points_with_interval(difference: Interval) -> str:
    """Return a difference of shares and its interval in points.

    >>> points_with_interval(Interval(estimate=-0.3267, low=-0.3942, high=-0.2476))
    '−32.7 points [−39.4, −24.8]'
    """
    return f"{points(difference.estimate)} points [{points(difference.low)}, {points(difference.high)}]"


def number(value: float) -> str:
    """Return a value with three decimals; a dash where it is not defined.

    >>> number(0.51234), number(math.nan)
    ('0.512', '–')
    """
    return "–" if math.isnan(value) else f"{value:.3f}"


def score(value: float, quantity: Quantity, scale: float | None = None) -> str:
    """Return a score as `signed` does; that of a quantity without signs has none.

    >>> share = Quantity(symbol="a", name="attention weight", unit="share", signed=False)
    >>> score(0.25, share)
    '0.250'
    """
    text = signed(value, scale)
    return text if quantity.signed else text.removeprefix("+")


def all_together(quantity: Quantity, *totals: float) -> str:
    """Return what the scores of a text sum to, to be added to a sentence; nothing where it means nothing.

    >>> phi = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
    >>> all_together(phi, 1.5), all_together(phi, 1.5, -0.5)
    ('; all together +1.50', '; all together +1.50 and −0.50')
    """
    told = " and ".join(score(total, quantity) for total in totals)
    return f"; all together {told}" if quantity.additive else ""


def scores_of(quantity: Quantity, class_name: str) -> str:
    """Return what scores are, beginning with a capital: of which method, for which class, in which unit.

    >>> scores_of(Quantity(symbol="φ", name="Shapley value", unit="log-odds"), "good")
    'Shapley values φ for good, log-odds'
    """
    return f"{plural(quantity)} {quantity.symbol} for {class_name}, {quantity.unit}"


def plural(quantity: Quantity) -> str:
    """Return the name of many scores, beginning with a capital.

    >>> plural(Quantity(symbol="r", name="random score", unit="standard deviations"))
    'Random scores'
    """
    return f"{quantity.name[:1].upper()}{quantity.name[1:]}s"


def amount(value: float, scale: float | None = None) -> str:
    """Return the size of a value, without its sign; only zero is written as zero.

    With a scale it has as many decimals as the largest value around it needs, as `signed` has.

    >>> amount(-1.234), amount(4e-7), amount(0.0), amount(0.0008, scale=2.0)
    ('1.23', '4e-07', '0.00', 'under 0.01')
    """
    if scale is not None:
        text = f"{abs(value):.{_decimals(scale)}f}"
        return f"under {text[:-1]}1" if value and float(text) == 0 else text
    text = f"{abs(value):.{_decimals(abs(value))}f}"
    return f"{abs(value):.0e}" if value and float(text) == 0 else text


def _decimals(scale: float) -> int:
    if scale >= _FINE or scale == 0 or not math.isfinite(scale):
        return 2
    return min(2 - math.floor(math.log10(scale)), _MOST_DECIMALS)


def with_interval(value: Interval) -> str:
    """Return a value and its interval; the value alone where resampling rows that are all alike made none.

    >>> with_interval(Interval(estimate=0.7741, low=0.748, high=0.7984))
    '0.774 [0.748, 0.798]'
    >>> with_interval(Interval(estimate=1.0, low=1.0, high=1.0))
    '1.000'
    """
    if value.low == value.high:
        return f"{value.estimate:.3f}"
    return f"{value.estimate:.3f} [{value.low:.3f}, {value.high:.3f}]"


def listed(names: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c".

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def quoted(class_name: str) -> str:
    """Return the name of a class as sentences have it: a name such as 2 would be read as a number.

    In other marks than words of the data, which are hidden where text is private.
    """
    return f"‘{class_name}’"


def shortened(passage: str, letters: int = 40) -> str:
    """Return a passage, of a longer one its first and last words.

    >>> shortened("a film that is long"), shortened("a film that is long, far too long and loud", 20)
    ('a film that is long', 'a film that … loud')
    """
    words = passage.split()
    if len(passage) <= letters or len(words) < 3:
        return passage
    first, last, room = [words[0]], [words[-1]], letters - len(words[0]) - len(words[-1]) - len(" … ")
    for word in words[1:-1]:
        if len(word) >= room:
            break
        first.append(word)
        room -= len(word) + 1
    return f"{' '.join(first)} … {' '.join(last)}"


def percent(share: float) -> str:
    """Return a probability in percent; only 0 and 1 are called so.

    >>> percent(0.974), percent(0.9999), percent(0.002)
    ('97%', 'over 99%', 'under 1%')
    """
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"
