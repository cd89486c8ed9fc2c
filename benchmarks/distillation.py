"""How much of the gap between a BiLSTM and its teacher distillation closes, on SST-2.

    python benchmarks/distillation.py --data DIR                 # DIR holds sst2/train.tsv and sst2/dev.tsv
    python benchmarks/distillation.py --data DIR --seeds 0,1,2,3,4 distillation.augmentation.copies=1

The teacher is fine-tuned (once: its run is found again by its name; with `--teachers A B` several runs teach
together), then for each seed `bilstm` and `bilstm_kd` are trained as users train them, all tracked in one
store. With --tune the student's settings are compared on whole sentences held out of train; the official dev
set is looked at for the settings given alone.
Words behind the options are overrides of the student's config.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whytrain.data.splits import calibration_slice
from whytrain.errors import TrackingError
from whytrain.models.teacher import load_teacher
from whytrain.statistics.intervals import t_interval
from whytrain.tracking.reader import RunRecord, find_run, saved_model
from whytrain.tracking.settings import TrackingSettings

TRAIN = Path(__file__).resolve().parents[1] / "train.py"
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
# Compared by --tune, on a slice of train.
CANDIDATES: dict[str, tuple[str, ...]] = {
    "alpha 0.9, T 2": (),
    "alpha 1.0, T 2": ("distillation.alpha=1.0",),
    "alpha 0.9, T 4": ("distillation.temperature=4.0",),
    "augmented once": ("distillation.augmentation.copies=1",),
    "not joined": ("distillation.augmentation.joined=0",),
    "with attention": ("distillation.attention=1.0",),
}


def main() -> None:
    """Train what is missing and print the table."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    sst2 = options.data / "sst2"
    if options.tune:
        sst2 = tuning_files(sst2, options.out / "tuning", options.rows)
    common = ["data=sst2", f"data.path={sst2}", "tokenizer=bert", "callbacks=none", *options.common]
    common.append(f"tracking.directory={options.out / 'mlruns'}")
    prefix = "tune" if options.tune else "final"
    epochs = f"trainer.max_epochs={options.teacher_epochs}"
    words = ["model=transformer", f"model.name_or_path={options.model}", "tokenizer=huggingface", epochs]
    names = options.teachers or [f"{prefix}-teacher"]
    teachers = [trained(name, [*common, *words], options.out) for name in names]
    best = accuracy_of_mean(teachers, sst2 / "dev.tsv")
    arms = {"": options.overrides} if not options.tune else CANDIDATES
    student = [
        "model=bilstm_kd",
        f"distillation.teacher=[{','.join(teacher.run_id for teacher in teachers)}]",
        f"model.embedding.pretrained={vectors()}",
    ]
    gaps: dict[str, list[float]] = {name: [] for name in arms}
    print(f"{'run':34}{'seed':>6}{'accuracy':>10}{'gap closed':>12}")
    for teacher in teachers:
        print(f"{teacher.name:34}{'':>6}{score(teacher):>10.4f}", flush=True)
    print(f"{'taught by (best epochs)':34}{'':>6}{best:>10.4f}", flush=True)
    for seed in options.seeds:
        plain = trained(f"{prefix}-bilstm-{seed}", [*common, "model=bilstm", f"seed={seed}"], options.out)
        print(f"{'bilstm':34}{seed:>6}{score(plain):>10.4f}", flush=True)
        for arm, overrides in arms.items():
            name = "-".join(
                [prefix, "bilstm_kd", *options.teachers, *arm.replace(",", "").split(), str(seed)]
            )
            run = trained(name, [*common, *student, *overrides, f"seed={seed}"], options.out)
            gap = best - score(plain)
            closed = (score(run) - score(plain)) / gap if gap else float("nan")
            gaps[arm].append(closed)
            print(f"{f'bilstm_kd {arm}':34}{seed:>6}{score(run):>10.4f}{closed:>12.0%}", flush=True)
    for arm, closed in gaps.items():
        print(f"{f'bilstm_kd {arm}':34}{'mean':>6}{'':10}{said(np.array(closed)):>12}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with sst2/train.tsv and sst2/dev.tsv"
    )
    parser.add_argument("--out", type=Path, default=Path("mlruns/distillation"), help="store and files")
    parser.add_argument("--seeds", type=lambda text: list(map(int, text.split(","))), default=[0])
    parser.add_argument("--model", default=MODEL, help="name or folder of the teacher's first weights")
    parser.add_argument("--teacher-epochs", type=int, default=1)
    parser.add_argument(
        "--teachers", nargs="+", default=[], help="names of runs: those there are not trained"
    )
    parser.add_argument("--tune", action="store_true", help="compare settings on a slice of train")
    parser.add_argument("--rows", type=int, default=2000, help="sentences of that slice")
    parser.add_argument("--common", nargs="*", default=[], help="overrides of all runs")
    parser.add_argument("overrides", nargs="*", help="overrides of the student's config")
    return parser.parse_intermixed_args()


def vectors() -> Path:
    """Return the folder of the packaged model, whose word vectors the student starts from."""
    from whytrain.data.pretrained import packaged_model

    folder = packaged_model(MODEL)
    if folder is None:
        sys.exit("install whytrain[pretrained]: the student starts from the packaged model's word vectors")
    return folder


def trained(name: str, words: Sequence[str], out: Path) -> RunRecord:
    """Return the run of this name, trained now unless it is there."""
    uri = TrackingSettings(
        uri=None, experiment="whytrain", log_text=True, directory=str(out / "mlruns"), register=None
    ).address
    try:
        run = find_run(uri, name)
        if run.status == "FINISHED":
            return run
        sys.exit(
            f"the run {name} did not finish ({run.status}): go on with resume={run.run_id}, or delete it"
        )
    except TrackingError:
        with (out / f"{name}.log").open("w") as log:
            command = [sys.executable, str(TRAIN), *words, f"run_name={name}"]
            if subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode:
                sys.exit(f"the run {name} failed: see {log.name}")
        return find_run(uri, name)


def score(run: RunRecord) -> float:
    """Accuracy of the last epoch: the best one was chosen on the sentences that it is measured on."""
    return run.metrics["last/accuracy"]


def accuracy_of_mean(teachers: Sequence[RunRecord], path: Path) -> float:
    """Accuracy of what the student is taught: of the mean of the logits of the teachers' best epochs."""
    texts, labels = zip(*read_rows(path), strict=True)
    logits = [load_teacher(saved_model(teacher), max_tokens=128).logits(list(texts)) for teacher in teachers]
    return float((np.mean(logits, axis=0).argmax(axis=1) == np.array(labels)).mean())


def said(closed: NDArray[np.float64]) -> str:
    """Return the mean share with its 95% t interval over seeds; where there was no gap there is no share."""
    closed = closed[np.isfinite(closed)]
    if not len(closed):
        return "no gap"
    if len(closed) < 2:
        return f"{closed.mean():.0%}"
    interval = t_interval(closed)
    return f"{interval.estimate:.0%} [{interval.low:.0%}, {interval.high:.0%}]"


def read_rows(path: Path) -> list[tuple[str, int]]:
    """Read texts and labels."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [(row[0], int(row[1])) for row in rows]


def tuning_files(sst2: Path, folder: Path, n_rows: int) -> Path:
    """Write train.tsv without, and dev.tsv with, whole sentences held out of train."""
    rows = read_rows(sst2 / "train.tsv")
    texts, labels = [text for text, _ in rows], np.array([label for _, label in rows])
    parts = calibration_slice(texts, labels, n_rows, seed=0)
    folder.mkdir(exist_ok=True)
    for name, chosen in (("train", parts.train), ("dev", parts.calibration)):
        lines = ["sentence\tlabel", *(f"{texts[row]}\t{labels[row]}" for row in chosen.tolist())]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


if __name__ == "__main__":
    main()
