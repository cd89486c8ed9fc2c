"""Every layer ramps from its own rate."""

from __future__ import annotations

import pytest
from torch import nn

from whytrain.models.dropout import dropout_rates, ramp_dropout


class Layers(nn.Module):
    def __init__(self, first: float, second: float, stacked: float) -> None:
        super().__init__()
        self.first, self.second = nn.Dropout(first), nn.Sequential(nn.Dropout(second))
        self.stacked = nn.LSTM(2, 2, num_layers=2, dropout=stacked)
        self.single = nn.LSTM(2, 2)


def test_each_layer_goes_from_its_own_rate_to_the_end() -> None:
    model = Layers(0.1, 0.3, 0.5)
    rates = dropout_rates(model)
    assert rates == {"first": 0.1, "second.0": 0.3, "stacked": 0.5}
    seen = []
    for share in (0.0, 0.5, 1.0):
        ramp_dropout(model, rates, 0.4, share)
        seen += [model.first.p, model.second[0].p, model.stacked.dropout]
    assert seen == pytest.approx([0.1, 0.3, 0.5, 0.25, 0.35, 0.45, 0.4, 0.4, 0.4])
    assert model.single.dropout == 0.0  # a single layer has nothing between layers


def test_what_is_switched_off_stays_off_unless_everything_is() -> None:
    assert dropout_rates(Layers(0.1, 0.0, 0.0)) == {"first": 0.1}
    assert dropout_rates(Layers(0.0, 0.0, 0.0)) == {"first": 0.0, "second.0": 0.0, "stacked": 0.0}
    assert dropout_rates(nn.Linear(2, 2)) == {}
