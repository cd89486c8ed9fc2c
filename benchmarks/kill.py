"""Whether killed commands end as if nothing had happened: python benchmarks/kill.py [--kills 20] [--seed 0].

Trains a small model once without interruption, then again and again with SIGKILL: at random moments, from the
import of the last library to the exit, and at each stage of a run's end (best weights, figures, findings, the
model, the spool, the end in MLflow); a sweep and a comparison are killed, too. After each the command is
repeated (a run: resume=RUN_ID). Prints where it was killed, how many optimizer steps its checkpoint held, the
exit code, and whether what it left equals what the uninterrupted command left: weights bit by bit, every
metric once and equal (wall times aside), the same files, one logged model. Exits with 1 if one did not.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import multiprocessing
import os
import random
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

SMALL = (
    "data=csv",
    "data.path=reviews.csv",
    "data.batch_size=16",
    "data.calibration_size=20",
    "tokenizer.vocabulary_size=200",
    "model=bilstm_opt",
    "model.hidden_size=8",
    "model.embedding.size=8",
    "trainer.checkpoint_minutes=0.001",
)
WORDS = (*SMALL, "trainer.max_epochs=3", "run_name=killed")
SWEEP = (*SMALL, "-m", "callbacks=none", "trainer.max_epochs=2", "seed=0,1", "sweep_name=killed")
COMPARISON = ("runs=[first,second]", "output=compared")
WEIGHTS = "weights.pt"
PRELOADED = [
    "whytrain.commands.train",
    "whytrain.commands.compare",
    "whytrain.callbacks",
    "whytrain.lightning_modules",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.pyfunc",
    "whytrain.data.csv_file",
    "whytrain.data.wordpiece",
    "whytrain.models.bilstm",
    "whytrain.tracking.store",
]
# Where a run's end is cut off: module, name in it, the how manieth call, and before or after it.
STAGES = {
    "best weights, written": (
        "whytrain.lightning_modules.checkpoint_io",
        "AtomicCheckpointIO.save_checkpoint",
        4,
        "after",
    ),
    "best weights, renamed": ("pathlib", "Path.replace", 12, "after"),
    "metrics of the best": ("whytrain.callbacks.describe_run", "evaluate", 1, "after"),
    "figures of the history": ("whytrain.callbacks.describe_run", "DescribeRun.on_fit_end", 1, "after"),
    "explanations": ("whytrain.callbacks.explain_epoch", "ExplainEpoch.on_fit_end", 1, "after"),
    "students": ("whytrain.callbacks.fit_surrogates", "FitSurrogates.on_fit_end", 1, "after"),
    "findings, before": ("whytrain.callbacks.diagnose", "log_diagnosis", 1, "before"),
    "findings, after": ("whytrain.callbacks.diagnose", "log_diagnosis", 1, "after"),
    "page": ("whytrain.callbacks.report", "Report.on_fit_end", 1, "after"),
    "model, saved": ("whytrain.runs.model", "save_model", 1, "after"),
    "model, half packaged": ("mlflow.pyfunc", "save_model", 1, "after"),
    "model, packaged": ("whytrain.tracking.models.package", "package_model", 1, "after"),
    "model, in the spool": ("whytrain.tracking.store", "Store.log_model", 1, "after"),
    "end of training, sent": ("whytrain.tracking.store", "Store.close", 1, "before"),
    "model, made in MLflow": ("mlflow.tracking.client", "MlflowClient.create_logged_model", 1, "after"),
    "model, linked": ("mlflow.tracking.client", "MlflowClient.log_outputs", 1, "after"),
    "model, files sent": ("mlflow.tracking.client", "MlflowClient.log_model_artifacts", 1, "after"),
    "model, ready": ("mlflow.tracking.client", "MlflowClient.finalize_logged_model", 1, "after"),
    "spool, not yet removed": ("mlflow.tracking.client", "MlflowClient.set_terminated", 1, "after"),
    "spool, removed": ("whytrain.tracking.store", "Store._note", 6, "before"),
    "end, in MLflow": ("whytrain.tracking.store", "Store.close", 1, "after"),
    "end, noted": ("whytrain.lightning_modules.resume", "remove_resumable", 1, "before"),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a killed command.

    Attributes:
        place: Where it was killed.
        steps: Optimizer steps in its last checkpoint; None where it had none, or was no training.
        code: Exit code of the command that went on.
        differences: From what the uninterrupted command left, a line each.
    """

    place: str
    steps: int | None
    code: int
    differences: list[str]

    @property
    def is_good(self) -> bool:
        """Whether nothing shows that it was killed."""
        return self.code == 0 and not self.differences


def command(name: str, folder: Path, words: tuple[str, ...], stage: str | None) -> None:
    """Be `whytrain NAME WORDS` in a folder; training keeps the weights after the last step there.

    Args:
        name: of the command.
        folder: the working directory; what is printed goes to output.txt there.
        words: of the command line.
        stage: where to be killed, see `STAGES`.
    """
    import torch

    from whytrain.lightning_modules.classifier import Classifier

    def on_train_end(self: Classifier) -> None:
        torch.save(self.model.state_dict(), folder / WEIGHTS)

    Classifier.on_train_end = on_train_end  # type: ignore[method-assign]
    os.chdir(folder)
    with (folder / "output.txt").open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    torch.set_num_threads(1)
    if stage is not None:
        die_at(*STAGES[stage])
    importlib.import_module(f"whytrain.commands.{name}").main(words)


def die_at(module: str, name: str, call: int, when: str) -> None:
    """Let this process be killed before or after a call of a function or method."""
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    original: Callable[..., Any] = getattr(owner, last)
    calls = itertools.count(1)

    def fatal(*args: Any, **kwargs: Any) -> Any:
        is_last = next(calls) == call
        if is_last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, last, fatal)


class Bench:
    """Runs commands in folders of their own, in processes that fork from one where all is imported."""

    def __init__(self, root: Path, callbacks: str) -> None:
        """Start the process; `callbacks` is what the killed runs observe."""
        self.root = root
        self.words = (*WORDS, f"callbacks={callbacks}")
        # Without callbacks there are no observers in which a run could be killed.
        of_observers = ("explain_epoch", "fit_surrogates", "diagnose")
        left_out = of_observers if callbacks == "none" else ()
        self.stages = [name for name, stage in STAGES.items() if not stage[0].endswith(left_out)]
        self.processes: ForkServerContext = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(PRELOADED)

    def run(
        self, name: str, folder: Path, *words: str, kill_after: float | None = None, stage: str | None = None
    ) -> int:
        """Run a command, kill it after some seconds or at a stage, and return the exit code."""
        process = self.processes.Process(target=command, args=(name, folder, words, stage))
        process.start()
        process.join(kill_after)
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    def whole(self, name: str, folder: Path, *words: str) -> float:
        """Run a command that nothing stops, and return its seconds."""
        started = time.perf_counter()
        code = self.run(name, folder, *words)
        assert code == 0, (folder / "output.txt").read_text()
        return time.perf_counter() - started

    def workspace(self, name: str) -> Path:
        """Make a folder with 200 short reviews, whose class one word decides."""
        folder, chosen = self.root / name, random.Random(0)
        folder.mkdir()
        rows = ["text,label"]
        for row in range(200):
            others = ["film", "plot", "actor", "a", "the", "very"]
            words = [chosen.choice(others) for _ in range(chosen.randint(2, 9))]
            words.append(chosen.choice(["great", "lovely"] if row % 2 else ["dull", "awful"]))
            rows.append(f"{' '.join(words)},{'good' if row % 2 else 'bad'}")
        (folder / "reviews.csv").write_text("\n".join(rows) + "\n", "utf-8")
        return folder


def rows_of(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What the tracking database of a folder answers; nothing where it is not there yet."""
    path = folder / "mlruns" / "mlflow.db"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path)) as database, contextlib.suppress(sqlite3.OperationalError):
        return database.execute(query).fetchall()
    return []


def left_by(folder: Path) -> dict[str, Any]:
    """What the finished runs of a folder hold, without times and ids."""
    finished = {row[0] for row in rows_of(folder, "SELECT run_uuid FROM runs WHERE status = 'FINISHED'")}
    metrics = Counter(
        row[:3]
        for row in rows_of(folder, "SELECT key, step, value, run_uuid FROM metrics")
        if row[3] in finished and not row[0].startswith("time/")
    )
    params = Counter(
        row[:2] for row in rows_of(folder, "SELECT key, value, run_uuid FROM params") if row[2] in finished
    )
    artifacts = folder / "mlruns" / "artifacts"
    return {
        "finished runs": len(finished),
        "metrics": metrics,
        "params": params,
        "files": Counter(name for run in finished for name in names_in(artifacts / run)),
        "models": Counter(rows_of(folder, "SELECT name, status FROM logged_models")),
        "files of models": Counter(re.sub(r"m-\w{32}", "", name) for name in names_in(artifacts / "models")),
    }


def names_in(folder: Path) -> Iterator[str]:
    """The files below a folder; what MLflow makes up in the names of images is left out."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield re.sub(
            r"\+\d{10,}\+[0-9a-f-]{36}", "", re.sub(r"\w+_[0-9a-f]{12}/", "", str(path.relative_to(folder)))
        )


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Say what is not as it should be, a line for each kind of thing."""
    lines = []
    for name, value in expected.items():
        if found[name] != value:
            if isinstance(value, Counter):
                more, less = list(found[name] - value)[:3], list(value - found[name])[:3]
                lines.append(f"{name}: too many {more}, missing {less}")
            else:
                lines.append(f"{name}: {found[name]} instead of {value}")
    return lines


def weights_differ(folder: Path, reference: Path) -> list[str]:
    """Say so where the weights after the last step are not those of the reference, bit by bit."""
    import torch

    expected = torch.load(reference / WEIGHTS, weights_only=True)
    found = torch.load(folder / WEIGHTS, weights_only=True) if (folder / WEIGHTS).exists() else {}
    same = found.keys() == expected.keys() and all(torch.equal(found[k], expected[k]) for k in expected)
    return [] if same else ["other weights"]


def steps_saved(run_folder: Path) -> int | None:
    """Optimizer steps behind the checkpoint from which a run would go on."""
    import torch

    from whytrain.checkpoints import usable_checkpoint

    path = usable_checkpoint(run_folder)
    return None if path is None else int(torch.load(path, weights_only=True)["global_step"])


def kill_training(
    bench: Bench,
    folder: Path,
    reference: Path,
    expected: dict[str, Any],
    *,
    after: float | None,
    stage: str | None,
) -> Outcome:
    """Kill a run, go on with it, and compare it with the one that nothing stopped."""
    code = bench.run("train", folder, *bench.words, kill_after=after, stage=stage)
    if stage is not None and code != -signal.SIGKILL:
        return Outcome(place=stage, steps=None, code=code, differences=["it was not killed"])
    runs = rows_of(folder, "SELECT run_uuid FROM runs")
    home = folder / "mlruns" / "runs" / (runs[0][0] if runs else "none")
    steps = None
    if (home / "config.yaml").exists() and not (home / "finished").exists():
        steps = steps_saved(home)
        code = bench.run("train", folder, f"resume={home.name}")
    elif not (home / "finished").exists():
        # Killed before there was anything to go on with: the run is started again, beside an empty one.
        code = bench.run("train", folder, *bench.words)
    elif code == -signal.SIGKILL:  # all was done
        code = 0
    found = differences(left_by(folder), expected) + weights_differ(folder, reference)
    return Outcome(place=stage or f"{after:.2f} s", steps=steps, code=code, differences=found)


def kill_sweep(bench: Bench, folder: Path, expected: dict[str, Any], after: float) -> Outcome:
    """Kill the parent of a sweep, with its job, and start the sweep again."""
    bench.run("train", folder, *SWEEP, kill_after=after)
    code = bench.run("train", folder, *SWEEP)
    found = differences(left_by(folder), expected)
    return Outcome(place=f"sweep, {after:.2f} s", steps=None, code=code, differences=found)


def kill_comparison(bench: Bench, folder: Path, expected: dict[str, Any], after: float) -> Outcome:
    """Kill a comparison, and start it again; the first one's run stays unfinished."""
    bench.run("compare", folder, *COMPARISON, kill_after=after)
    code = bench.run("compare", folder, *COMPARISON)
    found = differences(left_by(folder), expected)
    found += [] if (folder / "compared" / "comparison.html").exists() else ["no page"]
    return Outcome(place=f"comparison, {after:.2f} s", steps=None, code=code, differences=found)


def outcomes(
    bench: Bench, n_kills: int, n_skipped: int, moments: random.Random
) -> Iterator[tuple[Path, Outcome]]:
    """Kill, each time something else: every third at a random moment, the others at the stages in turn."""
    bench.whole("train", bench.workspace("warm-up"), *bench.words)  # fills the cache
    reference = bench.workspace("reference")
    duration = bench.whole("train", reference, *bench.words)
    print(f"an uninterrupted run takes {duration:.1f} s")
    expected, prepared = left_by(reference), Prepared(bench)
    kinds: list[str] = []
    for number, stage in enumerate(itertools.cycle([*bench.stages, "sweep", "comparison"])):
        kinds += [stage] if number % 2 else ["moment", stage]
        if len(kinds) >= n_kills:
            break
    for number, kind in enumerate(kinds[n_skipped:n_kills], start=n_skipped):
        share = moments.uniform(0, 1)
        if kind == "comparison":
            folder, whole, seconds = prepared.comparison(f"run-{number}")
            yield folder, kill_comparison(bench, folder, whole, share * seconds)
            continue
        folder = bench.workspace(f"run-{number}")
        if kind == "sweep":
            whole, seconds = prepared.sweep()
            yield folder, kill_sweep(bench, folder, whole, share * seconds)
        else:
            after, stage = (share * duration, None) if kind == "moment" else (None, kind)
            yield folder, kill_training(bench, folder, reference, expected, after=after, stage=stage)


class Prepared:
    """What an uninterrupted sweep and comparison leave, made when it is first asked for."""

    def __init__(self, bench: Bench) -> None:
        """Start with nothing."""
        self.bench = bench
        self._sweep: tuple[dict[str, Any], float] | None = None
        self._comparison: tuple[dict[str, Any], float] | None = None

    def sweep(self) -> tuple[dict[str, Any], float]:
        """What it leaves, and its seconds."""
        if self._sweep is None:
            folder = self.bench.workspace("sweep")
            seconds = self.bench.whole("train", folder, *SWEEP)
            self._sweep = left_by(folder), seconds
        return self._sweep

    def comparison(self, name: str) -> tuple[Path, dict[str, Any], float]:
        """A folder with two runs to compare, what it leaves, and its seconds."""
        compared = self.bench.root / "two-runs"
        if not compared.exists():
            self.bench.workspace(compared.name)
            few = ("callbacks.surrogate=null", "callbacks.explanations=null", "callbacks.diagnosis=null")
            for seed, run_name in enumerate(("first", "second")):
                words = (*SMALL, *(f"~{word.partition('=')[0]}" for word in few), "trainer.max_epochs=1")
                self.bench.whole("train", compared, *words, f"seed={seed}", f"run_name={run_name}")
        if self._comparison is None:
            whole = self.bench.root / "compared"
            shutil.copytree(compared, whole, symlinks=True)
            seconds = self.bench.whole("compare", whole, *COMPARISON)
            self._comparison = left_by(whole), seconds
        folder = self.bench.root / name
        shutil.copytree(compared, folder, symlinks=True)
        return folder, *self._comparison


def main() -> int:
    """Measure, print the table, and say whether all came back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="killed commands; 40 reach every stage")
    parser.add_argument("--callbacks", default="default", help="of the runs; none is quicker")
    parser.add_argument("--skip", type=int, default=0, help="how many of them to leave out, the first ones")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="whytrain-kill-") as root:
        os.environ.setdefault("WHYTRAIN_CACHE", str(Path(root) / "cache"))
        bench, bad = Bench(Path(root), arguments.callbacks), 0
        print(f"{'killed at':<26}  steps saved  exit code  as if nothing had happened")
        kills, skipped = arguments.kills, arguments.skip
        for folder, outcome in outcomes(bench, kills, skipped, random.Random(arguments.seed)):
            bad += not outcome.is_good
            steps = "-" if outcome.steps is None else outcome.steps
            said = "yes" if outcome.is_good else "; ".join(outcome.differences) or "no"
            print(f"{outcome.place:<26}  {steps:>11}  {outcome.code:>9}  {said}", flush=True)
            if not outcome.is_good:
                print((folder / "output.txt").read_text()[-3000:], flush=True)
        n_done = kills - skipped
        print(f"{n_done - bad} of {n_done} ended as if nothing had happened")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
