"""The benchmark runs from end to end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "explain.py"


def test_smoke() -> None:
    command = [sys.executable, str(BENCHMARK), "--smoke"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    for part in (
        "table of 4 words, last",
        "direct",
        "GiB more",
        "shapiq ExactComputer",
        "captum",
        "values, ours",
    ):
        assert part in output


def test_sanity(tmp_path: Path) -> None:
    words = ["good", "bad", "dull", "fine", "film", "plot", "not", "so"]
    rows = [" ".join(words[(i * k) % 8] for k in range(1, 7)) for i in range(60)]
    lines = [f"{row}\t{i % 2}" for i, row in enumerate(rows)]
    for name in ("train", "dev"):
        path = tmp_path / "sst2" / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(["sentence\tlabel", *lines]) + "\n", "utf-8")
    (tmp_path / "sst_trees").mkdir()
    trees = "(3 (2 so) (4 (3 good) (2 film)))\n(1 (2 not) (1 (1 bad) (2 plot)))\n"
    (tmp_path / "sst_trees" / "dev.txt").write_text(trees, "utf-8")
    sizes = ["--seeds", "2", "--epochs", "1", "--draws", "2", "--sentences", "4"]
    sizes += ["--figure", str(tmp_path / "layers.png")]
    overrides = ["tokenizer=wordpiece", "data.calibration_size=0", "model.hidden_size=8"]
    command = [
        sys.executable,
        str(BENCHMARK.with_name("sanity.py")),
        "--data",
        str(tmp_path),
        *sizes,
        *overrides,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    for part in (
        "between seeds",
        "shuffled labels",
        "randomized down to lstm",
        "10 phrases",
        "right-branching",
    ):
        assert part in done.stdout
    shuffled = re.findall(r"shuffled labels +\w+ +(\S+)", done.stdout)
    assert len(shuffled) == 2
    assert all(float(correlation) < 1 for correlation in shuffled)  # equal weights would explain alike
    assert (tmp_path / "layers.png").stat().st_size > 10_000
