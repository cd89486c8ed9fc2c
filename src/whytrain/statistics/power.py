"""Power: how likely a difference is to be seen, and how many sentences or seeds that would take."""

from __future__ import annotations

import math

from scipy import special

from whytrain.errors import ConfigError, DataError

# Nobody trains more seeds than this; above it the answer is "seeds alone cannot do it".
_MOST_SEEDS = 100_000


def power_of_difference(
    difference: float, standard_error: float, alpha: float = 0.05, degrees_of_freedom: float = math.inf
) -> float:
    """Probability that a two-sided t test sees a true difference: P(|T| > t_{1-α/2}), T noncentral t.

    Args:
        difference: the true difference.
        standard_error: of the measured difference; > 0.
        alpha: level of the test, in (0, 1).
        degrees_of_freedom: of the standard error; n_seeds - 1 over seeds, infinite over many sentences.

    Returns:
        The power, at least alpha.

    Raises:
        ConfigError: if alpha is outside (0, 1).
        DataError: if the standard error is not positive.

    Example:
        >>> round(power_of_difference(2.8, 1.0), 3)  # a difference of 2.8 standard errors
        0.8
    """
    _check_rates(alpha)
    if not standard_error > 0:
        raise DataError(f"Power needs a standard error above 0, got {standard_error}.")
    shift = abs(difference) / standard_error
    if math.isinf(degrees_of_freedom):
        critical = -float(special.ndtri(alpha / 2))
        return float(special.ndtr(shift - critical) + special.ndtr(-critical - shift))
    if shift == 0:
        return alpha
    # T² is noncentral F: one upper tail, exact also where SciPy's noncentral t gives NaN (shifts above 10).
    critical = -float(special.stdtrit(degrees_of_freedom, alpha / 2))
    if shift > 100 * critical:  # the series behind it fails to converge, and nothing is left to compute
        return 1.0
    return float(1 - special.ncfdtr(1, degrees_of_freedom, shift**2, critical**2))


def required_sentences(
    difference: float,
    sentence_error: float,
    n_sentences: int,
    *,
    seed_error: float = 0.0,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int | None:
    """How many sentences would show the difference: n·σ² / ((|d| / (z_{1-α/2} + z_power))² - τ²).

    Args:
        difference: d, the true difference (the observed one, to ask about that).
        sentence_error: σ, standard error of the difference that comes from n sentences.
        n_sentences: n, the number of sentences that gave it.
        seed_error: τ, standard error that comes from the seeds; more sentences do not reduce it.
        power: probability of seeing the difference, in (0, 1).
        alpha: level of the two-sided test, in (0, 1).

    Returns:
        The number of sentences, at least 2; None if no number is enough.

    Raises:
        ConfigError: if power or alpha is outside (0, 1).

    Example:
        >>> required_sentences(0.01, sentence_error=0.01, n_sentences=872)
        6845
    """
    _check_rates(alpha, power)
    reach = float(special.ndtri(power) - special.ndtri(alpha / 2))
    room = (difference / reach) ** 2 - seed_error**2
    if room <= 0:
        return None
    return max(2, math.ceil(n_sentences * sentence_error**2 / room))


def required_seeds(
    difference: float,
    seed_error: float,
    n_seeds: int,
    *,
    sentence_error: float = 0.0,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int | None:
    """How many seeds would show the difference on the same sentences: the fewest whose power suffices.

    With s seeds the standard error is √(σ² + n_seeds·τ²/s); its degrees of freedom are Welch's, s - 1
    where the seeds dominate.

    Args:
        difference: the true difference (the observed one, to ask about that).
        seed_error: τ, standard error of the difference that comes from n_seeds seeds.
        n_seeds: the number of seeds that gave it.
        sentence_error: σ, standard error that comes from the sentences; more seeds do not reduce it.
        power: probability of seeing the difference, in (0, 1).
        alpha: level of the two-sided test, in (0, 1).

    Returns:
        The number of seeds, at least 2; None if no number is enough.

    Raises:
        ConfigError: if power or alpha is outside (0, 1).

    Example:
        >>> required_seeds(0.01, seed_error=0.01, n_seeds=3)
        26
    """
    _check_rates(alpha, power)

    def suffices(seeds: int) -> bool:
        from_seeds = n_seeds * seed_error**2 / seeds
        variance = sentence_error**2 + from_seeds
        if variance == 0:
            return difference != 0
        freedom = (seeds - 1) * (variance / from_seeds) ** 2 if from_seeds else math.inf
        return power_of_difference(difference, math.sqrt(variance), alpha, freedom) >= power

    if not suffices(_MOST_SEEDS):
        return None
    low, high = 1, 2  # one seed shows no spread
    while not suffices(high):
        low, high = high, min(2 * high, _MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _check_rates(*rates: float) -> None:
    if not all(0 < rate < 1 for rate in rates):
        raise ConfigError(f"Expected alpha and power between 0 and 1 (0.05 and 0.8 are usual), got {rates}.")
