"""`whytrain explain` on a run that `whytrain train` tracked, both run in this process."""

from __future__ import annotations

import importlib.util
import json
import logging
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from small import NO_DEVICE

from whytrain.attribution import bulk
from whytrain.attribution.amortized import training
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.gradients.integrated_gradients import IntegratedGradients
from whytrain.attribution.random_scores import RandomScores
from whytrain.attribution.removal import removal_of
from whytrain.attribution.served import ServedClassifier
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.shapley.table import coalition_table
from whytrain.attribution.shapley.values import shapley_values
from whytrain.attribution.target import payoffs
from whytrain.attribution.text import ExplainedText, TextExplainer
from whytrain.attribution.units import players_of
from whytrain.commands import explain as command
from whytrain.errors import DataError
from whytrain.models.saved import SavedModel, load_model
from whytrain.tracking.reader import find_run, read_table, saved_model
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store

ROOT = Path(__file__).parents[2]
LIMIT = 40  # tokens of a sentence


def run_script(name: str, *arguments: str) -> int:
    """Run a script's main as the shell would, and return its exit code."""
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    root_logger = logging.getLogger()
    handlers, level = list(root_logger.handlers), root_logger.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"{name}.py", *arguments])
        patch.setitem(sys.modules, spec.name, module)
        patch.setenv("HYDRA_FULL_ERROR", "1")  # the command sets it; taken back at the end
        spec.loader.exec_module(module)
        with pytest.raises(SystemExit) as done:
            module.main()
    for handler in {*root_logger.handlers} - {*handlers}:  # Hydra's own
        handler.close()
    root_logger.handlers, root_logger.level = handlers, level
    return int(done.value.code or 0)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory, migrated_store: Path) -> Iterator[SimpleNamespace]:
    """A tiny trained run named `tiny`, its settings and its data; its folder is the working directory."""
    folder = tmp_path_factory.mktemp("tracked")
    (folder / "mlruns").mkdir()
    shutil.copy(migrated_store, folder / "mlruns" / "mlflow.db")
    draw = random.Random(0)
    words = ["the", "film", "plot", "is", "was", "so", "and", "电", "影", "很"]
    lines = ["text,label"]
    for _ in range(100):
        word, label = draw.choice([("great", "pos"), ("dull", "neg"), ("好", "pos")])
        lines.append(f"{' '.join(draw.choices(words, k=draw.randint(2, 6)))} {word},{label}")
    data = folder / "reviews.csv"
    data.write_text("\n".join(lines), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHYTRAIN_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        code = run_script(
            "train",
            "data=csv",
            f"data.path={data}",
            "data.calibration_size=12",
            f"data.max_tokens={LIMIT}",
            "trainer.max_epochs=2",
            "trainer.accelerator=cpu",
            "optimizer.learning_rate=0.05",
            "model.hidden_size=8",
            "model.embedding.size=8",
            "callbacks.explanations.budget=300",
            "callbacks.explanations.max_words=5",
            "callbacks.explanations.displayed_sentences=1",
            "run_name=tiny",
        )
        assert code == 0
        settings = TrackingSettings(
            uri=None, experiment="whytrain", log_text=True, directory="mlruns", register=None
        )
        run = find_run(settings.address, "tiny")
        yield SimpleNamespace(folder=folder, settings=settings, run=run, data=data)


@pytest.fixture(scope="module")
def saved(tracked: SimpleNamespace) -> SavedModel:
    return load_model(saved_model(tracked.run))


@pytest.fixture
def explain(tracked: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run `explain.py` with arguments; the exit code and all that it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run_script("explain", *arguments)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def test_the_table_of_the_best_epoch_holds_the_values_of_the_tracked_model(
    tracked: SimpleNamespace, saved: SavedModel
) -> None:
    epoch = int(tracked.run.metrics["best/epoch"])
    values = read_table(tracked.run, "shapley", epoch, "values")
    for (_, _, kind), rows in values.groupby(["id", "split", "variant"]):
        # The sentences are single words joined by spaces.
        encoding = saved.tokenizer.encode_words(" ".join(rows["word"]), LIMIT)
        players = players_of(encoding, LIMIT)
        table = coalition_table(saved.model, players, removal_of(kind, saved.interface), engine="direct")
        v = payoffs(table.logits, "log_odds", saved.class_names.index(rows["class"].iloc[0]))
        # 1e-5: prefixes were shared there and are not here, in float32; values are below 10.
        np.testing.assert_allclose(rows["score"], shapley_values(v), atol=1e-5)
    assert 0 < (2 ** values.groupby(["id", "split", "variant"]).size()).sum() <= 300
    assert {"shapley/top1_share_padding", "time/explanations_s"} <= tracked.run.metrics.keys()


def test_a_text_is_explained_in_the_terminal_and_in_files(
    tracked: SimpleNamespace, saved: SavedModel, explain: Callable[..., tuple[int, str]]
) -> None:
    text = "it's <i>so</i>, ${great} = 'dull' & 电影很好!"
    code, said = explain("run=tiny", f"text={text}", "output=one text", "figures=true")
    assert code == 0, said
    folder = Path("one text")
    content = json.loads((folder / "explanation.json").read_text("utf-8"))
    assert content["text"] == text
    probabilities = saved.probabilities([text])[0]
    assert list(content["probabilities"].values()) == pytest.approx(probabilities.tolist(), abs=1e-6)
    assert content["label"] == saved.class_names[probabilities.argmax()]
    assert content["label"] in said
    assert [(e["method"], e["variant"]) for e in content["explanations"]] == [
        ("shapley", "padding"),
        ("shapley", "removed"),
    ]
    for e in content["explanations"]:
        assert e["standard_errors"] is None
        assert e["absence"] == e["variant"]
        assert e["words"] == list(saved.tokenizer.encode_words(text, LIMIT).words)
        assert sum(e["scores"]) == pytest.approx(e["full"] - e["empty"], abs=1e-6)
        assert len(e["interactions"]) == len(e["words"]) * (len(e["words"]) - 1) // 2
        assert e["full"] == pytest.approx(np.log(probabilities.max() / probabilities.min()), abs=1e-5)
    verdict, judged = content["verdict"], saved.predict([text]).iloc[0]
    corrected = content["calibrated_probabilities"]
    assert corrected[content["label"]] == pytest.approx(judged["calibrated_probability"], abs=1e-6)
    assert sum(corrected.values()) == pytest.approx(1, abs=1e-9)
    assert verdict["labels"] == [name for name in saved.class_names if judged[f"in_set_{name}"]]
    threshold = saved.confidence.abstention.threshold
    assert verdict["abstain"] == (None if threshold is None else bool(judged["abstain"]))
    assert content["answer"] in " ".join(said.split())
    assert content["answer"].startswith(f"The model says {content['label']}, with ")
    html = (folder / "explanation.html").read_text("utf-8")
    assert "<i>" not in html
    assert "&lt;i&gt;" in html
    assert "好" in html
    figures = {path.stem for path in folder.glob("*.png")}
    assert figures == {"importance", "positions", "network", "path", "parts", "tree"}
    assert str(folder) in said


def test_above_the_exact_words_values_are_estimates_with_errors(saved: SavedModel) -> None:
    text = "the film is so great and the plot is dull"

    def explained(exact_words: int, budget: int) -> ExplainedText:
        method = Shapley(absences=["padding", "removed"], exact_words=exact_words, budget=budget)
        return TextExplainer(saved, [method], payoff="log_odds", seed=0)(text)

    estimated, exact = explained(6, 2000), explained(14, 1)
    assert "shapley is estimated" in estimated.notes[0]
    assert "raise explainer.shapley.budget" in estimated.notes[0]
    assert exact.notes == ()
    for e, f in zip(estimated.explanations, exact.explanations, strict=True):
        rough, true = e.attribution, f.attribution
        assert rough.scores.sum() == pytest.approx(e.deletion.full - e.deletion.empty, abs=1e-6)
        assert rough.standard_errors is not None
        # Five standard errors, and 1e-4 where a game of pairs leaves none: wrong ones are off by far more.
        assert (np.abs(rough.scores - true.scores) <= 5 * rough.standard_errors + 1e-4).all()
        assert rough.tree is not None
        assert len(rough.tree.words) == 6
        # What deletion does is no estimate: float32 only.
        np.testing.assert_allclose(e.deletion.occlusion, f.deletion.occlusion, atol=1e-5)
        np.testing.assert_allclose(e.deletion.parts.alone, f.deletion.parts.alone, atol=1e-5)
        assert e.deletion.prediction == f.deletion.prediction
        assert e.deletion.full == pytest.approx(f.deletion.full, abs=1e-5)
        if e.deletion.order.tolist() == f.deletion.order.tolist():
            np.testing.assert_allclose(e.deletion.path, f.deletion.path, atol=1e-5)
            np.testing.assert_allclose(e.deletion.removal, f.deletion.removal, atol=1e-5)


def test_three_methods_stand_side_by_side(saved: SavedModel, explain: Callable[..., tuple[int, str]]) -> None:
    text = "the film was so great"
    code, said = explain(
        "run=tiny",
        f"text={text}",
        "output=three",
        "figures=true",
        "explainer=[shapley,integrated_gradients,random]",
        "explainer.shapley.absences=[padding]",
        "explainer.integrated_gradients.steps=64",
    )
    assert code == 0, said
    methods: list[Explainer] = [
        Shapley(absences=["padding"], exact_words=14, budget=4000),
        IntegratedGradients(baseline="padding", steps=64),
        RandomScores(),
    ]
    expected = TextExplainer(saved, methods, payoff="log_odds", seed=0)(text)
    content = json.loads(Path("three/explanation.json").read_text("utf-8"))["explanations"]
    for plain, explanation in zip(content, expected.explanations, strict=True):
        a = explanation.attribution
        assert (plain["method"], plain["variant"]) == (a.method, a.variant)
        np.testing.assert_allclose(plain["scores"], a.scores, atol=1e-6)  # float32 twice
    for method, column in (("shapley", "φ, log-odds"), ("integrated gradients", "IG, log-odds")):
        assert method.split()[0] in said
        assert column in said
    assert "unexplained" in said
    assert said.count("Strongest interactions") == 1
    html = Path("three/explanation.html").read_text("utf-8")
    start, end = (
        html.index(f"<summary>{title}:") for title in ("Integrated gradients (padding baseline)", "Random")
    )
    assert "Integrated gradients IG for" in html[start:end]
    assert "Shapley" not in html[start : html.index("How this was made")]
    figures = {path.stem for path in Path("three").glob("*.png")}
    assert {"network", "tree", "integrated_gradients_importance", "random_positions"} <= figures
    assert not {"integrated_gradients_network", "random_tree"} & figures


def test_a_text_above_the_limit_is_cut_and_said_so(explain: Callable[..., tuple[int, str]]) -> None:
    code, said = explain(
        "run=tiny",
        "text=" + "film is so great " * 12,
        "output=cut",
        "explainer.shapley.exact_words=4",
        "explainer.shapley.budget=1",
        "explainer.shapley.absences=[mask]",
    )
    assert code == 0, said
    assert f"50 tokens and the model reads {LIMIT}" in " ".join(said.split())
    assert "±" in said
    content = json.loads(Path("cut/explanation.json").read_text("utf-8"))
    assert len(content["explanations"][0]["scores"]) == LIMIT - 2


def test_a_file_is_explained_row_by_row_and_never_twice(
    tracked: SimpleNamespace, explain: Callable[..., tuple[int, str]]
) -> None:
    texts = ["the film is great", "", "电影很好", "the film is great", "so dull, so <i>"]
    pd.DataFrame({"review": texts}).to_csv("new.csv", index=False)
    code, said = explain("run=tiny", "file=new.csv", "text_column=review", "output=many")
    assert code == 0, said
    assert "amortize" not in said
    assert "4 of them explained now" in " ".join(said.split())
    assert "s per sentence" in " ".join(said.split())
    assert "1 row has no explanation, its column note says why" in " ".join(said.split())
    (path,) = Path("many").glob("*.parquet")
    sheet = pd.read_csv(path.with_suffix(".csv"), encoding="utf-8-sig")
    assert sheet["text"].fillna("").tolist() == texts
    table = pd.read_parquet(path)
    assert table["text"].tolist() == texts
    assert table["label"].isna().tolist() == [False, True, False, False, False]
    for _, row in table.dropna(subset="label").iterrows():
        scores = row["score_shapley_padding"]
        assert len(scores) == len(row["words"])
        difference = row["full_shapley_padding"] - row["empty_shapley_padding"]
        assert scores.sum() == pytest.approx(difference, abs=1e-6)
    assert list(table["words"][2]) == list("电影很好")
    first = table["score_shapley_padding"][2][0]
    assert sheet["score_shapley_padding"][2].startswith(f"电 (1): {first:.4f}; 影 (2): ")
    code, said = explain("run=tiny", "file=new.csv", "text_column=review", "output=many")
    assert "0 of them explained now" in " ".join(said.split())
    pd.testing.assert_frame_equal(pd.read_parquet(path), table)
    Path("elsewhere").mkdir()
    pd.DataFrame({"review": ["so great"]}).to_csv("elsewhere/new.csv", index=False)
    code, said = explain("run=tiny", "file=elsewhere/new.csv", "text_column=review", "output=many")
    assert code == 0, said
    pd.testing.assert_frame_equal(pd.read_parquet(path), table)  # of another file with this name


def test_each_text_has_a_folder_and_a_place_in_the_list(
    tracked: SimpleNamespace, explain: Callable[..., tuple[int, str]]
) -> None:
    asked = [
        ["text=so great"],
        ["text=so dull"],
        ["text=so great", "payoff=probability"],
        ["text=so great"],  # again: its own folder once more
    ]
    for words in asked:
        code, said = explain("run=tiny", *words)
        assert code == 0, said
    kept = Path("explanations") / tracked.run.run_id
    folders = sorted(path for path in kept.iterdir() if path.is_dir())
    assert [folder.name.rsplit("-", 1)[0] for folder in folders] == ["so-dull", "so-great", "so-great"]
    assert str(kept / "index.html") in said
    listed = re.findall(r'href="([^"]+)"', (kept / "index.html").read_text("utf-8"))
    # The newest first: what was asked again is on top, then the probability, then the other text.
    assert [name.split("-")[1] for name in listed] == ["great", "great", "dull"]
    assert {(kept / name).resolve() for name in listed} == {
        (folder / "explanation.html").resolve() for folder in folders
    }
    payoffs_of = [
        json.loads((kept / name).with_name("explanation.json").read_text("utf-8"))["explanations"][0][
            "payoff"
        ]
        for name in listed
    ]
    assert payoffs_of[:2] == ["log_odds", "probability"]


def test_lines_of_a_text_file_are_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "reviews.txt"
    path.write_bytes("so\u2028great\r\n\nthe\ffilm\n".encode())
    assert bulk.read_texts(path, "text") == (["so\u2028great", "", "the\ffilm"], ())
    path.write_text("")
    with pytest.raises(DataError, match="is empty"):
        bulk.read_texts(path, "text")


def test_scores_of_texts_together_are_those_of_each(tmp_path: Path, saved: SavedModel) -> None:
    method = Shapley(absences=None, exact_words=4, budget=200)
    explainer = TextExplainer(saved, [method], payoff="log_odds", seed=0)
    texts = ["so great", "", "a dull plot and a great film with great words", "the film"]
    scored, detailed = bulk.scored_rows(explainer, texts), bulk.detailed_rows(explainer, texts)
    for together, alone in zip(scored, detailed, strict=True):
        assert alone.keys() - together.keys() <= {"explanation"}
        for name, value in together.items():
            if isinstance(value, float) or (isinstance(value, list) and isinstance(value[0], float)):
                # Batches add float32 numbers in another order.
                np.testing.assert_allclose(value, alone[name], atol=1e-5)
            else:
                assert value == alone[name]


def test_an_interrupted_file_goes_on_where_it_stopped(
    tmp_path: Path, saved: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = Shapley(absences=["padding"], exact_words=8, budget=1)
    explainer = TextExplainer(saved, [method], payoff="log_odds", seed=0)
    texts, target = ["so great", "so dull", "the film", "the plot"], tmp_path / "rows.parquet"
    seen: list[str] = []

    def until_third(batch: Sequence[str]) -> list[dict[str, Any]]:
        seen.extend(batch)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return bulk.detailed_rows(explainer, batch)

    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    with pytest.raises(KeyboardInterrupt):
        bulk.explain_texts(texts, until_third, target)
    assert not target.exists()
    with target.with_suffix(".jsonl").open("a") as journal:
        journal.write('{"row": 3, "key": "brok')  # killed in the middle of a line
    written = bulk.explain_texts(texts, until_third, target)
    assert (written.n_rows, written.n_new, written.n_empty) == (4, 2, 0)
    assert seen == [*texts[:3], *texts[2:]]
    monkeypatch.undo()
    whole = tmp_path / "other.parquet"
    bulk.explain_texts(texts, partial(bulk.detailed_rows, explainer), whole)
    pd.testing.assert_frame_equal(pd.read_parquet(target), pd.read_parquet(whole))
    assert target.with_suffix(".csv").read_text("utf-8-sig") == whole.with_suffix(".csv").read_text(
        "utf-8-sig"
    )
    # A longer file: what stands in the finished one is taken over, and what was shorter stays the same.
    longer = bulk.explain_texts([*texts, "", "so dull"], partial(bulk.detailed_rows, explainer), target)
    assert (longer.n_rows, longer.n_new, longer.n_empty) == (6, 1, 1)
    assert pd.read_parquet(target)["label"].isna().tolist() == [False] * 4 + [True, False]
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".jsonl"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run=tiny", "text="], 1, "the text is empty"),
        (["run=tiny", "text= \t"], 1, "the text is empty"),
        (["run=tinny", "text=a"], 2, "there is no run 'tinny'"),
        (["run=unfinished", "text=a"], 1, "has no logged model"),
        (["run=tiny", "file=none.csv"], 2, "file=none.csv does not exist"),
        (["run=tiny", "file=none.txt"], 2, "file=none.txt does not exist"),
        (
            ["run=tiny", "file=reviews.csv", "text_column=body"],
            2,
            "no column 'body'; set text_column to one of text",
        ),
        (["run=tiny"], 2, "give either text"),
        (["run=tiny", "text=…"], 2, "stands for a text of yours: write it in its place"),
        (["run=tiny", "text=..."], 2, "stands for a text of yours: write it in its place"),
        (["run=tiny", "text=a", "file=reviews.csv"], 2, "give either text"),
        (["text=a"], 2, "give either run=ID_OR_NAME or model=FOLDER_OR_HUB_NAME"),
        (["run=tiny", "text=a", "label=pos", "rather_than=pos"], 2, "rather_than=pos: is the label itself"),
        (["run=tiny", "text=a", "rather_than=none"], 2, "rather_than=none: the model has no such class"),
        (["run=tiny", "text=a", "explainer.shapley.absences=[gone]"], 2, "explainer.shapley.absences"),
        (
            ["run=tiny", "text=a", "explainer.shapley.exact_words=30"],
            2,
            "explainer.shapley.exact_words: input should be less than or equal to 20",
        ),
        (["run=tiny", "text=a", "explainer=lima"], 2, "explainer=lima: no such choice"),
        (
            [
                "run=tiny",
                "text=a",
                "explainer=integrated_gradients",
                "explainer.integrated_gradients.steps=0",
            ],
            2,
            "explainer.integrated_gradients.steps: input should be greater than or equal to 1",
        ),
        (
            ["run=tiny", "text=a", "explainer=lime", "explainer.lime.kernel_width=0"],
            2,
            "explainer.lime.kernel_width: input should be greater than 0",
        ),
        (["run=tiny", "text=a", "explainer=[attention]"], 2, "attention: this model has none"),
        (["run=tiny", "text=a", "explainer=[attention_rollout]"], 2, "this model has no layers of attention"),
        (
            ["run=tiny", "text=a", "explainer=permutation", "explainer.permutation.texts=none.txt"],
            2,
            "none.txt is not a file",
        ),
        (["run=tiny", "text=a", "explainer=[]"], 2, "explainer: expected at least one method"),
        (["run=tiny", "text=a", "explainer.random.seed=1"], 2, "explainer.random"),
        (["run=tiny", "text=a", "exact_words=12"], 2, "exact_words is called explainer.shapley.exact_words"),
        (["run=tiny", "text=a", "absences=[mask]"], 2, "absences is called explainer.shapley.absences now"),
        (["run=tiny", "text=a", "device=gpu"], 2, "device: input should be 'auto', 'cpu', 'cuda' or 'mps'"),
        (["run=tiny", "text=a", f"device={NO_DEVICE}"], 2, f"device={NO_DEVICE}: this machine has none"),
        (["run=tiny", "text=a", "exact_word=3"], 2, "exact_word: no such key"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    tracked: SimpleNamespace,
    explain: Callable[..., tuple[int, str]],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    if "run=unfinished" in arguments:
        Store.start(tracked.settings, run_name="unfinished", tags={}).close("FAILED")
    result, output = explain(*arguments)
    assert result == code, output
    errors = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert "Traceback" not in output
    assert "Error executing job" not in output


def test_a_classifier_from_elsewhere(
    workspace: Path, bert_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bert_folder, workspace / "my model (v1)")
    words = ["model=my model (v1)", "text=a great film", "explainer=[shapley,integrated_gradients]"]
    with pytest.raises(SystemExit) as end:
        command.main(words)
    assert end.value.code == 0
    (folder,) = (workspace / "explanations" / "my model (v1)").glob("a-great-film-*")
    content = json.loads((folder / "explanation.json").read_text("utf-8"))
    assert {e["method"] for e in content["explanations"]} == {"shapley", "integrated_gradients"}
    with pytest.raises(SystemExit) as end:
        command.main(["model=nowhere", "text=a"])
    assert end.value.code == 2
    assert "nowhere: neither a folder with config.json" in capsys.readouterr().err


def test_absent_words_are_filled_in(workspace: Path, bert_folder: Path, tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    BertForMaskedLM(BertConfig.from_pretrained(bert_folder)).save_pretrained(tmp_path)
    shutil.copy(bert_folder / "tokenizer.json", tmp_path)
    words = [f"model={bert_folder}", "text=a great film", "output=filled"]
    with pytest.raises(SystemExit) as end:
        command.main([*words, f"infill.name_or_path={tmp_path}", "infill.samples=2"])
    assert end.value.code == 0
    content = json.loads(Path("filled/explanation.json").read_text("utf-8"))
    assert [e["absence"] for e in content["explanations"]] == ["infilled", "mask"]
    assert f"absent words are filled in by {tmp_path}, 2 texts" in content["notes"][0]


def test_many_texts_are_told_of_a_faster_way(saved: SavedModel) -> None:
    exact, drawn = (
        TextExplainer(saved, [method], payoff="log_odds", seed=0)
        for method in (Shapley(absences=None, exact_words=14, budget=1024), RandomScores())
    )
    address = {"_target_": "types.SimpleNamespace", "address": "sqlite:////elsewhere/mlflow.db"}
    config = OmegaConf.create({"tracking": address})

    def said(explainer: TextExplainer, n_texts: int = command.MANY, **other: Any) -> str | None:
        plain = {"run": "my run", "payoff": "log_odds", "details": False} | other
        return command._faster_way(config, plain, explainer, n_texts)

    told = said(exact)
    assert told is not None
    assert "amortize 'run=my run' tracking.directory=/elsewhere, once" in told
    assert told.endswith("explainer=amortized")
    assert said(exact, command.MANY - 1) is None
    assert said(drawn) is None
    # What is never predicted, and a model without a run, which cannot learn to.
    for other in ({"run": None}, {"payoff": "probability"}, {"details": True}):
        assert said(exact, **other) is None


def test_a_run_gets_a_network_that_explains_at_once(
    tracked: SimpleNamespace, explain: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Last in this file: the run then has a further model."""
    code, said = explain("run=tiny", "text=so great", "explainer=amortized")
    assert code == 2
    assert "whytrain amortize" in " ".join(said.split())
    monkeypatch.setattr(training, "_FEWEST", 8)
    assert run_script("amortize", "run=tiny", "training.budget=20000", "training.epochs=2", "device=cpu") == 0
    run = find_run(tracked.settings.address, "tiny")
    assert len(run.model_ids) == len(tracked.run.model_ids) + 1
    folder = saved_model(run)
    assert sorted(path.name for path in (folder / "amortized").iterdir()) == [
        "amortized.json",
        "weights.safetensors",
    ]
    code, said = explain("run=tiny", "text=the film is so great", "explainer=amortized", "output=quick")
    assert code == 0, said
    content = json.loads(Path("quick/explanation.json").read_text("utf-8"))["explanations"][0]
    assert content["method"] == "amortized"
    assert sum(content["scores"]) == pytest.approx(content["full"] - content["empty"], abs=1e-5)
    served = ServedClassifier(load_model(folder)).predict(["so dull"], {"explain": "amortized"})
    assert served["words"].tolist() == [["so", "dull"]]
    assert [len(scores) for scores in served["scores"]] == [2]
