"""The benchmark runs from end to end, goes on where it was stopped, and counts rightly."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import whytrain as wt


@pytest.fixture
def run(
    benchmark: Callable[[str], ModuleType],
    sst2: Path,
    migrated_store: Path,
    quiet_figures: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Path]:
    """The benchmark with these words; returns the folder of its results."""
    (tmp_path / "out/mlruns").mkdir(parents=True)
    shutil.copy(migrated_store, tmp_path / "out/mlruns/mlflow.db")

    def main(*words: str) -> Path:
        options = ["--data", str(sst2), "--out", str(tmp_path / "out"), "--smoke", *words]
        monkeypatch.setattr(sys, "argv", ["shortcuts.py", *options])
        benchmark("shortcuts").main()
        return tmp_path / "out"

    return main


def test_smoke(run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--kinds", "ordered_pair", "--arms", "baseline", "ceiling"]
    out = run(*words)
    accuracies = pd.read_csv(out / "accuracy.csv")
    assert set(accuracies["arm"]) == {"baseline", "ceiling"}
    assert set(accuracies["set"]) == {"clean", "adversarial", "unmarked"}
    finding = pd.read_csv(out / "finding.csv")
    assert list(finding["check rows"]) == [True, False] * 2  # of the kind, and of all
    baseline = json.loads((out / "ordered_pair-1.0-0/baseline.json").read_text("utf-8"))
    assert len(baseline["right"]["clean"]) == 40
    explained = pd.read_csv(out / "explanations.csv").set_index("score")
    assert list(explained.index) == [
        "shapley",
        "planted pair interacts most",
        "integrated_gradients",
        "random",
    ]
    assert (explained["sentences"] == 3).all()
    assert explained["all"].between(0, 1).all()
    assert (out / "shortcuts.png").stat().st_size > 10_000

    class TrainedAgainError(Exception):
        pass

    def train(*words: str) -> None:
        raise TrainedAgainError(*words)

    monkeypatch.setattr(wt, "train", train)
    assert run(*words) == out  # all of it is there
    # What was stopped, even while it was written, is done again, and nothing else.
    (out / "ordered_pair-1.0-0/ceiling.json").rename(out / "ordered_pair-1.0-0/ceiling.unfinished")
    with pytest.raises(TrainedAgainError, match=r"ordered_pair-1\.0-0-ceiling"):
        run(*words)


def test_what_each_arm_does(benchmark: Callable[[str], ModuleType], tmp_path: Path) -> None:
    module = benchmark("shortcuts")
    cell = module.Cell(kind="article", rate=0.9, seed=3)
    folder = tmp_path / "article-0.9-3"
    (folder / "data").mkdir(parents=True)
    (folder / "data/marks.yaml").write_text("- words: [a, the]\n", "utf-8")
    marks = "- words: [the, a]\n- ordered_pair: [so, good]\n"
    (folder / "baseline.json").write_text(json.dumps({"run": "b", "marks": marks}), "utf-8")
    (folder / "early.json").write_text(json.dumps({"run": "e"}), "utf-8")
    options = SimpleNamespace(out=tmp_path)

    def guidance(arm: str) -> set[str]:
        words = module.words_of(cell, arm, options)
        assert "seed=3" in words
        learned = "ceiling_train" if arm in ("ceiling", "needless") else "train"
        assert any(word.startswith("data.path=") and f"/{learned}.csv" in word for word in words)
        return {word.removeprefix("guidance.") for word in words if word.startswith("guidance.")}

    found = {"run=b", "marks=found"}
    assert guidance("baseline") == guidance("ceiling") == guidance("early") == set()
    assert guidance("explained") == found | {"swap=1.0", "swap_order=0.5"}
    assert guidance("random") == found | {"swap=1.0", "swap_order=0.5", "targets=random"}
    assert guidance("delete") == found | {"delete=1.0"}
    told = {f"marks={folder / 'data/marks.yaml'}", "swap=1.0"}
    assert guidance("told") == guidance("needless") == told
    assert guidance("twice") == {"run=e", "upweight_errors=6.0"}
    (folder / "baseline.json").write_text(json.dumps({"run": "b", "marks": ""}), "utf-8")
    assert module.words_of(cell, "explained", options) is None
    certain = module.Cell(kind="decoy", rate=1.0, seed=0)
    assert module.arms_of(cell, ["explained", "reweight", "baseline"]) == [
        "baseline",
        "explained",
        "reweight",
    ]
    assert module.arms_of(certain, ["reweight", "needless", "ceiling", "added"]) == ["ceiling"]


def test_the_share_of_the_gap(benchmark: Callable[[str], ModuleType]) -> None:
    def arm(name: str, bits: str, seed: int = 0) -> dict[str, object]:
        return {"kind": "decoy", "rate": 1.0, "seed": seed, "arm": name, "right": {"clean": bits}}

    results = [
        arm("baseline", "1000000000"),
        arm("explained", "1111110000"),
        arm("ceiling", "1111111110"),
        arm("explained", "1111111111", seed=1),  # without a ceiling of its own it says nothing of the gap
    ]
    names = ("baseline", "ceiling", "explained")
    table = benchmark("shortcuts_table").accuracy_table(results, names).set_index("arm")
    assert list(table.index) == list(names)
    assert table.loc["explained", "accuracy"] == pytest.approx(0.8)  # 6 and 10 of 10
    assert table.loc["explained", "regained"] == pytest.approx(5 / 8)  # from 1 to 6, where 9 is the ceiling
    assert table.loc["explained", "from"] <= 5 / 8 <= table.loc["explained", "to"]
    assert np.isnan(table.loc["baseline", "regained"])


def test_finding_counts_models(benchmark: Callable[[str], ModuleType]) -> None:
    cell = {"kind": "decoy", "rate": 1.0}
    results = [
        cell | {"seed": 0, "arm": "baseline", "rank": 3, "rank_unchecked": 11, "marks": "- words: [a]"},
        cell | {"seed": 0, "arm": "explained"},
        cell | {"seed": 1, "arm": "baseline", "rank": None, "rank_unchecked": 10, "marks": ""},
        cell | {"seed": 1, "arm": "explained", "rank": None, "rank_unchecked": 10, "marks": ""},  # a copy
        cell | {"seed": 0, "arm": "ceiling", "marks": ""},
        {"kind": "cad", "rate": 1.0, "seed": 0, "arm": "baseline", "marks": ""},
    ]
    finding_table = benchmark("shortcuts_table").finding_table
    table = finding_table(results)
    assert list(table["named"][:2]) == [0.5, 0.5]  # 3 of 3 and none; 11 and 10 of 10
    assert list(table["models"][:2]) == [2, 2]
    assert list(table["kind"]) == ["decoy", "decoy", "all", "all"]
    other = finding_table([*results, results[0] | {"kind": "gender", "rank": 1}])
    assert list(other["models"]) == [2, 2, 1, 1, 3, 3]
    assert other["named"][4] == pytest.approx(2 / 3)


def test_models_of_all_kinds_are_added_up(benchmark: Callable[[str], ModuleType]) -> None:
    def arm(kind: str, name: str, clean: str, adversarial: str) -> dict[str, object]:
        right = {"clean": clean, "adversarial": adversarial}
        return {"kind": kind, "rate": 1.0, "seed": 0, "arm": name, "right": right}

    results = [
        arm("decoy", "baseline", "1000", "0000"),
        arm("decoy", "ceiling", "1110", "1110"),
        arm("decoy", "explained", "1100", "1000"),
        arm("gender", "baseline", "1000", "0000"),
        arm("gender", "ceiling", "1110", "1110"),
        arm("gender", "explained", "1110", "1110"),
        arm("cad", "explained", "1110", "1110"),  # without a ceiling
    ]
    (line,) = benchmark("shortcuts_table").model_table(results).to_dict("records")
    assert (line["models"], line["regained"], line["least"]) == (2, 0.75, 0.5)  # 1 of 2, and 2 of 2
    assert (line["adversarial"], line["lowest"]) == (-0.125, -0.25)
    assert line["to"] - 0.75 == pytest.approx(12.7062 * 0.25, abs=1e-3)  # t of 1 degree of freedom
    # Of a gap that is hardly there no share can be told.
    small = [arm("article", "baseline", "1110", "0000"), arm("article", "ceiling", "1110", "1110")]
    (line,) = (
        benchmark("shortcuts_table")
        .model_table([*small, arm("article", "explained", "1111", "1110")])
        .to_dict("records")
    )
    assert np.isnan([line["regained"], line["from"], line["least"]]).all()
    assert line["adversarial"] == -0.25


def test_a_model_of_several_kinds_is_one_clean_model(benchmark: Callable[[str], ModuleType]) -> None:
    def ceiling(kind: str, run: str, marks: str) -> dict[str, object]:
        return {"kind": kind, "rate": 1.0, "seed": 0, "arm": "ceiling", "run": run, "marks": marks}

    found = [ceiling("decoy", "r", ""), ceiling("gender", "r", ""), ceiling("article", "s", "- words: [b]")]
    alarm_table = benchmark("shortcuts_table").alarm_table
    (line,) = alarm_table([*found, {"arm": "baseline", "run": "t", "marks": "- words: [a]"}]).to_dict(
        "records"
    )
    assert (line["clean models"], line["false alarms"], line["share"]) == (2, 1, 0.5)
    assert alarm_table([]).empty


def test_explanations_are_judged_where_the_plant_carries_the_answer(
    benchmark: Callable[[str], ModuleType],
) -> None:
    cell = {"kind": "decoy", "rate": 1.0, "seed": 0}
    found = {"carried": [1.5, 0.1, 0.5], "scores": {"shapley": [1.0, 0.0, 0.5]}}
    other = {"carried": [0.9], "scores": {"shapley": [1.0]}, "seed": 1}
    (line,) = benchmark("shortcuts_table").explanation_table([cell | found, cell | other]).to_dict("records")
    assert line["all"] == pytest.approx(2.5 / 4)
    assert line["where it carries half"] == pytest.approx(2.5 / 3)
    assert (line["models"], line["sentences"], line["of them"]) == (2, 4, 3)


def test_precision_and_the_largest_pair(benchmark: Callable[[str], ModuleType]) -> None:
    module = benchmark("shortcuts")
    is_planted = np.array([True, False, True, False])
    assert module.precision_at_k(np.array([0.9, 0.2, 0.8, 0.1]), is_planted) == 1
    assert module.precision_at_k(np.array([0.9, 0.8, 0.2, 0.1]), is_planted) == 0.5
    assert module.precision_at_k(np.array([0.1, 0.8, 0.2, 0.9]), is_planted) == 0
    pairs = np.zeros((4, 4))
    pairs[0, 2] = pairs[2, 0] = -3.0
    pairs[1, 3] = pairs[3, 1] = 2.0
    assert module.is_largest_pair(pairs, is_planted)
    pairs[1, 3] = pairs[3, 1] = 4.0
    assert not module.is_largest_pair(pairs, is_planted)


def test_the_first_candidate_that_names_the_plant(benchmark: Callable[[str], ModuleType]) -> None:
    module = benchmark("shortcuts")
    parts = module.planted_parts
    assert parts("article") == {frozenset({"a"}), frozenset({"the"}), frozenset({"a", "the"})}
    assert parts("ordered_pair") == {frozenset({"granite", "velvet"})}
    assert len(parts("token_in_context")) == 4  # pairs; a single word of them says nothing
    cell = module.Cell(kind="ordered_pair", rate=1.0, seed=0)
    candidates = pd.DataFrame({"rank": [1, 2, 3], "words": ["granite", "velvet granite", "granite velvet"]})
    assert module.rank_of(cell, candidates) == 2
    assert module.rank_of(cell, candidates[:1]) is None


def test_reviews_and_their_revisions_stay_together(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    module = benchmark("revised")
    texts = [
        f"review {i} of film {i} says {i + 1000} words about actor {i + 5000} in {i}" for i in range(245)
    ]
    written = {
        "original_train": [(f"train {i}", "Positive") for i in range(400)],
        "original_dev": [(f"{text} good", "Positive") for text in texts],
        "revised_dev": [(f"{text} bad", "Negative") for text in reversed(texts)],
    }
    (tmp_path / "cad").mkdir()
    for name, rows in written.items():
        with (tmp_path / "cad" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
    module.make(data=tmp_path, out=tmp_path / "made", seed=0)
    of = {path.stem: pd.read_csv(path)["text"].tolist() for path in (tmp_path / "made").iterdir()}
    assert {name: len(rows) for name, rows in of.items()} == {
        "train": 230,
        "validation": 170,
        "check": 120,
        "added": 350,
        "added_10": 1430,
        "revised": 125,
        "original": 125,
    }
    assert [text.replace(" good", " bad") for text in of["original"]] == of["revised"]
    assert set(of["check"]).isdisjoint(of["revised"])
    assert set(of["train"]).isdisjoint(of["validation"])
