"""What docs/own_method.md says, done as it says it: a method in one file and one line of config is everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TINY = (
    "data=csv data.path=reviews.csv data.calibration_size=20 tokenizer.vocabulary_size=200 "
    "model.hidden_size=8 model.embedding.size=8 trainer.max_epochs=1 callbacks=default "
    "~callbacks.surrogate ~callbacks.diagnosis callbacks.explanations.budget=500 "
    "callbacks.explanations.max_words=5 explainer=[shapley,leave_one_out]"
)
# One process, since importing everything takes seconds; the commands see my_methods.py beside them.
COMMANDS = f"""
from whytrain.commands import compare, explain, train
from whytrain.config.trust import is_trusted
codes = []
for script, words in (
    (train, "run_name=one {TINY}"),
    (train, "run_name=two seed=1 {TINY}"),
    (explain, "run=one text=a^great^film output=explained explainer=[shapley,leave_one_out]"),
    (compare, "runs=[one,two] output=compared explainer=[leave_one_out]"),
):
    try:
        script.main(["--config-dir", "my_conf", *(word.replace("^", " ") for word in words.split(" "))])
    except SystemExit as end:
        codes.append(end.code)
assert is_trusted("my_methods.LeaveOneOut")  # as a model of such a folder must be, to be loaded again
print(codes)
"""


def test_the_method_of_the_page(workspace: Path) -> None:
    import pandas as pd

    page = (REPOSITORY / "docs" / "own_method.md").read_text("utf-8")
    code, config = re.findall(r"```(?:python|yaml)\n(.*?)```", page, flags=re.DOTALL)
    (workspace / "my_conf" / "explainer").mkdir(parents=True)
    (workspace / "my_methods.py").write_text(code, "utf-8")
    (workspace / "my_conf" / "explainer" / "leave_one_out.yaml").write_text(config, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[0, 0, 0, 0]", done.stdout + done.stderr
    # The callback: its scores are the occlusion that is read off every attribution.
    [table, _] = sorted(workspace.glob("mlruns/**/tables/leave_one_out/values_epoch_001.parquet"))
    values = pd.read_parquet(table)
    assert len(values)
    pd.testing.assert_series_equal(values["score"], values["occlusion"], check_names=False)
    assert list(workspace.glob("mlruns/**/figures/leave_one_out/*importance.png"))
    # explain.py: terminal, JSON and page.
    assert "leave one out" in done.stdout
    content = json.loads((workspace / "explained" / "explanation.json").read_text("utf-8"))
    assert {e["method"] for e in content["explanations"]} == {"shapley", "leave_one_out"}
    assert "eave-one-out effects Δ" in (workspace / "explained" / "explanation.html").read_text("utf-8")
    # compare.py: the page says the quantity of the only method it was asked for.
    [report] = (workspace / "compared").glob("*.html")
    assert "eave-one-out effects Δ" in report.read_text("utf-8")
    assert "Shapley value φ" not in report.read_text("utf-8")
