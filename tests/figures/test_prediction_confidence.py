"""The confidence of the first sentences."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from whytrain.errors import WhytrainError
from whytrain.figures.confidence.prediction_confidence import prediction_confidence
from whytrain.presentation.palette import RIGHT, WRONG

TEXTS = [
    "it 's a charming and often affecting journey .",
    "word " * 40,
    "这部电影非常好看，演员的表演令人难忘，剧情也很紧凑",
    "costs $5 or $10 😀🧾",
    "w" * 200,
    "",
]


def predictions(n: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.full(n_classes, 0.5), n)
    labels = np.where(generator.random(n) < 0.7, probabilities.argmax(1), generator.integers(0, n_classes, n))
    return probabilities, labels


def test_bars_are_confidences_and_wrong_ones_differ_without_color(readable):
    probabilities, labels = predictions(50, 2)
    names = ["negative", "positive"]
    figure = prediction_confidence(probabilities, labels, names, texts=[f"sentence {i}" for i in range(50)])
    readable(figure)
    bars = figure.axes[0].patches
    assert len(bars) == 20
    np.testing.assert_array_equal([bar.get_width() for bar in bars], probabilities[:20].max(1))
    right = (probabilities.argmax(1) == labels)[:20]
    assert 0 < right.sum() < 20
    for i, (bar, ok) in enumerate(zip(bars, right, strict=True)):
        assert to_hex(bar.get_facecolor()).upper() == (RIGHT if ok else WRONG)
        assert bool(bar.get_hatch()) != ok
        verdict = figure.axes[0].texts[i].get_text()
        predicted = names[int(probabilities[i].argmax())]
        expected = f"✓ {predicted}" if ok else f"✗ {predicted}, is {names[labels[i]]}"
        assert verdict == f"{probabilities[i].max():.2f} {expected}"
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [f"sentence {i}" for i in range(20)]


def test_the_summary_counts_the_first_and_all(readable):
    probabilities, labels = predictions(50, 2)
    texts = readable(prediction_confidence(probabilities, labels, ["n", "p"]))
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    for name, part in (("first 20", slice(20)), ("all 50", slice(None))):
        c, r = confidence[part], right[part]
        numbers = [r.mean(), c.mean(), c[r].mean(), c[~r].mean()]
        expected = [str(r.sum()), str((~r).sum()), *(f"{number:.3f}" for number in numbers)]
        start = texts.index(name) + 1
        assert texts[start : start + 6] == expected


def test_private_texts_never_appear(readable):
    probabilities, labels = predictions(3, 2)
    texts = readable(prediction_confidence(probabilities, labels, ["n", "p"], ids=["a7", "b8", "c9"]))
    assert {"a7", "b8", "c9"} <= set(texts)
    assert any("private" in text for text in texts)


@pytest.mark.parametrize(("n", "n_classes"), [(1, 2), (60, 8)])
def test_extremes_can_be_read(readable, n, n_classes):
    probabilities, labels = predictions(n, n_classes)
    names = [f"a class with quite a long name {i}" for i in range(n_classes)]
    readable(prediction_confidence(probabilities, labels, names, texts=(TEXTS * 10)[:n]))


def test_all_right_leaves_no_mean_for_wrong(readable):
    texts = readable(prediction_confidence(np.array([[0.9, 0.1]]), np.array([0]), ["n", "p"]))
    assert texts.count("–") == 2


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        (np.zeros((0, 2)), [], "n ≥ 1"),
        (np.zeros((2, 2)), [1], "n labels"),
        (np.zeros((1, 3)), [1], "3 class names"),
    ],
)
def test_bad_input_is_one_line(probabilities, labels, message):
    with pytest.raises(WhytrainError, match=message):
        prediction_confidence(probabilities, np.array(labels), ["n", "p"])
