"""What docs/own_model.md says, done as it says it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TINY = (
    "data=csv data.path=reviews.csv data.calibration_size=20 tokenizer.vocabulary_size=200 "
    "trainer.max_epochs=1 run_name=bag callbacks=none"
)
ATTENTION = (
    "objective.attention_penalty.weight=0.1 objective.attention_penalty.kind=scores_l1 "
    "objective.adversarial.weight=0.5"
)
# One process, since importing everything takes seconds.
COMMANDS = f"""
import sys
from whytrain.commands import explain, train
from whytrain.tracking.reader import find_run
codes = []
for script, words in (
    (train, "model=bag model.size=0"),
    (train, "model=bag model.size=6 {TINY}"),
    (explain, "run=bag text=splendid output=explained"),
    (train, "model=bag model._target_=my_models.AttentiveBag model.size=6 {TINY} {ATTENTION} run_name=attentive"),
):
    sys.argv = [script.__name__, *words.split()]
    try:
        script.main()
    except SystemExit as end:
        codes.append(end.code)
import mlflow
mlflow.set_tracking_uri("sqlite:///mlruns/mlflow.db")
model = mlflow.pyfunc.load_model("models:/" + find_run("sqlite:///mlruns/mlflow.db", "bag").model_ids[-1])
print(codes, model.predict(["splendid"])["label"][0])
"""


def test_the_model_of_the_page(workspace: Path) -> None:
    page = (REPOSITORY / "docs" / "own_model.md").read_text("utf-8")
    code, config, attentive = re.findall(r"```(?:python|yaml)\n(.*?)```", page, flags=re.DOTALL)
    # A checkout of its own, into which a person writes.
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "src", workspace / "src", ignore=ignored)
    (workspace / "src" / "my_models.py").write_text(code + attentive, "utf-8")
    (workspace / "src" / "whytrain" / "conf" / "model" / "bag.yaml").write_text(config, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS],
        cwd=workspace,
        env=os.environ | {"PYTHONPATH": str(workspace / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "error: model.size: input should be greater than or equal to 1; got 0\n" in done.stderr
    assert re.fullmatch(r"\[2, 0, 0, 0\] (good|bad)", done.stdout.splitlines()[-1]), done.stderr
    assert (workspace / "explained").is_dir()
