"""`python diagnose.py` on tracked runs: it says what the run said of itself, from records alone."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small import draw_nothing
from small_runs import SMALL

from whytrain import callbacks
from whytrain.commands import diagnose, train
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.runs.evidence import VERSION, read_evidence
from whytrain.tracking.reader import RunRecord, download, find_run

# Thresholds that any run exceeds, and that its words, students and labels are shown in examples.
RULES = """
findings:
  few_token_dependence:
    {compare: low, above: -1.0, severity: serious, title: Few, text: "{value}", recommend: [swap_top_words]}
  above_the_floor:
    {compare: low, below: 2.0, severity: note, title: Floor, text: "{value}", recommend: [more_dropout]}
  contradictory_labels:
    {compare: low, above: -1.0, severity: note, title: Labels, text: "{value}", recommend: []}
  mislabeled:
    {compare: low, above: -1.0, severity: note, title: Wrong, text: "{value}", recommend: []}
  leaking_split:
    {compare: low, above: -1.0, severity: note, title: Leak, text: "{value}", recommend: []}
  students_disagree:
    {compare: low, above: -1.0, severity: note, title: Students, text: "{value}", recommend: [look_again]}
recommendations:
  look_again: {text: Look again., overrides: {guidance.upweight: 2.0}, expected: []}
"""
WORDS = (
    *SMALL,
    "callbacks.explanations.budget=4000",
    "callbacks.explanations.max_words=7",
    "explainer.shapley.absences=[padding,removed]",
    "callbacks.diagnosis.rules=rules.yaml",
)


def uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}"


def run_of(folder: Path, name: str) -> RunRecord:
    return find_run(uri(folder), name)


@pytest.fixture(scope="module")
def diagnosed(make_workspace: Callable[[], Path]) -> Path:
    """A folder with a run in the open, a private one, one with little evidence, and one with none."""
    folder = make_workspace()
    (folder / "rules.yaml").write_text(RULES)
    lines = (folder / "reviews.csv").read_text().splitlines()
    turned = [line.replace("good", "b@d").replace("bad", "good").replace("b@d", "bad") for line in lines[1:9]]
    (folder / "reviews.csv").write_text("\n".join([*lines, *turned]) + "\n")  # wrong labels that contradict
    little = (
        "~callbacks.surrogate",
        "data.calibration_size=0",
        "callbacks.explanations.vocabulary_sentences=0",
    )
    runs = {
        "open": (*WORDS, "model=bilstm_opt", "optimizer.learning_rate=0.05", "trainer.max_epochs=4"),
        "private": (*WORDS, "model=bilstm_opt", "tracking.log_text=false"),
        "little": (*WORDS, *little, "model=bilstm", "trainer.max_epochs=1"),
        "none": (*SMALL, "callbacks=none", "trainer.max_epochs=1"),
    }
    for name, words in runs.items():
        assert _train(folder, *words, f"run_name={name}") == 0
    for gone in ("reviews.csv", "rules.yaml"):
        (folder / gone).unlink()  # from what the run holds alone
    shutil.rmtree(folder / "mlruns" / "runs")
    return folder


def _train(folder: Path, *words: str) -> int:
    """Train in this process, without the figures and the packaged model, which take most of the time."""
    root_logger = logging.getLogger()
    handlers, level = list(root_logger.handlers), root_logger.level
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["train.py", *words])
        draw_nothing(patch)
        patch.setattr(callbacks.DescribeModel, "on_fit_end", lambda *args: None)
        with pytest.raises(SystemExit) as end:
            train.main()
    root_logger.handlers, root_logger.level = handlers, level
    return int(end.value.code or 0)


@pytest.fixture
def run_diagnose(diagnosed: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`diagnose.py`'s main with these words behind it, in the folder of the runs; returns the exit code."""
    monkeypatch.chdir(diagnosed)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["diagnose.py", *words])
        with pytest.raises(SystemExit) as end:
            diagnose.main()
        return int(end.value.code or 0)

    return run


@pytest.mark.parametrize("name", ["open", "private", "little"])
def test_it_says_what_the_run_said(
    diagnosed: Path, run_diagnose: Callable[..., int], tmp_path: Path, name: str
) -> None:
    assert run_diagnose(f"run={name}", f"output={tmp_path}") == 0
    run = run_of(diagnosed, name)
    for ours, theirs in (
        ("findings.json", "diagnosis/findings.json"),
        ("overrides.yaml", "diagnosis/overrides.yaml"),
        ("diagnosis.html", "reports/diagnosis.html"),
    ):
        assert (tmp_path / ours).read_text() == download(run, theirs).read_text(), ours


def test_all_of_it_was_looked_at(diagnosed: Path) -> None:
    content = json.loads(download(run_of(diagnosed, "open"), "diagnosis/findings.json").read_text())
    # What is compared above is not empty: words, students, losses, labels and their examples are there.
    assert set(content["measured"]) | set(content["not_examined"]) == set(DETECTORS)
    assert set(content["not_examined"]) <= {
        "overconfident_rules",
        "students_disagree",
        "shortcut_pairs",
        "shortcut",  # takes a check sample
        "lost_to_typos",  # takes thirty validation sentences, and these are twenty
        "unfair_to_terms",  # takes words that say who somebody is
        "worse_for_a_group",  # takes groups
    }
    findings = {finding["name"]: finding for finding in content["findings"]}
    for shows in ("few_token_dependence", "contradictory_labels", "mislabeled", "leaking_split"):
        assert all(example["words"] for example in findings[shows]["evidence"]["sentences"])
    for shows in ("few_token_dependence", "contradictory_labels", "mislabeled"):
        assert findings[shows]["evidence"]["sentences"], shows
    assert "mislabeled" in content["measured"]


def test_a_private_run_keeps_no_words(diagnosed: Path) -> None:
    evidence = read_evidence(run_of(diagnosed, "private"))
    assert evidence.explanations is not None
    found = evidence.explanations.methods["shapley"].sentences
    written = {word for sentence in found for word in sentence.words}
    written |= {word for text in (*evidence.train.texts, *evidence.validation.texts) for word in text.split()}
    assert written
    assert all(len(word) == 16 and set(word) <= set("0123456789abcdef") for word in written)


def test_other_rules_and_what_the_run_does_not_hold(
    diagnosed: Path, run_diagnose: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "mine.yaml"
    rules.write_text(
        'findings: {above_the_floor: {compare: low, below: 2.0, severity: serious, title: Mine, text: "{value}",'
        " recommend: [more_dropout]}}"
    )
    assert run_diagnose("run=little", f"rules={rules}", f"output={tmp_path / 'out'}") == 0
    out = capsys.readouterr().out
    *lines, last = out.splitlines()
    assert any(line.startswith("serious: Mine: ") for line in lines)
    assert any(line.endswith("model.dropout=0.4") for line in lines)
    said = " ".join(out.split())
    assert "little holds no evidence of calibration, a ranking of words, attention, students;" in said
    assert max(map(len, lines)) <= 80  # of a terminal: wrapped between words
    assert str(tmp_path / "out") in last  # what is to be copied is whole
    found = json.loads((tmp_path / "out" / "findings.json").read_text())["findings"]
    assert "leaking_split" not in [finding["name"] for finding in found]  # that threshold was the run's own


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("run=none",), 1, "run none (FINISHED) does not hold what its diagnosis looked at: train it again"),
        (("run=opne",), 2, "there is no run 'opne'"),
        (("run=open", "rules=gone.yaml"), 2, "gone.yaml cannot be read"),
        (("run=open", "rule=x"), 2, "rule: no such key; did you mean rules?"),
        ((), 2, "run must be given: add run=VALUE"),
    ],
)
def test_what_goes_wrong_is_one_line(
    run_diagnose: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    assert run_diagnose(*words) == code
    [line] = capsys.readouterr().err.splitlines()
    assert told in line


def test_evidence_of_a_newer_version_is_refused(
    diagnosed: Path, run_diagnose: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(diagnosed, "open")
    path = diagnosed / "mlruns" / "artifacts" / run.run_id / "artifacts" / "diagnosis" / "evidence.json"
    original = path.read_text()
    path.write_text(json.dumps(json.loads(original) | {"version": VERSION + 1}))
    try:
        assert run_diagnose("run=open") == 1
    finally:
        path.write_text(original)
    assert f"has version {VERSION + 1}, this whytrain reads up to {VERSION}" in capsys.readouterr().err
