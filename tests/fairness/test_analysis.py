"""The analysis on a model that is known: what it says is what its functions found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml

from tests.conftest import ROOT
from whytrain.analyses.analysis import Analysis, AnalysisResult, make_analysis
from whytrain.analyses.subject import Subject
from whytrain.data.corpus import Split
from whytrain.errors import ConfigError
from whytrain.tasks import CLASSIFICATION


class Known:
    """A model for which each word adds to the log-odds."""

    task = CLASSIFICATION

    def __init__(self, **weights: float) -> None:
        self.weights = weights
        self.class_names = ("bad", "good")

    def probabilities(self, texts: list[str]) -> np.ndarray:
        words = [text.lower().replace(".", "").split() for text in texts]
        log_odds = np.array([sum(self.weights.get(word, 0.0) for word in text) for text in words])
        one = 1 / (1 + np.exp(-log_odds))
        return np.stack([1 - one, one], axis=1)


def rows(n: int = 240, columns: bool = True) -> Split:
    """Sentences that "fine" and "dull" decide, about women, men and trees, of two sources."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=n)
    who = rng.choice(["woman", "man", "tree"], size=n)
    texts = [
        f"it is a {('dull', 'fine')[y]} film and the {w} is in it for {i} of the days"
        for i, (y, w) in enumerate(zip(labels.tolist(), who.tolist(), strict=True))
    ]
    held = {
        "about": who.tolist(),
        "source": rng.choice(["a", "b"], size=n).tolist(),
        "id": [f"row {i}" for i in range(n)],
    }
    return Split(
        ids=[str(i) for i in range(n)],
        texts=texts,
        labels=labels,
        human=None,
        columns=held if columns else {},
    )


def ask(model: Known, split: Split, **settings: Any) -> AnalysisResult:
    section = yaml.safe_load((ROOT / "conf" / "analysis" / "fairness.yaml").read_text("utf-8"))["fairness"]
    analysis: Analysis = make_analysis(section | settings)
    subject = Subject(saved=model, train=split, validation=split, seed=0, level=0.95)  # type: ignore[arg-type]
    assert analysis.missing(subject) is None
    return analysis.analyze(subject, lambda items, what: items)


FAIR = {"fine": 2.0, "dull": -2.0}


def test_a_bias_is_named() -> None:
    result = ask(Known(**FAIR, woman=-3.0), rows())
    assert result.verdict.startswith("Words of gender in each other's place move the probability by ")
    assert "“woman” for “man” −" in result.verdict
    assert "about woman: accuracy" in result.verdict
    assert "“man” for" not in result.verdict  # the same look
    terms = result.tables["terms"].set_index(["word", "where"])
    woman = terms.loc[("woman", "sentences")]
    assert woman["is_sure"]
    # In half of the sentences from σ(2) to σ(−1), in the others from σ(−2) to σ(−5).
    fine = float(np.mean(rows().labels[[i for i, t in enumerate(rows().texts) if "tree" not in t]]))
    sigma = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    expected = fine * (sigma(-1) - sigma(2)) + (1 - fine) * (sigma(-5) - sigma(-2))
    assert woman["effect"] == pytest.approx(expected)
    groups = result.tables["groups"]
    differing = groups[groups["differs"] & (groups["metric"] == "accuracy")]
    assert "source" not in set(differing["column"])
    assert "id" not in set(groups["column"])
    assert {chart.name for chart in result.charts} >= {
        "swaps",
        "terms",
        "groups_about",
        "groups_named_gender",
    }
    example = result.tables["examples"].iloc[0]
    assert {example["word"], example["becomes"]} == {"woman", "man"}
    assert example["answer"] != example["answer_after"]


def test_what_nobody_would_see_is_not_named() -> None:
    result = ask(Known(**FAIR, woman=-0.01), rows())
    assert result.tables["terms"]["is_sure"].any()
    assert "No single word or group surely moves it, or it does by less than 0.01." in result.verdict


def test_a_fair_model_is_not_accused() -> None:
    result = ask(Known(**FAIR), rows())
    assert "No single word or group surely moves it, or it does by less than 0.01." in result.verdict
    assert "No group can be said to be treated otherwise" in result.verdict
    assert result.metrics["sure_terms"] == result.metrics["sure_groups"] == 0
    assert result.metrics["gender/sentences/moved"] == pytest.approx(0, abs=1e-12)


def test_columns_can_be_chosen() -> None:
    result = ask(Known(**FAIR), rows(), columns=["source"])
    assert {"source", "named gender"} <= set(result.tables["groups"]["column"])
    assert "about" not in set(result.tables["groups"]["column"])
    with pytest.raises(ConfigError, match="no column 'gender'; the data have about, source, id"):
        ask(Known(**FAIR), rows(), columns=["gender"])


def test_another_language_needs_a_file(tmp_path: Any) -> None:
    german = rows(columns=False)
    texts = [
        f"dieser film ist {'gut' if y else 'schlecht'} und die frau auch {i}"
        for i, y in enumerate(german.labels)
    ]
    split = Split(ids=german.ids, texts=texts, labels=german.labels, human=None, columns={})
    model = Known(gut=2.0, schlecht=-2.0, frau=-2.0)
    nothing = ask(model, split)
    assert any("give analysis.fairness.terms=FILE" in remark for remark in nothing.remarks)
    assert (
        nothing.verdict
        == "There is nothing to look at: no groups of rows, and no words that say who somebody is."
    )
    own = tmp_path / "terms.yaml"
    own.write_text("kinds: {gender: {groups: [female, male], noun: [[Frau, Mann]]}}", "utf-8")
    assert "“Frau” for “Mann” −" in ask(model, split, terms=str(own)).verdict
