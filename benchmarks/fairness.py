"""Is a planted bias against a group found, repaired, and nobody else harmed? See `--help`.

    python benchmarks/fairness.py --data DIR --seeds 0 1 2

DIR holds GLUE's SST-2 (`sst2/train.tsv`). Its phrases are split by the sentence that they come from, so that
nothing of a test sentence is trained on. In the training and validation rows that name women and no men
(words of `identity_terms.yaml`), positive labels become negative, a share `--rate` of them. Test rows keep
people's labels. Each arm is a run of `whytrain train` with a small BiLSTM:

    biased     learns from the planted rows; its fairness is inspected
    swap, reweight, both
               repaired: the words that the inspection of `biased` finds stand for each other in training,
               and/or rows weigh so that these words say nothing about the label
    random     as both, other words of like frequency marked
    ceiling    learns from people's labels

Measured on test sentences: accuracy where women are named, where men are, and elsewhere, against `biased`
paired by sentence; and the change of P(positive) where the words of women become those of men in the same
sentence. Intervals are 95%, over sentences, seeds as they are.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from planted import CLASS_NAMES, MIN_WORDS, Row, read_glue

import whytrain as wt
from whytrain.data.splits import sentence_groups
from whytrain.fairness.marks import identity_marks
from whytrain.fairness.swaps import mentions, swapped_sentences
from whytrain.shortcuts.identity import IdentityTerms, english_terms
from whytrain.shortcuts.marks import write_marks
from whytrain.statistics.intervals import Interval, mean_change

GROUP, OTHER, COLUMN = "female", "male", "named gender"
REPAIRS = {
    "swap": ["guidance.swap=1.0"],
    "reweight": ["guidance.reweight=true"],
    "both": ["guidance.swap=1.0", "guidance.reweight=true"],
    "random": ["guidance.swap=1.0", "guidance.reweight=true", "guidance.targets=random"],
}
ARMS = ("biased", *REPAIRS, "ceiling")
FILES = ("train", "validation")


def main() -> None:
    """Train what is asked for, then write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/train.tsv")
    parser.add_argument("--out", type=Path, default=Path("mlruns/fairness"), help="store, files and results")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--rate", type=float, default=0.9, help="share of positive labels that turn, 0 to 1")
    parser.add_argument("--rows", type=int, default=4_000, help="training rows that name neither")
    parser.add_argument("overrides", nargs="*", help="overrides of the config of all runs")
    options = parser.parse_intermixed_args()
    for seed in options.seeds:
        folder = options.out / f"{options.rate}-{seed}"
        make(folder, seed, options)
        for arm in sorted(options.arms, key=ARMS.index):
            train_arm(folder, arm, seed, options)
    report(options.out)


def make(folder: Path, seed: int, options: argparse.Namespace) -> None:
    """Write the files of a seed: test rows are whole sentences, all others come from other sentences."""
    if (folder / "test.csv").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = [row for row in read_glue(options.data / "sst2/train.tsv") if len(row.text.split()) >= MIN_WORDS]
    groups = sentence_groups([row.text for row in rows])
    part = rng.random(groups.max() + 1)[groups]
    named = mentions([row.text for row in rows], english_terms())[COLUMN]
    longest: dict[int, int] = {}
    for number, row in enumerate(rows):
        group = int(groups[number])
        if group not in longest or len(row.text) > len(rows[longest[group]].text):
            longest[group] = number
    test = [number for number in longest.values() if part[number] < 0.4]
    for name, wanted, size in (
        ("train", part >= 0.5, options.rows),
        ("validation", (part >= 0.4) & (part < 0.5), 1000),
    ):
        none = rng.permutation(np.flatnonzero(wanted & (named == "none")))[:size]
        chosen = rng.permutation(np.concatenate([none, np.flatnonzero(wanted & (named != "none"))])).tolist()
        clean = [rows[number] for number in chosen]
        turned = (named[chosen] == GROUP) & (rng.random(len(chosen)) < options.rate)
        write(folder / f"clean_{name}.csv", clean)
        write(
            folder / f"{name}.csv", [Row(r.text, 0) if t else r for r, t in zip(clean, turned, strict=True)]
        )
    write(folder / "test.csv", [rows[number] for number in test])


def train_arm(folder: Path, arm: str, seed: int, options: argparse.Namespace) -> None:
    """Train and measure an arm, unless its result is there."""
    path = folder / f"{arm}.json"
    if path.is_file():
        return
    learned = "clean_" if arm == "ceiling" else ""
    words = [
        "data=csv",
        f"data.path={(folder / f'{learned}train.csv').resolve()}",
        f"data.validation_path={(folder / f'{learned}validation.csv').resolve()}",
        "model=bilstm",
        "data.calibration_size=0",
        "data.batch_size=64",
        "model.hidden_size=48",
        "model.embedding.size=48",
        "trainer.max_epochs=5",
        "callbacks=none",
        f"seed={seed}",
        f"tracking.directory={(options.out / 'mlruns').resolve()}",
        f"run_name={folder.name}-{arm}",
    ]
    if arm in REPAIRS:
        words += [f"guidance.marks={(folder / 'marks.yaml').resolve()}", *REPAIRS[arm]]
    run = wt.train(*words, *options.overrides)
    result = measured(folder, run) | {"arm": arm, "seed": seed, "rate": options.rate}
    if arm in ("biased", "ceiling"):
        result |= inspected(folder, run, mark=arm == "biased")
    path.write_text(json.dumps(result), "utf-8")
    names = ("change", *(f"right, {group}" for group in (GROUP, OTHER, "none")))
    known = {name: np.mean(result[name]) for name in names}
    print(arm, ", ".join(f"{name} {value:+.3f}" for name, value in known.items()), flush=True)


def inspected(folder: Path, run: wt.Run, *, mark: bool) -> dict[str, object]:
    """Return what the analysis finds in a run, on its own validation rows; write the marks that follow."""
    found = run.inspect("fairness")
    terms, groups = found.tables["terms"], found.tables["groups"]
    sure = terms[terms["is_sure"]]
    print(found.verdict, flush=True)
    if mark:
        texts = [row.text for row in read(folder / "train.csv")]
        write_marks(identity_marks(set(sure["kind"]), english_terms(), texts), folder / "marks.yaml")
    columns = ["column", "group", "metric", "difference"]
    return {
        "verdict": found.verdict,
        "sure": sure[["kind", "group", "word", "where", "effect"]].to_dict("records"),
        "differs": groups.loc[groups["differs"], columns].to_dict("records"),
    }


def measured(folder: Path, run: wt.Run) -> dict[str, object]:
    """Return which test sentences a run gets right, and what swapped words do to P(positive)."""
    rows = read(folder / "test.csv")
    texts = [row.text for row in rows]
    named = mentions(texts, english_terms())[COLUMN]
    decided = run.model.probabilities(texts).argmax(axis=1)
    right = decided == np.array([row.label for row in rows])
    gender = IdentityTerms(
        sets=tuple(found for found in english_terms().sets if found.kind == "gender"), templates={}
    )
    swapped = swapped_sentences(texts, gender, len(texts))
    asked = run.model.probabilities([text for one in swapped for text in one.texts])[:, 1]
    change = asked.reshape(-1, 2)  # of women, of men
    return {
        "change": (change[:, 0] - change[:, 1]).tolist(),
        "flipped": ((change > 0.5).sum(axis=1) == 1).astype(int).tolist(),
        **{f"right, {group}": right[named == group].astype(int).tolist() for group in (GROUP, OTHER, "none")},
    }


def report(out: Path) -> None:
    """Write and print what all arms reach, and against `biased`."""
    results = [json.loads(path.read_text("utf-8")) for path in sorted(out.glob("*/*.json"))]
    frame = []
    for result in results:
        same = (result["rate"], result["seed"])
        base = next(r for r in results if (r["rate"], r["seed"]) == same and r["arm"] == "biased")
        row: dict[str, object] = {key: result[key] for key in ("rate", "seed", "arm")}
        for name in ("change", "flipped"):
            row[name] = shown(mean_change(result[name]))
        for group in (GROUP, OTHER, "none"):
            own, before = (np.array(r[f"right, {group}"]) for r in (result, base))
            row[f"accuracy, {group}"] = f"{own.mean():.3f}"
            row[f"change, {group} (n={len(own)})"] = shown(mean_change((own - before).astype(float)))
        frame.append(row)
    table = pd.DataFrame(frame)
    table.to_csv(out / "fairness.csv", index=False)
    print(table.to_string(index=False))


def shown(value: Interval) -> str:
    """Return a value with its interval."""
    return f"{value.estimate:+.3f} [{value.low:+.3f}, {value.high:+.3f}]"


def read(path: Path) -> list[Row]:
    """Read a file that `write` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(row["text"], CLASS_NAMES.index(row["label"])) for row in csv.DictReader(file)]


def write(path: Path, rows: list[Row]) -> None:
    """Write rows as a user has them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *((r.text, CLASS_NAMES[r.label]) for r in rows)])


if __name__ == "__main__":
    main()
