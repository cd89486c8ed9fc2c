"""Numbers, units and signs as figures and pages write them."""

from __future__ import annotations

import math

from whytrain.types import Payoff

UNITS: dict[Payoff, str] = {"log_odds": "log-odds", "probability": "probability", "logit": "logit"}
MINUS = "\N{MINUS SIGN}"
_FINE = 0.5  # values of this size have two decimals, smaller ones three digits
_MOST_DECIMALS = 6


def signed(value: float, scale: float | None = None) -> str:
    """Return a value with its sign, and as many decimals as the largest value around it needs.

    >>> signed(1.234), signed(0.1234), signed(0.1234, scale=2.0), signed(-0.001, scale=2.0)
    ('+1.23', '+0.123', '+0.12', '0.00')
    """
    text = f"{value:+.{_decimals(abs(value) if scale is None else scale)}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def number(value: float) -> str:
    """Return a value with four decimals; a dash where it is not defined.

    >>> number(0.51234), number(math.nan)
    ('0.5123', '–')
    """
    return "–" if math.isnan(value) else f"{value:.4f}"


def amount(value: float) -> str:
    """Return the size of a value, without its sign; only zero is written as zero.

    >>> amount(-1.234), amount(4e-7), amount(0.0)
    ('1.23', '4e-07', '0.00')
    """
    text = f"{abs(value):.{_decimals(abs(value))}f}"
    return f"{abs(value):.0e}" if value and float(text) == 0 else text


def _decimals(scale: float) -> int:
    if scale >= _FINE or scale == 0 or not math.isfinite(scale):
        return 2
    return min(2 - math.floor(math.log10(scale)), _MOST_DECIMALS)


def counted(n: int, noun: str) -> str:
    """Return "1 sentence", "2 sentences"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
