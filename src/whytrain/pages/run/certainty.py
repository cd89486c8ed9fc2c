"""Whether a model is right as often as it says, in sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whytrain.calibration.noise_floor import ece_noise_floor
from whytrain.metrics import evaluate
from whytrain.metrics.calibration import expected_calibration_error, top_label
from whytrain.types import Predictions

_LEVEL = 0.05  # of "more than chance"


def certainty_sentences(best: Predictions, corrected: NDArray[np.float64] | None) -> list[str]:
    """Say how confidence and accuracy compare, and what the correction changes.

    Args:
        best: of the best epoch, on validation sentences.
        corrected: its probabilities as people see them; None where they are as trained.
    """
    if not best.exclusive:
        error = evaluate(best)["ece"]
        return [
            f"The probabilities of the labels miss the shares that they promise by {error:.1%} on average."
        ]
    said = [_as_trained(best)]
    if corrected is not None and np.allclose(corrected, best.probabilities, atol=1e-6):  # float32
        said.append("Sentences that were held out give no ground to correct it: people see it as trained.")
    elif corrected is not None:
        before, after = (expected_calibration_error(p, best.labels) for p in (best.probabilities, corrected))
        word = "helps" if after < before else "does not help"
        said.append(
            "Its confidence as people see it is corrected on sentences that were held out. On the validation "
            f"sentences that {word}: the calibration error is {after:.3f} instead of {before:.3f}."
        )
    return said


def _as_trained(best: Predictions) -> str:
    confidence, right = top_label(best.probabilities, best.labels)
    error = expected_calibration_error(best.probabilities, best.labels)
    chance = ece_noise_floor(best.probabilities)
    sure = chance.p_value(error) <= _LEVEL
    if not sure:
        judged = "no more than chance gives a model that is right as often as it says"
    elif confidence.mean() > right.mean():
        judged = "more than chance explains: it is surer than it is right"
    else:
        judged = "more than chance explains: it is right more often than it says"
    return (
        f"It says {confidence.mean():.1%} on average and is right in {right.mean():.1%}. Its calibration "
        f"error is {error:.3f}, {judged} (up to {chance.percentile_95:.3f} in 95 of 100 such samples)."
    )
