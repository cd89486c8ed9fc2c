"""Probes, neurons, projection and patching as analyses: what they say is what their functions found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from small import bilstm_arguments, wordpiece_tokenizer

from whytrain.analyses.analysis import Analysis, AnalysisResult, make_analysis
from whytrain.analyses.subject import Subject
from whytrain.data.corpus import Split
from whytrain.data.lexicon import WordNet
from whytrain.data.treebank import parse_tree
from whytrain.errors import ConfigError, DataError
from whytrain.models.bilstm import BiLSTM
from whytrain.models.saved import SavedModel

ROOT = Path(__file__).parents[2]
WORDS = [
    "the",
    "film",
    "is",
    "not",
    "good",
    "a",
    "plot",
    "bad",
    "so",
    "scene",
    "tale",
    "cast",
    "dull",
    "fine",
]


@pytest.fixture(scope="module")
def subject() -> Subject:
    """90 sentences and a network that knows "good" from "bad" but for its small random states."""
    rng = np.random.default_rng(0)
    texts = [
        f"{'the film is' if row % 2 else 'film is not'} {' '.join(rng.choice(WORDS, size=5))}"
        for row in range(90)
    ]
    labels = np.array([int("good" in text.split()) for text in texts])
    rows = Split(ids=[str(i) for i in range(90)], texts=texts, labels=labels, human=None, columns={})
    torch.manual_seed(0)
    tokenizer = wordpiece_tokenizer(WORDS)
    arguments = bilstm_arguments(vocabulary_size=tokenizer.vocabulary_size, n_classes=2, pooling="mean")
    model = BiLSTM(**arguments)
    with torch.no_grad():
        model.embedding.weight.mul_(4)
        model.classifier.weight.mul_(60)
    saved = SavedModel(model=model.eval(), tokenizer=tokenizer, class_names=("bad", "good"), max_tokens=30)
    return Subject(saved=saved, train=rows, validation=rows, seed=0, level=0.9)


def ask(name: str, subject: Subject, **settings: object) -> AnalysisResult:
    section = yaml.safe_load((ROOT / "conf" / "analysis" / f"{name}.yaml").read_text("utf-8"))[name]
    analysis: Analysis = make_analysis(section | settings)
    assert analysis.name == name
    assert analysis.missing(subject) is None
    return analysis.analyze(subject, lambda items, what: items)


def test_probes_say_what_rises(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> WordNet:
        raise ConfigError("not here")

    monkeypatch.setattr("whytrain.probing.analysis.WordNet", missing)
    result = ask("probes", subject, sentences=90, parts=300)
    rows = result.tables["probes"]
    scope = rows[rows["question"] == "negation scope"].set_index("layer")
    assert list(scope.index) == ["embeddings", "lstm 1"]
    risen, _, flat = result.verdict.partition("No rise can be seen for ")
    best = rows[rows["layer"] != "embeddings"].sort_values("accuracy", kind="stable", ascending=False)
    best = best.groupby("question", sort=False).first()
    assert (best["rise_low"] > 0).any()
    for question, row in best.iterrows():
        is_told = row["rise_low"] > 0 or row["rise_high"] < 0  # a rise, or a fall
        assert f"{question}" in (risen if is_told else flat)
    assert result.metrics["negation_scope/rise"] == pytest.approx(scope.loc["lstm 1", "rise"])
    assert len(result.charts) == rows["question"].nunique()
    assert any("people=FILE" in remark for remark in result.remarks)
    assert any("WordNet is not on this machine" in remark for remark in result.remarks)


def test_probes_read_peoples_labels_of_phrases(subject: Subject) -> None:
    trees = (
        parse_tree("(3 (2 (2 the) (2 film)) (3 (2 is) (3 good)))"),
        parse_tree("(1 (2 (2 the) (2 plot)) (1 (2 is) (1 bad)))"),
    ) * 40
    result = ask("probes", dataclasses.replace(subject, trees=trees), sentences=90, parts=300)
    of_phrases = result.tables["probes"].query("question == 'phrase sentiment'")
    assert of_phrases["accuracy"].tolist() == [1.0, 1.0]
    assert "phrase sentiment (0.0 points, 90% interval 0.0 to 0.0 at lstm 1)" in result.verdict


def test_probes_need_sentences(subject: Subject) -> None:
    few = subject.validation.select(np.arange(4))
    with pytest.raises(DataError, match="4 validation sentences are too few"):
        ask("probes", dataclasses.replace(subject, validation=few))


def test_neurons_show_the_most_decisive_units(subject: Subject) -> None:
    result = ask("neurons", dataclasses.replace(subject, text="the film is good"), units=3, sentences=60)
    units = result.tables["units"]
    assert len(units) == 3
    assert units["share"].is_monotonic_decreasing
    assert result.metrics["share_of_first"] == pytest.approx(units["share"].sum())
    assert f"unit {units['unit'][0]}, speaks for {units['speaks_for'][0]}" in result.verdict
    assert units["best_value"].notna().all()
    assert [chart.name for chart in result.charts] == ["ablation", "words", "text"]
    of_text = result.tables["text"]
    assert sorted(of_text["unit"]) == list(range(10))
    assert result.tables["ablation"]["units"].tolist() == [1, 2, 4]


def test_units_of_another_layer(subject: Subject) -> None:
    result = ask("neurons", subject, layer="lstm 1", units=2, sentences=20)
    assert "units of lstm 1" in result.verdict
    # A mean of states is linear: units at words are worth what they are worth pooled, but for special tokens.
    assert len(result.tables["units"]) == 2


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_projection(subject: Subject, method: str) -> None:
    known = dataclasses.replace(subject)
    result = ask("projection", known, method=method, sentences=60, words=20)
    assert len(result.tables["sentences"]) == 60
    assert "not" not in set(result.tables["words"]["word"])  # a function word
    assert 0 <= result.metrics["sentence_neighbors"] <= 1
    sentences, words = result.charts
    assert len(sentences.positions) == len(sentences.groups) == 60
    assert all(result.tables["words"]["word"][row] == label for row, label in words.labels.items())


def test_patching_takes_negations_away(subject: Subject) -> None:
    result = ask("patching", subject, sentences=15)
    assert "Taking away negations in " in result.verdict
    rows = result.tables["patching"]
    assert set(rows["word"]) == {"not"}
    embeddings = rows[rows["layer"] == "embeddings"]
    np.testing.assert_allclose(embeddings["direct"], 1, atol=1e-4)
    # A mean adds: what goes through the word and through others is all.
    at_lstm = rows[rows["layer"] == "lstm 1"]
    np.testing.assert_allclose(at_lstm["direct"] + at_lstm["indirect"], 1, atol=1e-3)
    assert result.metrics["direct"] + result.metrics["indirect"] == pytest.approx(1, abs=1e-3)


def test_patching_compares_two_texts(subject: Subject) -> None:
    pair = dataclasses.replace(subject, text="the film is good", other="the plot is bad")
    result = ask("patching", pair)
    assert result.verdict.startswith('"film", "good" moves the answer towards ')
    heat, effects = result.charts
    assert heat.columns == ("the", "film", "is", "good", "[CLS] and [SEP]")
    assert heat.rows == ("embeddings", "lstm 1 carried", "lstm 1")
    assert effects.labels == ("embeddings", "lstm 1")


def test_patching_of_one_text_takes_its_negation_or_its_most_decisive_word(subject: Subject) -> None:
    negated = ask("patching", dataclasses.replace(subject, text="the film is not good"))
    assert negated.verdict.startswith('"not"')
    plain = ask("patching", dataclasses.replace(subject, text="a plot so good"))
    assert plain.verdict.startswith(('"plot"', '"so"', '"good"', '"a"'))
