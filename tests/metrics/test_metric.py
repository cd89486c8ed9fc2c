"""What a metric says of itself holds, and everything that lists metrics reads the objects."""

from __future__ import annotations

import math
from typing import get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from scored import scored_rows

from whytrain import metrics
from whytrain.errors import ConfigError
from whytrain.metrics import METRICS, MONITORED, MULTILABEL_METRICS, SHOWN, Metric, Scored, monitored


@settings(max_examples=60, deadline=None)
@given(scored=scored_rows())
def test_values_lie_in_the_range(scored: Scored) -> None:
    for metric in METRICS:
        value = metric.value(scored)
        assert math.isnan(value) or metric.lowest <= value <= metric.highest + 1e-12, metric.name


@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_better_model_is_better_in_the_metric_s_direction(n_classes: int) -> None:
    labels = np.arange(400) % n_classes
    noise = np.random.default_rng(0).normal(size=(400, n_classes))

    def with_skill(skill: float) -> Scored:
        odds = np.exp(noise + skill * np.eye(n_classes)[labels])
        return Scored(probabilities=odds / odds.sum(axis=1, keepdims=True), labels=labels)

    for metric in METRICS:
        if metric.name != "ece":  # being right more often does not make it honest
            gain = metric.value(with_skill(3.0)) - metric.value(with_skill(0.5))
            assert (gain > 0) == metric.higher_is_better, metric.name


def test_a_perfect_model_reaches_the_best_end_of_the_range() -> None:
    scored = Scored(probabilities=np.eye(3)[[0, 1, 2, 1]], labels=np.array([0, 1, 2, 1]))
    for metric in METRICS:
        assert metric.value(scored) == (metric.highest if metric.higher_is_better else metric.lowest), metric


def test_every_metric_object_is_registered_once() -> None:
    objects = [value for value in vars(metrics).values() if isinstance(value, Metric)]
    registered = [*METRICS, *MULTILABEL_METRICS]
    assert {id(metric) for metric in objects} <= {id(metric) for metric in registered}
    for family in (METRICS, MULTILABEL_METRICS):
        assert len({metric.name for metric in family}) == len(family)
    assert [metric.name for metric in METRICS if metric not in SHOWN] == ["loss"]


def test_all_can_be_monitored() -> None:
    from whytrain.lightning_modules.trainer import TrainerSettings

    assert get_args(get_type_hints(TrainerSettings)["monitor"]) == tuple(MONITORED)
    assert [monitored(f"val/{name}").mode for name in ("auroc", "brier")] == ["max", "min"]
    with pytest.raises(
        ConfigError, match=r"trainer.monitor=val/auc: no such metric; choices: val/accuracy, "
    ):
        monitored("val/auc")
