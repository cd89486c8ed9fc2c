"""What can be said of a network beside the bag of words."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.baselines.comparable import LEVEL, gain_over_floor
from whytrain.statistics.mcnemar import mcnemar


@pytest.mark.parametrize("n_lost", range(1, 13))
def test_a_gain_is_claimed_where_the_test_claims_one(n_lost: int) -> None:
    """Few rows are judged differently, all of them against the network: the bootstrap alone is sure from 4 on."""
    right, right_floor = np.ones(150, dtype=bool), np.ones(150, dtype=bool)
    right[:n_lost] = False
    found = gain_over_floor(right, right_floor)
    assert found.estimate == pytest.approx(-n_lost / 150)
    assert found.contains(0) == (mcnemar(right, right_floor).p_value > LEVEL)
    assert found.contains(0) == (n_lost < 6)  # 2 / 2^5 > 0.05 ≥ 2 / 2^6
