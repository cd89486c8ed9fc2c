"""The report of a comparison: complete, self-contained, and readable without knowing statistics."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "comparison"))  # whatever pytest's import mode

from compared_runs import IDS, LABELS, TEXTS, compared_run, in_silence
from small import small_bilstm, wordpiece_tokenizer

from whytrain.attribution.gradients.integrated_gradients import IntegratedGradients
from whytrain.attribution.random_scores import RandomScores
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.comparison import comparison as side_by_side
from whytrain.comparison.runs import LoadedRuns, Sentences
from whytrain.comparison.tables import comparison_tables
from whytrain.errors import WhytrainError
from whytrain.models.bilstm import BiLSTM
from whytrain.models.saved import SavedModel
from whytrain.pages import comparison_files as files
from whytrain.pages.comparison import comparison_page
from whytrain.pages.comparison_figures import MOST_DRAWN, comparison_figures, drawn_names

HOSTILE = 'a <script>alert(1)</script> film & "good"'
WORDS = ["film", "not", "about", "sentence", "is"]
SETTINGS = {
    "level": 0.95,
    "resamples": 200,
    "seed": 0,
    "sentences": ["s0"],
    "changed_sentences": 1,
    "explainers": [
        Shapley(absences=None, exact_words=8, budget=100),
        IntegratedGradients(baseline="padding", steps=16),
        RandomScores(),
    ],
    "payoff": "log_odds",
    "device": torch.device("cpu"),
}


def saved(pooling: str, seed: int) -> SavedModel:
    tokenizer = wordpiece_tokenizer(WORDS)
    model = small_bilstm(
        seed=seed,
        vocabulary_size=tokenizer.vocabulary_size,
        n_classes=2,
        embedding={"size": 4, "pretrained": None},
        hidden_size=4,
        pooling=pooling,
    )
    # In the other order of classes: the gold class is found by its name.
    return SavedModel(
        model=model.eval(),
        tokenizer=tokenizer,
        class_names=("good", "bad"),
        max_tokens=20,
        confidence=None,
    )


def compare(monkeypatch, poolings: dict[str, str | None], texts=True, **changes):
    """Compare runs whose models have these poolings; None: the model is gone."""
    runs = [compared_run(name, 0, draw=i, skill=1 + i / 10, kind=str(i)) for i, name in enumerate(poolings)]

    def load(record_name: str) -> SavedModel:
        pooling = poolings[record_name]
        if pooling is None:
            raise WhytrainError(f"run {record_name} has no logged model")
        return saved(pooling, seed=len(record_name))

    monkeypatch.setattr(side_by_side, "read_model", lambda record, *, device: load(record.name))
    shown = [HOSTILE, *TEXTS[1:]] if texts else None
    sentences = Sentences(
        ids=IDS, texts=shown, labels=LABELS, class_names=("bad", "good"), fingerprint="f" * 32
    )
    loaded = LoadedRuns(sentences=sentences, runs=tuple(runs), missing=())
    return side_by_side.put_side_by_side(loaded, in_silence, **{**SETTINGS, **changes})


class Page(HTMLParser):
    """What a page holds: ids, targets of links, sources of images, text, tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids, self.links, self.sources, self.tags, self.text = [], [], [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.sources += [found["src"]] if "src" in found else []

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A comparison of a run without attention and one with it, as files."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        result = compare(patch, {"plain": "last", "attentive": "attention"})
    images = files.write_comparison(result, folder, in_silence, {"run": "1234"})
    return result, folder, images


def test_the_page_stands_by_itself(written):
    _, folder, images = written
    html = (folder / files.PAGE).read_text("utf-8")
    page = Page(html)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert len(page.sources) == len(images)
    assert [link for link in page.links if link[1:] not in page.ids] == []
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert re.findall(r"https?://", html) == []
    assert "<script>alert" not in html
    assert "<script>alert(1)</script>" in page.text.replace("\n", "")


def test_plain_sentences_come_first(written):
    result, folder, _ = written
    page = Page((folder / files.PAGE).read_text("utf-8"))
    start = page.text.index("In short", page.text.index("How to read this"))  # behind the contents
    short = page.text[start : page.text.index("What differs", start)]
    legend, *told = files.told(result)
    assert legend == "A = plain (kind=0); B = attentive (kind=1)"
    assert all(entry in page.text for entry in legend.split("; "))
    for line in told:
        assert line in short
    for title in ("Config", "Metrics", "Training", "Confidence", "Groups of sentences", "Now right"):
        assert title in page.text


def test_what_is_missing_is_named(written):
    _, folder, _ = written
    page = Page((folder / files.PAGE).read_text("utf-8"))
    for said in (
        "A has no attention weights (model.pooling=attention has them)",
        "B has no conformal sets: it was trained without a calibration slice",
        "A holds no diagnosis: its findings are not compared",
        "no curve of val/f1",
    ):
        assert said in page.text
    assert "B has no attention" not in page.text


def test_chosen_and_changed_sentences_are_explained_by_both(written):
    result, _, images = written
    (pair,) = result.pairs
    assert [sentence.row for sentence in pair.explained] == [0, pair.judgements["row"][0]]
    first = pair.explained[0]
    assert first.class_name == ("bad", "good")[LABELS[0]]
    titles = [
        "shapley (padding)",
        "shapley (removed)",
        "integrated_gradients (padding_baseline)",
        "random",
    ]
    for side in (first.before, first.after):
        assert [e.attribution.title for e in side.explanations] == titles
        for explanation in side.explanations:
            a, d = explanation.attribution, explanation.deletion
            assert a.target.index == ("good", "bad").index(first.class_name)
            if a.method == "shapley":  # efficiency, in float32 logits
                assert a.scores.sum() == pytest.approx(d.full - d.empty, abs=1e-5)
    assert first.before.attention is None
    assert first.after.attention.weights.sum() == pytest.approx(1, abs=1e-6)
    of_sentence = {name.removeprefix("pair_1_sentence_0_") for name in images if "_sentence_0_" in name}
    of_others = {"integrated_gradients_values", "random_values"}  # which know nothing of pairs
    assert of_sentence == {"values", "interactions"} | of_others  # one has no attention: nothing to compare
    words = comparison_tables(result)["words"]
    of_sentence = words[words["id"] == "s0"]
    for before, after in zip(first.before.explanations, first.after.explanations, strict=True):
        a = before.attribution
        rows = of_sentence[(of_sentence["method"] == a.method) & (of_sentence["variant"] == a.variant)]
        np.testing.assert_array_equal(rows["score_before"], a.scores)
        np.testing.assert_array_equal(rows["score_after"], after.attribution.scores)
    of_first = of_sentence[of_sentence["variant"] == "padding"]
    np.testing.assert_array_equal(of_first["attention_after"], first.after.attention.weights[1:-1])


def test_each_method_stands_under_its_own_name(written):
    _, folder, _ = written
    html = (folder / files.PAGE).read_text("utf-8")
    text = Page(html[html.index("<h4>integrated_gradients</h4>") : html.index("<h4>random</h4>")]).text
    assert text.count("A, integrated_gradients (padding_baseline)") == 1
    assert text.count("B, integrated_gradients (padding_baseline)") == 1
    assert text.count("Integrated gradients IG for ") == 2
    assert "Shapley" not in text
    assert Page(html).text.count("Random scores r for ") == 4  # two sentences in two runs


def test_a_method_that_a_model_cannot_do_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(
        IntegratedGradients, "missing", lambda self, model: "a reason" if _attends(model) else None
    )
    result = compare(monkeypatch, {"plain": "last", "attentive": "attention"}, changed_sentences=0)
    assert "integrated_gradients is left out, B: a reason" in result.missing
    (sentence,) = result.pairs[0].explained
    assert list(sentence.by_method) == ["shapley", "random"]


def _attends(model) -> bool:
    return bool(model.module.pooling == "attention")


def test_attention_is_drawn_where_both_models_have_it(monkeypatch):
    result = compare(monkeypatch, {"one": "attention", "other": "attention"}, changed_sentences=0)
    assert [name for name in comparison_figures(result) if name.endswith("_attention")] == [
        "pair_1_sentence_0_attention"
    ]


def test_words_are_absent_as_both_models_need_it(monkeypatch):
    def shown():
        result = compare(monkeypatch, {"one": "mean", "other": "last"}, changed_sentences=0)
        (sentence,) = result.pairs[0].explained
        sides = sentence.before, sentence.after
        return [[e.deletion.absence for e in side.explanations] for side in sides]

    assert shown() == [["padding", "removed", "padding", "padding"]] * 2
    # Of the model "other" alone: a masked-language model knows nothing of padding inside a sentence.
    plain = BiLSTM.__init__

    def masked(model, **arguments):
        plain(model, **arguments)
        if arguments["pooling"] == "last":
            model.removals = ("mask", "removed")

    monkeypatch.setattr(BiLSTM, "__init__", masked)
    assert shown() == [["removed"] * 3] * 2


def test_a_run_without_a_model_and_private_texts_are_named(monkeypatch):
    result = compare(monkeypatch, {"kept": "mean", "gone": None})
    assert "B explains no sentence: run gone has no logged model" in result.missing
    assert result.pairs[0].explained == []
    result = compare(monkeypatch, {"kept": "mean", "other": "mean"}, texts=False)
    assert "no sentence is explained: the sentences' texts are not there" in result.missing
    assert comparison_tables(result)["disagreements"]["text"].isna().all()


def test_of_many_runs_the_baseline_and_the_best_are_drawn(monkeypatch):
    poolings = {f"run {i:02d}": "mean" for i in range(MOST_DRAWN + 4)}
    result = compare(monkeypatch, poolings, changed_sentences=0, sentences=[])
    names = drawn_names(result)
    assert len(names) == MOST_DRAWN
    assert names[0] == "A"
    accuracy = {n: found.metrics[0].measured.value_b for n, found in result.measures.against_baseline.items()}
    left_out = accuracy.keys() - set(names)
    assert max(accuracy[name] for name in left_out) <= min(accuracy[name] for name in names[1:])
    assert any(
        "sentences are explained by the 3 most accurate of 15 others" in said for said in result.missing
    )
    figures = comparison_figures(result)
    assert "conformal_sets" not in figures
    assert len(files.told(result)) < 40
    # 16 recipes of one seed each: every pair is tested, the page shows each beside the leader.
    html = comparison_page(result, {}, {})
    order = list(result.ranking.accuracy)
    assert len(result.ranking.pairs) == 16 * 15 / 2 == len(comparison_tables(result)["pairs"])
    table = Page(html[html.index("<h3>Every pair") :]).text
    assert re.findall(r"\d+([A-P])[01]\.", table[table.index("from 1") :])[:16] == order
    assert "from 2" not in table[: table.index("From 1, from 2")]


def test_the_run_of_a_comparison_says_what_it_compares(written):
    result, _, _ = written
    assert files.comparison_name(result) == "plain against attentive"
    tags = files.comparison_tags(result)
    assert tags["kind"] == "comparison"
    assert tags["compared_runs"] == "plain-0,attentive-0"
    assert tags["mlflow.note.content"].startswith("A = plain")
