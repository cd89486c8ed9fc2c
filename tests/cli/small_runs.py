"""Words of the command line that make a run small, and what the tracking store says about it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import torch

SMALL = (
    "data=csv",
    "data.path=reviews.csv",
    "data.batch_size=16",
    "data.calibration_size=20",
    "tokenizer.vocabulary_size=200",
    "model.hidden_size=8",
    "model.embedding.size=8",
    "trainer.max_epochs=2",
    "optimizer.learning_rate=0.02",
)

# What a resumed run must equal bit by bit: every kind of randomness and of state is in it.
RECIPE = (*SMALL, "model=bilstm_opt", "callbacks=none", "run_name=stopped")
WEIGHTS = "weights.pt"  # what a process of `train_processes` leaves behind


class Tracked:
    """What the SQLite store of a folder holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _rows(self, query: str, *values: str) -> list[tuple]:
        with closing(sqlite3.connect(self.folder / "mlruns" / "mlflow.db")) as database:
            return database.execute(query, values).fetchall()

    def runs(self) -> dict[str, str]:
        """Status by run id, oldest first."""
        return dict(self._rows("SELECT run_uuid, status FROM runs ORDER BY start_time"))

    def run_id(self) -> str:
        """The id of the only run."""
        [run_id] = self.runs()
        return str(run_id)

    def metrics(self, run_id: str | None = None) -> dict[tuple[str, int], list[float]]:
        """All values by key and step."""
        found: dict[tuple[str, int], list[float]] = defaultdict(list)
        query = "SELECT key, step, value FROM metrics WHERE run_uuid = ?"
        for key, step, value in self._rows(query, run_id or self.run_id()):
            found[key, step].append(value)
        return dict(found)

    def params(self) -> dict[str, str]:
        """The params of the only run."""
        return dict(self._rows("SELECT key, value FROM params WHERE run_uuid = ?", self.run_id()))

    def tags(self, run_id: str) -> dict[str, str]:
        """The tags of a run."""
        return dict(self._rows("SELECT key, value FROM tags WHERE run_uuid = ?", run_id))

    def weights(self, name: str = WEIGHTS) -> dict[str, torch.Tensor]:
        """The weights after the last step."""
        return torch.load(self.folder / name, weights_only=True)

    def output(self) -> str:
        """What the last process printed."""
        return (self.folder / "output.txt").read_text()

    def checkpoint(self, name: str = "last") -> Path:
        """Where the only run keeps a checkpoint."""
        return self.folder / "mlruns" / "runs" / self.run_id() / "checkpoints" / f"{name}.ckpt"


def without_times(metrics: dict[tuple[str, int], list[float]]) -> dict[tuple[str, int], list[float]]:
    """Metrics that two runs share."""
    return {place: values for place, values in metrics.items() if not place[0].startswith("time/")}


def assert_same_run(resumed: Tracked, expected: Tracked) -> None:
    """Weights equal bit by bit, and every metric once and equal, wall times aside."""
    assert resumed.runs() == {resumed.run_id(): "FINISHED"}
    ours, theirs = resumed.weights(), expected.weights()
    assert ours.keys() == theirs.keys()
    assert [name for name, value in ours.items() if not torch.equal(value, theirs[name])] == []
    metrics, reference = resumed.metrics(), expected.metrics()
    assert metrics.keys() == reference.keys()
    assert [place for place, values in metrics.items() if len(values) != 1] == []
    assert without_times(metrics) == without_times(reference)
