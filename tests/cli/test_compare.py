"""`whytrain compare` on runs that `whytrain train` tracked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from small import NO_DEVICE, draw_nothing
from small_runs import SMALL, Tracked

from whytrain.commands import compare as script
from whytrain.commands import train
from whytrain.tracking.reader import child_runs, download, find_run, read_table
from whytrain.tracking.settings import TrackingSettings

THREE = "explainer=[shapley,integrated_gradients,random]"
QUICK = (*SMALL, "callbacks=predictions", "trainer.max_epochs=1")


def run_main(main: Callable[[], None], *words: str) -> int:
    """Run a script's main with these words behind it; the exit code. Hydra's logging is taken back."""
    root_logger = logging.getLogger()
    handlers, level = list(root_logger.handlers), root_logger.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYDRA_FULL_ERROR", "1")  # the command sets it; taken back at the end
        patch.setattr(sys, "argv", ["script.py", *words])
        with pytest.raises(SystemExit) as done:
            main()
    root_logger.handlers, root_logger.level = handlers, level
    return int(done.value.code or 0)


@pytest.fixture(scope="module")
def trained(make_workspace: Callable[[], Path]) -> Iterator[SimpleNamespace]:
    """Two small runs of different recipes, and one on other sentences; their folder is the current one."""
    folder = make_workspace()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        draw_nothing(patch)
        for words in (
            ("run_name=plain",),
            ("model=bilstm_opt", "run_name=opt"),
            ("data.split_seed=1", "run_name=elsewhere"),
        ):
            assert run_main(train.main, *QUICK, *words) == 0
        settings = TrackingSettings(
            uri=None, experiment="whytrain", log_text=True, directory=str(folder / "mlruns"), register=None
        )
        yield SimpleNamespace(folder=folder, settings=settings, tracked=Tracked(folder))


@pytest.fixture
def compare(trained: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run `compare.py` with arguments; the exit code and all that it printed on one line."""

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run_main(script.main, *words)
        captured = capsys.readouterr()
        return code, " ".join((captured.out + captured.err).split())

    return run


def test_two_runs_become_a_report_and_a_run(
    trained: SimpleNamespace, compare: Callable[..., tuple[int, str]]
) -> None:
    code, said = compare("runs=[plain,opt]", "output=report", "changed_sentences=1", "resamples=200", THREE)
    assert code == 0, said
    html = Path("report/comparison.html").read_text("utf-8")
    assert "A against B" in html
    assert "A = plain" in html
    assert "explains no sentence" not in html
    assert "A has no attention weights" in html
    assert "accuracy:" in said
    run = find_run(trained.settings.address, "plain against opt")
    assert (run.status, run.tags["kind"]) == ("FINISHED", "comparison")
    both = [find_run(trained.settings.address, name) for name in ("plain", "opt")]
    assert run.tags["compared_runs"] == ",".join(one.run_id for one in both)
    assert download(run, "reports/comparison.html").read_text("utf-8") == html
    figures = {path.name for path in download(run, "figures/comparison").iterdir()}
    assert {"metric_bars.png", "metric_radar.png", "training.png", "reliability.png"} <= figures
    assert not any(name.endswith("_attention.png") for name in figures)  # one of the two has none
    assert any(name.endswith("_integrated_gradients_values.png") for name in figures)
    assert not any(name.endswith("_random_interactions.png") for name in figures)
    for title, quantity in (
        ("shapley (padding)", "Shapley values φ for"),
        ("integrated_gradients (padding_baseline)", "Integrated gradients IG for"),
        ("random", "Random scores r for"),
    ):
        assert f"A, {title}" in html
        assert f"B, {title}" in html
        assert quantity in html
    words = read_table(run, "comparison", name="words")
    assert set(words["method"]) == {"shapley", "integrated_gradients", "random"}
    differences = read_table(run, "comparison", name="differences").set_index("metric")
    best = [one.metrics["best/accuracy"] for one in both]
    # Training keeps its metrics in float32.
    assert differences.loc["accuracy", "difference"] == pytest.approx(best[1] - best[0], abs=1e-6)
    metrics = read_table(run, "comparison", name="metrics").set_index(["run", "metric"])
    for letter, one in zip("AB", both, strict=True):
        for metric in ("f1", "precision", "recall", "nll", "ece"):
            tracked = one.metrics[f"best/{metric}"]
            # The table's logits are float64 of what the model computed in float32 batches.
            assert metrics.loc[(letter, metric), "value"] == pytest.approx(tracked, abs=1e-6)
    assert child_runs(run) == []


def test_private_text_stays_private(
    trained: SimpleNamespace, compare: Callable[..., tuple[int, str]]
) -> None:
    code, said = compare(
        "runs=[plain,opt]", "output=private", "tracking.log_text=false", "resamples=100", "sentences=[]"
    )
    assert code == 0, said
    html = Path("private/comparison.html").read_text("utf-8")
    texts = pd.read_csv("reviews.csv")["text"]
    assert not any(text in html for text in texts if len(text.split()) > 3)
    assert "texts are private" in html


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["runs=[plain]"], 2, "a comparison needs at least two finished runs, got 1"),
        (["runs=[plain,plain]"], 2, "runs: plain is given twice"),
        (["runs=[plain,elsewhere]"], 1, "plain and elsewhere were evaluated on different sentences"),
        (["runs=[plain,plane]"], 2, "there is no run 'plane'"),
        (["runs=[123,plain]"], 2, "there is no run '123'"),
        (["experiment=nothing"], 2, "there is no experiment 'nothing'"),
        (["runs=[plain,opt]", "level=2"], 2, "level: input should be less than 1"),
        (["runs=[plain,opt]", "sentences=[x]"], 2, "no sentence has the id x"),
        (["runs=[plain,opt]", "budget=9"], 2, "budget is called explainer.shapley.budget now"),
        (["runs=[plain,opt]", "explainer=[]"], 2, "explainer: expected at least one method"),
        (["runs=[plain,opt]", "explainer.shapley.budget=0"], 2, "explainer.shapley.budget: input should be"),
        (["runs=[plain,opt]", f"device={NO_DEVICE}"], 2, f"device={NO_DEVICE}: this machine has none"),
        (["runs=[plain,opt]", "ouptut=x"], 2, "ouptut: no such key; did you mean output?"),
    ],
)
def test_what_is_wrong_is_one_line(
    trained: SimpleNamespace,
    compare: Callable[..., tuple[int, str]],
    words: list[str],
    code: int,
    message: str,
) -> None:
    before = trained.tracked.runs()
    found, said = compare(*words)
    assert (found, message in said) == (code, True), said
    assert trained.tracked.runs() == before  # nothing half-done is tracked
