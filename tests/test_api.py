"""The Python door: training, opening and asking runs, any number of them in one process."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from small_runs import SMALL, Tracked

import whytrain as wt
from whytrain.attribution.random_scores import RandomScores
from whytrain.errors import ConfigError, DataError, TrackingError

QUICK = {
    "data__batch_size": 16,
    "data__calibration_size": 20,
    "tokenizer__vocabulary_size": 200,
    "model__hidden_size": 16,
    "model__embedding__size": 16,
    "trainer__max_epochs": 5,
    "optimizer__learning_rate": 0.03,
    "callbacks": "none",
}
LAZY = (
    "",
    "calibration",
    "statistics",
    "surrogates",
    "diagnosis",
    "comparison",
    "data",
    "tracking",
    "sweeps",
)
LAZY += ("objectives", "guidance", "models", "loop")


@pytest.mark.usefixtures("quiet_figures")
def test_runs_from_texts_and_labels(workspace: Path, reviews: Path) -> None:
    rows = pd.read_csv(reviews)
    before = (dict(HydraConfig.instance().__dict__), GlobalHydra.instance().hydra)
    run = wt.fit(rows["text"], rows["label"], run_name="my first (1)", **QUICK)
    words = [f"{key.replace('__', '.')}={value}" for key, value in QUICK.items()]
    again = wt.fit(rows["text"].tolist(), rows["label"].tolist(), *words, run_name="again")
    assert (dict(HydraConfig.instance().__dict__), GlobalHydra.instance().hydra) == before
    assert run.id != again.id
    exact = [name for name in run.metrics if not name.startswith("time/")]
    assert {n: run.metrics[n] for n in exact} == {n: again.metrics[n] for n in exact}
    assert run.metrics["best/accuracy"] > 0.9  # one word decides the class
    assert run.config["data"]["path"] == again.config["data"]["path"]
    assert run.config["trainer"]["max_epochs"] == 5
    assert wt.open_run("my first (1)").id == wt.open_run(run.id).id == run.id
    assert repr(run) == f"Run('my first (1)', id={run.id}, FINISHED)"
    assert sorted(path.name for path in workspace.iterdir()) == ["mlruns", "reviews.csv"]

    asked = pd.Series(["a great film", None, "a dull plot", np.nan, pd.NA], index=list("abcde"))
    told = run.predict(asked)
    assert told.index.tolist() == list("abcde")
    assert told["label"].isna().tolist() == [False, True, False, True, True]
    assert told.loc[["a", "c"], "label"].tolist() == ["good", "bad"]
    assert told["probability"].isna().tolist() == [False, True, False, True, True]
    known = told.loc[["a", "c"]]
    assert np.allclose(known["probability_good"] + known["probability_bad"], 1)
    assert (known["probability"] == known[["probability_good", "probability_bad"]].max(axis=1)).all()
    assert run.predict(asked.to_frame()).equals(told)
    blank = run.predict(["", "a great film", " \u00a0\n", None])
    assert blank["label"].isna().tolist() == [True, False, True, True]
    assert blank.iloc[[0, 2]].isna().all(axis=None)
    assert run.model.predict([" ", "a great film"])["probability"].isna().tolist() == [True, False]
    assert run.predict(["a great film"])["probability"].item() == pytest.approx(told["probability"]["a"])
    assert run.predict("a great film")["label"].tolist() == ["good"]
    for nothing in ([], [None]):
        assert run.predict(nothing).shape == (len(nothing), told.shape[1])
    with pytest.raises(DataError, match="expected texts as strings; got 3"):
        run.predict([3])
    explained = run.explain(["a great film"], explainers=["shapley", "integrated_gradients"])[0]
    assert explained.label == "good"
    best = explained.attribution("shapley").scores.argmax()
    assert explained.attribution("shapley").words[best] == "great"
    explained.write(workspace / "why", figures=True)
    assert (workspace / "why" / "integrated_gradients_importance.png").is_file()
    with pytest.raises(DataError, match="expected one column of texts; got a, b"):
        run.predict(pd.DataFrame({"a": ["x"], "b": ["y"]}))


@pytest.mark.usefixtures("quiet_figures")
def test_the_words_of_the_command(workspace: Path) -> None:
    (workspace / "reviews.csv").rename(workspace / "my reviews (v2), é.csv")
    words = [word for word in SMALL if not word.startswith("data.path")]
    run = wt.train(*words, "data.path=my reviews (v2), é.csv", "callbacks=none", "run_name=评论", "seed=1")
    assert run.name == "评论"
    assert run.config["data"]["path"] == "my reviews (v2), é.csv"
    assert run.config["seed"] == 1
    assert not run.predict(["great"]).filter(like="in_set").isna().any(axis=None)
    assert Tracked(workspace).runs() == {run.id: "FINISHED"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["epochs=3"], r"^epochs: no such key; did you mean trainer.max_epochs\?"),
        (["model=bilstmm"], r"^model=bilstmm: no such choice; did you mean bilstm\?"),
        (["data=csv"], r"^data.path must be given"),
        (["seed"], r"^seed: no key=value; write key=value"),
        (["experiment=closed_loop"], r"^the closed loop trains many runs"),
        (["trainer=ddp"], r"^trainer.devices=2: from Python"),
    ],
)
def test_what_is_wrong_is_told_as_by_the_command(workspace: Path, words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        wt.train(*words)


def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrackingError, match="there are no tracked runs"):
        wt.open_run("nothing")
    with pytest.raises(TrackingError, match=r"there are no tracked runs at sqlite:///.*/elsewhere.db"):
        wt.open_run("nothing", "sqlite:///elsewhere.db")
    with pytest.raises(DataError, match="got 1 labels and 2 texts"):
        wt.fit(["a", "b"], ["x"])
    with pytest.raises(ConfigError, match=r"^seed: no key=value; write key=value"):
        wt.fit(["a", "b"], ["x", "y"], "seed")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", LAZY)
def test_public_names(folder: str) -> None:
    package = importlib.import_module(f"whytrain.{folder}" if folder else "whytrain")
    assert len(set(package.__all__)) == len(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        package.no_such_name  # noqa: B018


def test_importing_the_package_imports_nothing_slow() -> None:
    code = "import sys, whytrain, whytrain.calibration, whytrain.tracking; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "numpy", "hydra", "mlflow"} & set(done.stdout.split())


def sentiment(texts: list[str]) -> np.ndarray:
    """Log-odds of "good": 2 for each "great", -3 for each "dull", and 4 less where "not" stands too."""
    odds = np.array(
        [
            2.0 * t.count("great") - 3.0 * t.count("dull") - 4.0 * (("not" in t) and ("great" in t))
            for t in texts
        ]
    )
    good = 1 / (1 + np.exp(-odds))
    return np.stack([1 - good, good], axis=1)


def test_a_function_is_explained_exactly() -> None:
    model = wt.from_function(sentiment, ["bad", "good"])
    found = wt.explain(model, "not  great at all", explainers=["shapley", "random", "shapley"])
    assert found.label == "bad"
    # Log-odds of bad: −(2 − 4) = 2, of "great" −2, and 4 that only both together bring.
    values = found.attribution("shapley")
    np.testing.assert_allclose(values.scores, [2.0, 0.0, 0.0, 0.0], atol=1e-6)
    assert values.pairs is not None
    assert values.pairs.scores[0, 1] == pytest.approx(4.0, abs=1e-6)
    assert values.variant == "removed"
    frame = found.to_frame()
    assert frame["method"].unique().tolist() == ["shapley", "random"]
    assert frame["word"].tolist() == ["not", "great", "at", "all"] * 2
    html = found._repr_html_()
    assert "Shapley values" in html
    assert "<script" not in wt.explain(model, "<script>great</script>")._repr_html_()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap's own use of matplotlib
def test_what_gets_a_score(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dictionary knows words of two characters; each by itself, or taken apart."""

    def two_each(run: str) -> list[int]:
        return [*range(2, len(run), 2), len(run)]

    monkeypatch.setattr("whytrain.data.words.unspaced_words", two_each)

    def praises(texts: list[str]) -> list[list[float]]:
        return [[0.1, 0.9] if "好看" in text else [0.9, 0.1] for text in texts]

    model = wt.from_function(praises, ["bad", "good"])
    found = {
        players: wt.explain(model, "电影非常好看 ok", payoff="probability", players=players).to_frame()
        for players in ("word", "character")
    }
    assert found["word"]["word"].tolist() == ["电影", "非常", "好看", "ok"]
    assert found["word"]["score"].tolist() == pytest.approx([0, 0, 0.8, 0], abs=1e-7)
    assert found["character"]["word"].tolist() == [*"电影非常好看", "ok"]
    # Neither of the two does anything without the other: they share it.
    assert found["character"]["score"].tolist() == pytest.approx(
        [0, 0, 0, 0, 0.4, 0.4, 0], abs=1e-7
    )  # float32 logits


def test_results_as_objects_of_other_packages() -> None:
    found = wt.explain(wt.from_function(sentiment, ["bad", "good"]), "not great but dull")
    ours = found.attribution()
    shown = found.to_shap()
    np.testing.assert_allclose(shown.values, ours.scores)
    assert shown.values.sum() + shown.base_values == pytest.approx(ours.total[1])
    interactions = found.to_shapiq()
    assert interactions[(0, 1)] == pytest.approx(ours.pairs.scores[0, 1])
    with pytest.raises(ConfigError, match="random says nothing of pairs"):
        wt.explain(wt.from_function(sentiment, ["bad", "good"]), "dull", explainers=["random"]).to_shapiq()


def test_methods_are_named_set_and_made() -> None:
    model = wt.from_function(sentiment, ["bad", "good"])
    [first, second] = wt.explain(
        model, ["a great film", "a dull one"], explainers={"shapley": {"budget": 99}}
    )
    assert (first.label, second.label) == ("good", "bad")
    same = wt.explain(model, "a great film", explainers=[RandomScores()], seed=3)
    np.testing.assert_array_equal(
        same.attribution().scores,
        wt.explain(model, "a great film", explainers="random", seed=3).attribution().scores,
    )
    for given, message in (
        (["shaply"], "shaply: no such method; did you mean shapley"),
        ([], "at least one method"),
        ({"shapley": {"budget": 0}}, "shapley.budget: input should be greater"),
        ({"shapley": {"steps": 1}}, "shapley.steps: no such key"),
        (["integrated_gradients"], "needs a model that can be run from its embeddings"),
    ):
        with pytest.raises(ConfigError, match=message):
            wt.explain(model, "great", explainers=given)
    with pytest.raises(DataError, match="the text is empty"):
        wt.explain(model, " ")


def test_a_classifier_from_elsewhere(bert_folder: Path) -> None:
    from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast

    model = wt.from_huggingface(bert_folder)
    found = wt.explain(model, "a great film", explainers=["shapley", "integrated_gradients"])
    network = AutoModelForSequenceClassification.from_pretrained(bert_folder)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(bert_folder / "tokenizer.json"))
    tokenizer.pad_token = "[PAD]"
    state = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    loaded = wt.from_huggingface(network, tokenizer)
    assert network.training
    assert all((value == state[name]).all() for name, value in network.state_dict().items())
    again = wt.explain(loaded, "a great film", explainers=["shapley", "integrated_gradients"])
    # 1e-5: the same weights in float32, asked in the same way.
    np.testing.assert_allclose(again.to_frame()["score"], found.to_frame()["score"], atol=1e-5)
    for a in found.attributions:
        if a.method == "shapley":
            assert a.scores.sum() == pytest.approx(a.total[1] - a.total[0], abs=1e-5)
    with pytest.raises(ConfigError, match="from_function"):
        wt.from_huggingface(torch.nn.Linear(1, 1), tokenizer)
    with pytest.raises(DataError, match="fast tokenizer as the second argument; got NoneType"):
        wt.from_huggingface(network)


def test_an_encoder_alone_is_no_classifier(bert_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(bert_folder, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}), "utf-8")
    with pytest.raises(ConfigError, match="was trained as BertModel, not as a sequence classifier"):
        wt.from_huggingface(folder)
    with pytest.raises(ConfigError, match=r"neither a folder with config\.json"):
        wt.from_huggingface(tmp_path / "nowhere")


@pytest.mark.usefixtures("quiet_figures")
def test_runs_side_by_side(workspace: Path) -> None:
    words = [*SMALL, "~callbacks.explanations", "~callbacks.surrogate", "~callbacks.diagnosis"]
    words += ["~callbacks.calibration", "trainer.max_epochs=1"]
    runs = [wt.train(*words, f"seed={seed}", f"model.pooling={p}") for seed, p in ((0, "last"), (1, "mean"))]
    compared = wt.compare(runs, resamples=100, changed_sentences=1)
    assert "accuracy" in repr(compared)
    accuracy = compared.to_frame().query("metric == 'accuracy'").iloc[0]
    expected = runs[1].metrics["best/accuracy"] - runs[0].metrics["best/accuracy"]
    # 1e-6: a run logs its accuracy in float32.
    assert accuracy["difference"] == pytest.approx(expected, abs=1e-6)
    assert set(compared.tables["words"]["method"]) == {"shapley"}
    assert compared.write(workspace / "compared").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert "<table" in compared._repr_html_()
    with pytest.raises(ConfigError, match="level: input should be less than 1"):
        wt.compare(runs, level=2.0)
    for given in (runs[0], runs[:1], ["first", "second"]):
        with pytest.raises(ConfigError, match="expected two or more runs"):
            wt.compare(given)
    for nothing in ([], [None], [" "]):  # with a calibration slice's columns, too
        assert runs[0].predict(nothing)["label"].isna().all()
    with pytest.raises(DataError, match="expected a text or a sequence of texts; got None"):
        runs[0].explain(None)
    for texts in ("abc", []):
        with pytest.raises(DataError, match="expected a sequence of texts"):
            wt.fit(texts, ["x", "y", "z"])


def test_a_text_is_asked_what_if() -> None:
    asked = wt.ask(wt.from_function(sentiment, ["bad", "good"]), "Great, great and not dull")
    # Log-odds of bad: -(2 - 3 - 4) = 5; capitals are other words to this function.
    assert (asked.label, asked.answer.label) == ("bad", "bad")
    effects = [round(changed.effect, 6) for changed in asked.without_each()]
    assert effects == [0.0, -2.0, 0.0, -4.0, -3.0]
    assert asked.replaced(0, "dull") == "Dull, great and not dull"
    [changed] = asked.with_texts([asked.replaced(3, "so")])
    assert (changed.text, changed.label) == ("Great, great and so dull", "bad")
    assert changed.effect == pytest.approx(-4.0)
    found = asked.least_deletions(-np.array(effects))
    # One word leaves at least 1; without two of these three it is good.
    assert found.sets == ((3, 4),)
    assert asked.without(found.sets[0]) == "Great, great and"
    with pytest.raises(DataError, match="word 9: the text has 5 words"):
        asked.replaced(8, "x")
    with pytest.raises(DataError, match=r"word at -1, which count from 0: the text has 5 words"):
        asked.replaced(-1, "x")
    with pytest.raises(DataError, match="the text is empty"):
        wt.ask(asked.saved, " ")


def test_methods_of_a_model() -> None:
    names = wt.methods(wt.from_function(sentiment, ["bad", "good"]))
    assert names[0] == "shapley"
    assert names[-1] == "random"
    assert "integrated_gradients" not in names  # needs embeddings
