"""A correction is kept where it helps unseen rows, and never costs more than noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.special import log_softmax, softmax

from whytrain.calibration.correction import Correction, fit_correction
from whytrain.calibration.temperature import fit_temperature


def draw(
    generator: np.random.Generator, n_rows: int, sharpness: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits that are calibrated at 1 / sharpness of their size."""
    logits = 2 * generator.normal(size=(n_rows, 2))
    p = softmax(logits, axis=1)
    return sharpness * logits, (generator.random(n_rows) > p[:, 0]).astype(np.int64)


def fitted(logits: NDArray[np.float64], labels: NDArray[np.int64], smoothing: float = 0.0) -> Correction:
    return fit_correction(logits, labels, label_smoothing=smoothing, smallest=1 / len(labels))


def test_what_is_sure_to_help_is_kept_whole() -> None:
    logits, labels = draw(np.random.default_rng(0), 500, sharpness=3.0)
    correction = fitted(logits, labels)
    assert correction.temperature == fit_temperature(logits, labels).temperature
    assert not correction.changes_nothing


def test_a_calibrated_model_is_left_alone_nineteen_times_in_twenty() -> None:
    generator = np.random.default_rng(1)
    changed = sum(not fitted(*draw(generator, 200)).changes_nothing for _ in range(200))
    assert changed <= stats.binom.ppf(0.999, 200, 0.05)


def test_on_unseen_rows_it_is_not_worse_than_none() -> None:
    """A temperature fitted on few rows costs on average; what is kept of them costs almost nothing."""
    generator = np.random.default_rng(2)
    test_logits, test_labels = draw(generator, 4000)

    def loss(logits: NDArray[np.float64]) -> float:
        return float(-log_softmax(logits, axis=1)[np.arange(4000), test_labels].mean())

    kept, always = [], []
    for _ in range(100):
        logits, labels = draw(generator, 40)
        always.append(loss(test_logits / fit_temperature(logits, labels).temperature) - loss(test_logits))
        kept.append(loss(np.log(fitted(logits, labels).probabilities(test_logits))) - loss(test_logits))
    assert np.mean(always) > 0
    assert np.mean(kept) < np.mean(always) / 2


@pytest.mark.parametrize("is_smoothed", [True, False])
def test_smoothing_is_taken_back_only_where_the_model_followed_it(is_smoothed: bool) -> None:
    # Taking it back from a model that did not learn it makes almost all answers certain, and the wrong ones dear.
    generator = np.random.default_rng(3)
    logits, labels = draw(generator, 4000)
    given = np.log(0.8 * softmax(logits, axis=1) + 0.1) if is_smoothed else logits
    correction = fitted(given, labels, smoothing=0.2)
    assert correction.label_smoothing == (0.2 if is_smoothed else 0.0)
    if not is_smoothed:
        assert correction.temperature == pytest.approx(1.0, abs=0.15)  # 1, or one that helped by chance
