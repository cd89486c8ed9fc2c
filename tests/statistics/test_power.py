"""Power and sample sizes against statsmodels and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from whytrain.errors import ConfigError, DataError
from whytrain.statistics.power import power_of_difference, required_seeds, required_sentences


@pytest.mark.parametrize("n_seeds", [2, 3, 5, 30])
@pytest.mark.parametrize("effect", [0.0, 0.5, 1.2])
def test_over_seeds_equals_statsmodels(n_seeds: int, effect: float) -> None:
    power = pytest.importorskip("statsmodels.stats.power")
    expected = power.TTestPower().power(effect, n_seeds, 0.05)
    # Noncentral t there, noncentral F here: equal up to the digits that 1 - cdf costs.
    assert power_of_difference(effect, 1 / math.sqrt(n_seeds), 0.05, n_seeds - 1) == pytest.approx(
        expected, abs=1e-8
    )


def test_without_a_difference_power_is_alpha() -> None:
    assert power_of_difference(0.0, 0.3, 0.1) == pytest.approx(0.1)
    assert power_of_difference(0.0, 0.3, 0.1, 4) == pytest.approx(0.1)


@pytest.mark.parametrize("shift", [11.0, 40.0, 1e4])
def test_large_differences_are_certain(shift: float) -> None:
    # SciPy's noncentral t gives NaN for these.
    assert power_of_difference(shift, 1.0, degrees_of_freedom=29) == pytest.approx(1.0)


def test_power_grows_with_the_difference_and_ignores_its_sign() -> None:
    powers = [power_of_difference(d, 1.0) for d in (0.0, 1.0, -2.0, 3.0)]
    assert powers == sorted(powers)
    assert power_of_difference(-2.0, 1.0) == power_of_difference(2.0, 1.0)


def test_required_sentences_reach_the_power_and_one_less_does_not() -> None:
    n = required_sentences(0.01, 0.012, 872, power=0.9, alpha=0.01)

    def power(sentences: int) -> float:
        return power_of_difference(0.01, 0.012 * math.sqrt(872 / sentences), 0.01)

    assert power(n - 1) < 0.9 <= power(n)
    normal_power = pytest.importorskip("statsmodels.stats.power").NormalIndPower(ddof=0)
    effect = 0.01 / (0.012 * math.sqrt(872))
    theirs = normal_power.solve_power(effect, power=0.9, alpha=0.01, ratio=0)
    # statsmodels solves numerically; both leave out or keep a far tail of below 1e-9.
    assert n == math.ceil(theirs) == pytest.approx(theirs, abs=1)


@pytest.mark.parametrize(("effect", "power"), [(3.0, 0.8), (1.0, 0.8), (0.2, 0.9)])
def test_required_seeds_equal_statsmodels(effect: float, power: float) -> None:
    t_power = pytest.importorskip("statsmodels.stats.power").TTestPower()
    # Standard error 1/√4 at 4 seeds: standard deviation 1.
    n = required_seeds(effect, 0.5, 4, power=power)
    assert t_power.power(effect, n, 0.05) >= power
    assert n == 2 or t_power.power(effect, n - 1, 0.05) < power


def test_what_the_other_source_of_noise_hides_cannot_be_bought() -> None:
    assert required_sentences(0.01, 0.01, 872, seed_error=0.01) is None
    assert required_seeds(0.01, 0.01, 5, sentence_error=0.01) is None
    assert required_sentences(0.0, 0.01, 872) is None
    assert required_seeds(0.0, 0.0, 3) is None
    assert required_seeds(0.1, 0.0, 3) == 2
    more = required_seeds(0.01, 0.01, 5, sentence_error=0.002)
    assert more > required_seeds(0.01, 0.01, 5)


def test_power_of_a_known_difference_is_seen_in_simulation() -> None:
    n, effect = 6, 1.2
    samples = np.random.default_rng(0).normal(effect, 1.0, size=(4000, n))
    t = samples.mean(axis=1) / (samples.std(axis=1, ddof=1) / math.sqrt(n))
    seen = float((np.abs(t) > 2.5706).mean())  # t quantile at 5 degrees of freedom
    expected = power_of_difference(effect, 1 / math.sqrt(n), degrees_of_freedom=n - 1)
    assert seen == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 4000))  # four standard errors


def test_impossible_rates() -> None:
    with pytest.raises(ConfigError, match=r"between 0 and 1"):
        required_sentences(0.1, 0.1, 10, power=1.0)
    with pytest.raises(ConfigError, match=r"between 0 and 1"):
        required_seeds(0.1, 0.1, 10, alpha=0.0)
    with pytest.raises(DataError, match="standard error above 0"):
        power_of_difference(0.1, 0.0)
