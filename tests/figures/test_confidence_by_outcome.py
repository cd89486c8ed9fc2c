"""The confidence of right answers against that of wrong ones."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from whytrain.figures.confidence.confidence_by_outcome import confidence_by_outcome, outcome_auroc
from whytrain.metrics.calibration import top_label


def test_auroc_is_that_of_scikit_learn_ties_included():
    generator = np.random.default_rng(0)
    confidence = generator.integers(5, 10, 200) / 10
    correct = generator.random(200) < confidence
    assert outcome_auroc(confidence, correct) == pytest.approx(roc_auc_score(correct, confidence), abs=1e-12)


def test_shares_means_and_numbers(readable, runs):
    made = runs(1)
    confidence, correct = top_label(*made["baseline"])
    figure = confidence_by_outcome(made)
    texts = readable(figure)
    ax = figure.axes[0]
    edges = np.linspace(0.5, 1, 21)
    for patch, of in zip(ax.patches, (correct, ~correct), strict=True):
        np.testing.assert_allclose(patch.get_data().values, np.histogram(confidence[of], edges)[0] / of.sum())
    assert f"{correct.sum()} right, mean {confidence[correct].mean():.3f}" in [t.strip() for t in texts]
    assert f"AUROC {outcome_auroc(confidence, correct):.3f}" in texts
    assert ax.patches[1].get_hatch()
    assert not ax.patches[0].get_hatch()


@pytest.mark.parametrize("label", [0, 1])
def test_only_right_or_only_wrong(readable, label):
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4]])
    texts = readable(confidence_by_outcome({"run": (probabilities, np.full(2, label))}))
    assert "Only right or only wrong answers" in texts
    assert "AUROC –" in texts
