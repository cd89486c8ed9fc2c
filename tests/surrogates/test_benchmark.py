"""The benchmark runs from end to end."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "surrogates.py"


def test_smoke(tmp_path: Path) -> None:
    draw = random.Random(0)
    for name, n in (("train", 240), ("dev", 40)):
        lines = ["sentence\tlabel"]
        for i in range(n):
            words = [draw.choice(["a", "film", "plot", "scene", "was", "it"]) for _ in range(6)]
            lines.append(f"{' '.join(words)} {('dull', 'great')[i % 2]}\t{i % 2}")
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    arguments = [
        "--data",
        tmp_path,
        "--rows",
        "100",
        "--epochs",
        "1",
        "--joined",
        "200",
        "--vocabulary",
        "4",
        "--seeds",
        "0",
        "1",
    ]
    command = [sys.executable, BENCHMARK, *arguments]
    output = subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, timeout=300
    ).stdout
    assert output.count("surrogates of 100 rows") == 4
    starts = [line.split()[:3] for line in output.splitlines()]
    for joined in ("0", "200"):
        for kind in ("logistic", "tree"):
            assert ["100", joined, kind] in starts
