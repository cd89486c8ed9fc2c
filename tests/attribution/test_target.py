"""Which output is explained: one class against another, by hand, and as what it is with two classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

import whytrain as wt
from whytrain.attribution.target import ClassTarget, LabelTarget, contrast_of
from whytrain.errors import ConfigError, DataError
from whytrain.models.saved import SavedModel
from whytrain.types import Payoff

LOGITS = np.array([[2.0, 0.5, -1.0], [0.0, 4.0, 1.0]])
NAMES = ("art", "law", "tax")
# What each word says for art, law and tax; the logits of a text are their sums.
WEIGHTS = {"court": (0.0, 2.0, 1.5), "income": (-0.5, 0.0, 3.0), "painting": (2.0, -1.0, -1.0)}


@pytest.fixture(scope="module")
def additive() -> SavedModel:
    def probabilities(texts: list[str]) -> np.ndarray:
        logits = [sum((np.array(WEIGHTS.get(w, (0, 0, 0))) for w in t.split()), np.zeros(3)) for t in texts]
        return softmax(np.array(logits), axis=1)

    return wt.from_function(probabilities, NAMES)


def test_a_contrast_is_the_difference_of_two_logits() -> None:
    target = contrast_of(NAMES, 0, 2, "log_odds")
    assert target.name == "art rather than tax"
    assert target.unit == "log-odds"
    assert target.values(LOGITS).tolist() == [3.0, -1.0]
    assert target.decisions(LOGITS).tolist() == [0, 1]  # of all classes, not of the two alone
    p = softmax(LOGITS, axis=1)
    share = p[:, 0] / (p[:, 0] + p[:, 2])
    np.testing.assert_allclose(contrast_of(NAMES, 0, 2, "probability").values(LOGITS), share, rtol=1e-12)
    np.testing.assert_allclose(target.chances(target.values(LOGITS)), share, rtol=1e-12)
    # Logits differ by log-odds, whichever of the two was asked for.
    assert contrast_of(NAMES, 0, 2, "logit") == target


@pytest.mark.parametrize("payoff", ["log_odds", "probability"])
def test_of_two_classes_it_is_the_class_itself(payoff: Payoff) -> None:
    two = LOGITS[:, :2]
    alone = ClassTarget(name="law", index=1, payoff=payoff)
    contrast = contrast_of(NAMES[:2], 1, 0, payoff)
    # One rounding of float64 more or less.
    np.testing.assert_allclose(contrast.values(two), alone.values(two), rtol=1e-12)


@pytest.mark.parametrize(("payoff", "slope"), [("log_odds", 1.0), ("probability", expit(3) * expit(-3))])
def test_gradients_pull_one_class_up_and_the_other_down(payoff: Payoff, slope: float) -> None:
    target = contrast_of(NAMES, 0, 2, payoff)
    logits = torch.tensor(LOGITS[:1], requires_grad=True)
    values = target.of_tensor(logits)
    np.testing.assert_allclose(values.detach().numpy(), target.values(LOGITS[:1]), rtol=1e-12)
    values.sum().backward()
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), [[slope, 0.0, -slope]], rtol=1e-12, atol=1e-15)


def test_what_a_payoff_says_as_a_probability() -> None:
    p = softmax(LOGITS, axis=1)[:, 1]
    for payoff in ("log_odds", "probability"):
        of_class = ClassTarget(name="law", index=1, payoff=payoff)
        np.testing.assert_allclose(of_class.chances(of_class.values(LOGITS)), p, rtol=1e-12)
        label = LabelTarget(name="law", index=1, payoff=payoff)
        np.testing.assert_allclose(label.chances(label.values(LOGITS)), expit(LOGITS[:, 1]), rtol=1e-12)
    centered = ClassTarget(name="law", index=1, payoff="logit")
    assert centered.chances(centered.values(LOGITS)) is None


def test_a_word_says_of_two_classes_what_its_weights_differ_by(additive: SavedModel) -> None:
    text = "court painting income"
    found = wt.explain(additive, text, label="law", rather_than="tax").attributions[0]
    assert found.target.name == "law rather than tax"
    expected = [WEIGHTS[word][1] - WEIGHTS[word][2] for word in found.words]
    # The function's probabilities went through a softmax and a logarithm, in float32 on the way.
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)
    predicted = wt.explain(additive, text, rather_than="art").attributions[0]
    assert predicted.target.name == "tax rather than art"
    np.testing.assert_allclose(predicted.scores, [1.5, -3.0, 3.5], atol=1e-5)


def test_the_second_class_is_asked_about_unless_something_else_was(additive: SavedModel) -> None:
    result = wt.explain(additive, "court painting income").result
    # Logits: art 1.5, law 1, tax 3.5.
    assert result.label == "tax"
    assert result.alternative is not None
    assert result.alternative.attribution.target.name == "tax rather than art"
    np.testing.assert_allclose(result.alternative.attribution.scores, [1.5, -3.0, 3.5], atol=1e-5)
    assert wt.explain(additive, "court", label="tax").result.alternative is None
    assert wt.explain(additive, "court", rather_than="tax").result.alternative is None


def test_what_cannot_be_asked_is_one_line(additive: SavedModel) -> None:
    with pytest.raises(
        ConfigError, match="rather_than=taxes: the model has no such class; choices: art, law"
    ):
        wt.explain(additive, "court", rather_than="taxes")
    with pytest.raises(ConfigError, match="rather_than=tax: is the label itself"):
        wt.explain(additive, "court", label="tax", rather_than="tax")
    with pytest.raises(DataError, match="rather_than=law: is what the model predicts here"):
        wt.explain(additive, "court", rather_than="law")
