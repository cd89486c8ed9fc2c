"""Whether killed runs end as if nothing had happened: python benchmarks/kill.py [--kills 20] [--seed 0].

Trains a small model once without interruption, then again and again with SIGKILL at a random moment of the
run, from the import of the last library to the exit, each time followed by resume=RUN_ID. Prints, for each:
when it was killed, how many optimizer steps its checkpoint held, and whether the resumed run ended with the
same weights bit by bit and with every metric once and equal (wall times aside). Exits with 1 if one did not.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

WORDS = (
    "data=csv",
    "data.path=reviews.csv",
    "data.batch_size=16",
    "data.calibration_size=20",
    "tokenizer.vocabulary_size=200",
    "model=bilstm_opt",
    "model.hidden_size=8",
    "model.embedding.size=8",
    "trainer.max_epochs=4",
    "trainer.checkpoint_minutes=0.001",
    "callbacks=none",
)
WEIGHTS = "weights.pt"
PRELOADED = [
    "whytrain.commands.train",
    "whytrain.callbacks",
    "whytrain.lightning_modules",
    "mlflow.store.tracking.sqlalchemy_store",
    "whytrain.data.csv_file",
    "whytrain.data.wordpiece",
    "whytrain.models.bilstm",
    "whytrain.tracking.store",
]


@dataclass(frozen=True)
class Outcome:
    """What became of a killed run.

    Attributes:
        killed_at: Seconds after its start.
        steps: Optimizer steps in its last checkpoint; None where it had none yet, or no run yet.
        code: Exit code of the run that went on.
        same_weights: Whether these equal the uninterrupted run's bit by bit.
        same_metrics: Whether each is there once and equal, wall times aside.
    """

    killed_at: float
    steps: int | None
    code: int
    same_weights: bool
    same_metrics: bool


def train(folder: Path, words: tuple[str, ...]) -> None:
    """Be `python train.py WORDS` in a folder, and keep the weights after the last step."""
    import torch

    from whytrain.commands import train as command
    from whytrain.lightning_modules.classifier import Classifier

    def on_train_end(self: Classifier) -> None:
        torch.save(self.model.state_dict(), folder / WEIGHTS)

    Classifier.on_train_end = on_train_end  # type: ignore[method-assign]
    os.chdir(folder)
    with (folder / "output.txt").open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    torch.set_num_threads(1)
    command.main(words)


def run(processes: ForkServerContext, folder: Path, *words: str, kill_after: float | None = None) -> int:
    """Run the command in a process of its own, kill it after some seconds, and return the exit code."""
    process = processes.Process(target=train, args=(folder, words))
    process.start()
    process.join(kill_after)
    if process.is_alive():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def workspace(root: Path, name: str) -> Path:
    """Make a folder with 200 short reviews, whose class one word decides."""
    folder, chosen = root / name, random.Random(0)
    folder.mkdir()
    rows = ["text,label"]
    for row in range(200):
        words = [
            chosen.choice(["film", "plot", "actor", "a", "the", "very"]) for _ in range(chosen.randint(2, 9))
        ]
        words.append(chosen.choice(["great", "lovely"] if row % 2 else ["dull", "awful"]))
        rows.append(f"{' '.join(words)},{'good' if row % 2 else 'bad'}")
    (folder / "reviews.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


def tracked(folder: Path) -> tuple[str | None, Counter[tuple[str, int, float]]]:
    """The id of the only run, if there is one, and its metrics with how often each is there."""
    path = folder / "mlruns" / "mlflow.db"
    if not path.exists():
        return None, Counter()
    with contextlib.closing(sqlite3.connect(path)) as database, contextlib.suppress(sqlite3.OperationalError):
        runs = database.execute("SELECT run_uuid FROM runs").fetchall()
        metrics = Counter(database.execute("SELECT key, step, value FROM metrics").fetchall())
        without_times = Counter({m: n for m, n in metrics.items() if not m[0].startswith("time/")})
        return (runs[0][0] if runs else None), without_times
    return None, Counter()


def steps_saved(folder: Path, run_id: str) -> int | None:
    """Optimizer steps behind the checkpoint from which a run would go on."""
    import torch

    from whytrain.checkpoints import usable_checkpoint

    path = usable_checkpoint(folder / "mlruns" / "runs" / run_id)
    return None if path is None else int(torch.load(path, weights_only=True)["global_step"])


def kill_and_resume(processes: ForkServerContext, folder: Path, after: float, reference: Path) -> Outcome:
    """Kill a run, go on with it, and compare it with the one that nothing stopped."""
    import torch

    code = run(processes, folder, *WORDS, kill_after=after)
    run_id, _ = tracked(folder)
    finished = run_id is not None and (folder / "mlruns" / "runs" / run_id / "finished").exists()
    has_config = run_id is not None and (folder / "mlruns" / "runs" / run_id / "config.yaml").exists()
    steps = steps_saved(folder, run_id) if run_id and has_config and not finished else None
    if not finished:
        # Killed before there was anything to go on with: the run is started again, beside an empty one.
        code = run(processes, folder, f"resume={run_id}") if has_config else run(processes, folder, *WORDS)
    expected = torch.load(reference / WEIGHTS, weights_only=True)
    found = torch.load(folder / WEIGHTS, weights_only=True) if (folder / WEIGHTS).exists() else {}
    same_weights = found.keys() == expected.keys() and all(
        torch.equal(found[k], expected[k]) for k in expected
    )
    return Outcome(after, steps, code, same_weights, tracked(folder)[1] == tracked(reference)[1])


def main() -> int:
    """Measure, print the table, and say whether all runs came back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="killed runs")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="whytrain-kill-") as root:
        os.environ.setdefault("WHYTRAIN_CACHE", str(Path(root) / "cache"))
        reference = workspace(Path(root), "reference")
        assert run(processes, workspace(Path(root), "warm-up"), *WORDS) == 0  # fills the cache
        started = time.perf_counter()
        assert run(processes, reference, *WORDS) == 0, (reference / "output.txt").read_text()
        duration = time.perf_counter() - started
        print(f"an uninterrupted run takes {duration:.1f} s")
        print("killed after  steps saved  exit code  same weights  same metrics")
        bad = 0
        for number in range(arguments.kills):
            folder = workspace(Path(root), f"run-{number}")
            outcome = kill_and_resume(processes, folder, moments.uniform(0, duration), reference)
            good = outcome.code == 0 and outcome.same_weights and outcome.same_metrics
            bad += not good
            print(
                f"{outcome.killed_at:10.2f} s  {outcome.steps if outcome.steps is not None else '-':>11}"
                f"  {outcome.code:>9}  {outcome.same_weights!s:>12}  {outcome.same_metrics!s:>12}",
                flush=True,
            )
            if not good:
                print((folder / "output.txt").read_text())
        print(f"{arguments.kills - bad} of {arguments.kills} ended as if nothing had happened")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
