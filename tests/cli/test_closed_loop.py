"""The closed loop from its command to its page, and a run's recommendations alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from small_runs import SMALL, Tracked

from whytrain.runs.config import read_config as config
from whytrain.tracking.reader import RunRecord, child_runs, download, find_run, read_table

# Thresholds that any run exceeds: what is tested is the way from there on.
RULES = """
findings:
  few_token_dependence:
    {compare: low, above: -1.0, severity: serious, title: Few, text: "{value}", recommend: [swap_top_words]}
  above_the_floor:
    {compare: low, below: 2.0, severity: note, title: Floor, text: "{value}", recommend: [smooth_labels]}
  undertraining:  # two epochs are too few, which is not what is tested
    {compare: low, above: 99.0, severity: note, title: Short, text: "{value}", recommend: []}
"""
WORDS = (
    *SMALL,
    "callbacks.explanations.budget=3000",
    "callbacks.explanations.max_words=7",
    "explainer.shapley.absences=[padding]",
    "~callbacks.surrogate",
    "callbacks.diagnosis.rules=rules.yaml",
    "guidance.top_words=5",  # of 17 words in all: as many are left for the random ones
)


@pytest.fixture
def prepared(workspace: Path, quiet_figures: None) -> Path:
    (workspace / "rules.yaml").write_text(RULES)
    return workspace


def uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}"


def arms(folder: Path, loop: RunRecord) -> dict[str, RunRecord]:
    table = read_table(loop, "loop", name="runs")
    return {arm: find_run(uri(folder), run) for arm, run in zip(table["arm"], table["run_id"], strict=True)}


def test_the_closed_loop(
    prepared: Path, tracked: Tracked, run_train: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("experiment=closed_loop", "sweep_name=circle", *WORDS)
    assert run_train(*words) == 0
    assert "circle" in capsys.readouterr().out.splitlines()[-1]
    loop = find_run(uri(prepared), "circle")
    runs = arms(prepared, loop)
    assert list(runs) == ["baseline", "explained", "random targets"]
    assert set(tracked.runs().values()) == {"FINISHED"}
    assert {run.run_id for run in child_runs(loop)} == {run.run_id for run in runs.values()}

    guided = {arm: config(run)["guidance"] for arm, run in runs.items()}
    assert guided["baseline"]["run"] is None
    for arm, targets in (("explained", "explained"), ("random targets", "random")):
        assert (guided[arm]["run"], guided[arm]["replace"]) == (runs["baseline"].run_id, 0.2)
        assert guided[arm]["targets"] == targets
        assert config(runs[arm])["objective"]["label_smoothing"] == 0.1

    effects = read_table(loop, "loop", name="effects")
    assert set(zip(effects["arm"], effects["against"], strict=True)) == {
        ("explained", "baseline"),
        ("random targets", "baseline"),
        ("explained", "random targets"),
    }
    assert "robustness/lost_without_top_words" in set(effects["metric"])
    promised = effects[(effects["against"] == "baseline") & effects["promise"].notna()]
    assert set(promised["verdict"]) <= {"kept", "missed", "open"}
    accuracy = promised[(promised["metric"] == "best/accuracy") & (promised["arm"] == "explained")].iloc[0]
    change = runs["explained"].metrics["best/accuracy"] - runs["baseline"].metrics["best/accuracy"]
    assert accuracy["difference"] == pytest.approx(change)
    assert accuracy["low"] <= accuracy["difference"] <= accuracy["high"]
    assert "Which" not in (page := download(loop, "reports/loop.html").read_text())
    assert "explained against random targets" in page
    assert page.count("data:image/png") == 1
    assert "One seed" in page

    # The same name again: every run is found, none is trained; the ablation adds an arm per strategy.
    assert run_train(*words, "loop.ablation=true") == 0
    assert len(tracked.runs()) == 6
    runs = arms(prepared, find_run(uri(prepared), loop.run_id))
    assert config(runs["only smooth_labels"])["guidance"]["run"] is None
    assert config(runs["only swap_top_words"])["objective"]["label_smoothing"] == 0.0
    places = read_table(find_run(uri(prepared), loop.run_id), "loop", name="strategies")
    assert set(places["strategy"]) == {"swap_top_words", "smooth_labels"}
    assert set(places["standing"]) <= {"earns its place", "does not", "open"}


def test_the_repairs_of_a_persons_marks_are_compared(
    prepared: Path, tracked: Tracked, run_train: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = RULES.replace("[swap_top_words]", "[]").replace("[smooth_labels]", "[]")
    (prepared / "rules.yaml").write_text(nothing + _silent())
    (prepared / "marks.yaml").write_text("- words: [great, dull]\n  reason: a test\n")
    rows = (prepared / "reviews.csv").read_text().splitlines()
    (prepared / "check.csv").write_text("\n".join([rows[0], *rows[1:31]]).replace("film", "movie"))
    words = ("experiment=closed_loop", "sweep_name=circle", *WORDS, "trainer.max_epochs=1")
    marks = ("guidance.marks=marks.yaml", "loop.control=false", "data.check_path=check.csv")
    assert run_train(*words, *marks) == 0, capsys.readouterr()
    loop = find_run(uri(prepared), "circle")
    runs = arms(prepared, loop)
    guided = {arm: config(run)["guidance"] for arm, run in runs.items()}
    assert {arm: (of_arm["swap"], of_arm["run"]) for arm, of_arm in guided.items()} == {
        "baseline": (0.0, None),
        "explained": (1.0, None),
    }
    accuracies = read_table(loop, "loop", name="accuracies")
    kinds = ["validation", "check", "without what is marked", "marks turned against the class"]
    assert list(dict.fromkeys(accuracies["rows"])) == kinds
    of_check = accuracies[accuracies["rows"] == "check"].set_index("arm")
    for arm, run in runs.items():
        assert of_check.loc[arm, "accuracy"] == pytest.approx(run.metrics["check/accuracy"])
    assert (of_check["n_rows"] == 30).all()
    # Of 20 validation rows and 30 of the check sample those without "great" and "dull".
    texts = [*read_table(runs["baseline"], "data", name="validation")["text"]]
    texts += read_table(runs["baseline"], "data", name="check")["text"].tolist()
    unmarked = sum(not {"great", "dull"} & set(text.split()) for text in texts)
    assert set(accuracies[accuracies["rows"] == kinds[2]]["n_rows"]) == {unmarked}
    page = download(loop, "reports/loop.html").read_text()
    assert "marks turned against the class (" in page


def test_a_diagnosis_that_recommends_nothing_ends_the_loop_after_the_baseline(
    prepared: Path, tracked: Tracked, run_train: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = RULES.replace("[swap_top_words]", "[]").replace("[smooth_labels]", "[]")
    (prepared / "rules.yaml").write_text(nothing + _silent())
    assert run_train("experiment=closed_loop", "sweep_name=circle", *WORDS, "trainer.max_epochs=1") == 0
    assert len(tracked.runs()) == 2
    assert "recommends no change" in capsys.readouterr().out.splitlines()[-1]
    page = download(find_run(uri(prepared), "circle"), "reports/loop.html").read_text()
    assert "recommends no change; its reports/diagnosis.html says why" in page


def _silent() -> str:
    """Rules for the other packaged findings that nothing meets."""
    from whytrain.diagnosis.detectors import DETECTORS

    names = [n for n in DETECTORS if n not in RULES]
    rule = "{compare: low, above: 99.0, severity: note, title: t, text: x, recommend: []}"
    return "".join(f"  {name}: {rule}\n" for name in names)


# A run's recommendations alone, in processes of their own


@pytest.fixture(scope="module")
def diagnosed(make_workspace: Callable[[], Path], run_process: Callable[..., int]) -> Path:
    """A folder with a diagnosed run, one without a diagnosis, and other data."""
    folder = make_workspace()
    (folder / "rules.yaml").write_text(RULES)
    lines = (folder / "reviews.csv").read_text().splitlines()
    (folder / "other.csv").write_text("\n".join(lines[:-5]) + "\n")
    assert run_process(folder, *WORDS, "model=bilstm_opt", "run_name=first") == 0, output(folder)
    words = [word for word in WORDS if "callbacks" not in word]
    assert run_process(folder, *words, "callbacks=none", "run_name=plain") == 0, output(folder)
    return folder


def stored(folder: Path) -> Path:
    """Where the artifacts of the diagnosed run lie."""
    return folder / "mlruns" / "artifacts" / find_run(uri(folder), "first").run_id / "artifacts"


def output(folder: Path) -> str:
    return (folder / "output.txt").read_text()


def test_a_run_follows_a_diagnosis(diagnosed: Path, run_process: Callable[..., int]) -> None:
    words = ("from_diagnosis=first", "run_name=second", "trainer.max_epochs=1", "guidance.top_words=20")
    assert run_process(diagnosed, *words) == 0, output(diagnosed)
    first, second = (find_run(uri(diagnosed), name) for name in ("first", "second"))
    before, after = config(first), config(second)
    assert after["data"] == before["data"]
    assert after["model"] == before["model"]
    assert after["objective"] == before["objective"] | {
        "label_smoothing": 0.2
    }  # 0.1 of the recipe, one step more
    assert (after["guidance"]["replace"], after["guidance"]["run"]) == (0.2, first.run_id)
    assert (after["guidance"]["top_words"], after["trainer"]["max_epochs"]) == (
        20,
        1,
    )  # the command line wins
    assert after["from_diagnosis"] == "first"
    said = yaml.safe_load(download(second, "overrides.yaml").read_text())["overrides"]
    assert {"data=csv", "model=bilstm_opt", "guidance.replace=0.2", "from_diagnosis=first"} <= set(said)
    assert "run_name=first" not in said
    # The promises are judged against the parent: in the terminal, and as a record of the run.
    assert "What the diagnosis of first promised" in output(diagnosed)
    judged = read_table(second, "diagnosis", name="promises").set_index("metric")
    assert "best/accuracy" in judged.index
    change = second.metrics["best/accuracy"] - first.metrics["best/accuracy"]
    assert judged.loc["best/accuracy", "difference"] == pytest.approx(change)
    assert judged["promise"].notna().all()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("from_diagnosis=plain",), 2, "run plain (FINISHED) has no diagnosis; give a run that was trained"),
        (("from_diagnosis=frist",), 2, "there is no run 'frist'"),
        (
            ("from_diagnosis=first", "data=csv", "data.path=other.csv"),
            2,
            "from_diagnosis=first had other data",
        ),
        (("from_diagnosis=first", "tokenizer.vocabulary_size=90"), 2, "vocabulary_size: input should be"),
        (
            ("from_diagnosis=first", "tokenizer.vocabulary_size=100"),
            2,
            "from_diagnosis=first had other tokenizer",
        ),
        (
            ("experiment=closed_loop", *SMALL, "callbacks=none"),
            2,
            "rests on callbacks.explanations and callbacks.diagnosis",
        ),
        (
            ("experiment=closed_loop", *SMALL, "trainer.devices=2"),
            2,
            "trainer.devices=2: the closed loop trains in one process",
        ),
        (
            ("experiment=closed_loop", *SMALL, "loop.seeds=[]"),
            2,
            "loop.seeds: list should have at least 1 item",
        ),
        (
            ("experiment=closed_loop", *SMALL, "from_diagnosis=first"),
            2,
            "leave out resume, continue_from and from_diagnosis",
        ),
        (("loop.control=false", *SMALL), 2, "loop: no such key"),
        ((*SMALL, "callbacks.diagnosis.rules=reviews.csv"), 2, "reviews.csv: "),
        ((*SMALL, "callbacks.diagnosis.rules=gone.yaml"), 2, "gone.yaml cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_half_done(
    diagnosed: Path, run_process: Callable[..., int], words: tuple[str, ...], code: int, told: str
) -> None:
    before = Tracked(diagnosed).runs()
    assert run_process(diagnosed, *words) == code, output(diagnosed)
    [line] = output(diagnosed).splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert Tracked(diagnosed).runs() == before


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("objective.label_smothing=0.2", "a diagnosis may not set objective.label_smothing; did you mean"),
        ("model._target_=os.system", "a diagnosis may not set model._target_"),
        ("objective.label_smoothing=7", "objective.label_smoothing: input should be less than"),
    ],
)
def test_overrides_of_a_run_are_data(
    diagnosed: Path, run_process: Callable[..., int], word: str, told: str
) -> None:
    path = stored(diagnosed) / "diagnosis" / "overrides.yaml"
    original = path.read_text()
    path.write_text(original.replace("objective.label_smoothing=0.2", word))
    try:
        assert run_process(diagnosed, "from_diagnosis=first") == 2, output(diagnosed)
    finally:
        path.write_text(original)
    [line] = output(diagnosed).splitlines()
    assert told in line


def test_a_command_line_that_was_tampered_with_runs_no_code(
    diagnosed: Path, run_process: Callable[..., int]
) -> None:
    path = stored(diagnosed) / "overrides.yaml"
    original = path.read_text()
    said = yaml.safe_load(original)["overrides"]
    path.write_text(
        yaml.safe_dump({"overrides": [*said, "+callbacks.evil={_target_:os.system,command:'touch evil'}"]})
    )
    try:
        assert run_process(diagnosed, "from_diagnosis=first") == 2
    finally:
        path.write_text(original)
    [line] = output(diagnosed).splitlines()
    assert "the overrides name os.system, which no file under conf/ does" in line
    assert not (diagnosed / "evil").exists()
