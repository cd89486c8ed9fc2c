"""Are planted shortcuts found, repaired and gone? See `python benchmarks/shortcuts.py --help`.

    python benchmarks/shortcuts.py --data DIR --kinds decoy article --rates 1.0 0.9 --seeds 0 1 2 3 4
    python benchmarks/shortcuts.py --data DIR --kinds cad --seeds 0 1 2
    python benchmarks/shortcuts.py --data DIR --kinds snippets --arms ceiling --seeds 0 1 2 3 4

DIR holds GLUE's SST-2 (`sst2/train.tsv`, `sst2/dev.tsv`), from which `planted.py` makes the data of each
kind, rate and seed, and for `cad` the film reviews that `revised.py` reads; in `snippets`, the sentences of
`data=snippets`, nothing is planted, and only false alarms are counted. Every arm is a run of `whytrain
train`: a small BiLSTM, 20,000 phrases, 4 epochs, the best epoch chosen on rows that are like the training
rows. Nothing is chosen on the rows reported: dev sentences as they are (clean), with the plant pointing the
wrong way (adversarial), and those without planted words (unmarked). Arms:

    baseline     learns from the planted rows, and is diagnosed with 300 check rows, and without
    ceiling      learns from the same rows without the plant; what is found in it is a false alarm
    explained    repaired: what the baseline's diagnosis named, as it recommends
    told         repaired: a person marked what was planted
    random       as explained, other words of like frequency marked
    delete, counterfactuals, input_gradient, reweight
                 as explained, by these keys of guidance instead of what is recommended
    early        as baseline, one epoch
    twice        as baseline, but what early gets wrong counts six times (Liu et al., 2021)
    needless     as ceiling, repaired as if the words had been planted
    added        of cad: learns from the check rows, too; added_10: each counted ten times

An arm that is done is kept under `--out` and not trained again; kinds with the same rows, and all rates,
share a ceiling. Tables and figure are made anew of all that
is there. Intervals are 95%, over sentences and seeds.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import itertools
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
import planted
import revised
from shortcuts_table import (
    accuracy_figure,
    accuracy_table,
    alarm_table,
    explanation_table,
    finding_table,
    model_table,
)

import whytrain as wt
from whytrain.data.snippets import Snippets
from whytrain.data.words import split_words
from whytrain.errors import TrackingError
from whytrain.guidance.guidance_settings import FOUND
from whytrain.guidance.repair import OTHER_REPAIRS, repair_of
from whytrain.metrics.calibration import SMALLEST_PROBABILITY
from whytrain.runs.marks import read_found
from whytrain.runs.shortcuts import read_shortcuts
from whytrain.shortcuts.effects import log_odds
from whytrain.shortcuts.marks import marks_text, parse_marks, read_marks
from whytrain.shortcuts.suspicion import suspected_share

CAD, SNIPPETS = "cad", "snippets"
KINDS = (*planted.WORDS, CAD, SNIPPETS)
SETS = ("clean", "adversarial", "unmarked")
OTHER_SETS = {CAD: ("original", "revised"), SNIPPETS: ("clean",)}
SMALL = {"model": "bilstm", "model.hidden_size": 96, "model.embedding.size": 96}
PLANTED_SIZES = {"trainer.max_epochs": 4}
CAD_SIZES = {  # by accuracy on validation rows, which are originals
    "model.pooling": "mean",
    "model.dropout": 0.5,
    "objective.word_masking": 0.2,
    "trainer.min_steps": 160,
    "data.max_tokens": 256,
}
FINDING = {
    "+callbacks.shortcuts._target_": "whytrain.callbacks.find_shortcuts.FindShortcuts",
    "+callbacks.shortcuts.seed": 0,
}
ARMS = ("baseline", "ceiling", "explained", "told", "random", *OTHER_REPAIRS)
ALL_ARMS = (*ARMS, "early", "twice", "needless", "added", "added_10")
METHODS = {"shapley": {"absences": ["padding"]}, "integrated_gradients": {}, "random": {}}
PAIR_KINDS = ("token_in_context", "ordered_pair")
CEILING_FILES = ("ceiling_train", "ceiling_validation")
MAX_WORDS = 9  # of a sentence whose explanation is judged: all coalitions are asked
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One set of data.

    Attributes:
        kind: of `planted.WORDS`, or cad.
        rate: share of rows whose plant points to their class.
        seed: of the data and of the models.
    """

    kind: str
    rate: float
    seed: int

    @property
    def name(self) -> str:
        """Of folders and runs."""
        return f"{self.kind}-{self.rate}-{self.seed}"


def main() -> None:
    """Train what is missing, then write the table and the figure."""
    options = arguments()
    rates = {kind: [1.0] if kind in OTHER_SETS else options.rates for kind in options.kinds}
    for seed, kind in itertools.product(options.seeds, options.kinds):
        for rate in rates[kind]:
            cell = Cell(kind=kind, rate=rate, seed=seed)
            make_data(cell, options)
            for arm in arms_of(cell, options.arms):
                train_arm(cell, arm, options)
            if options.explanations and kind not in OTHER_SETS:
                explain_rows(cell, options)
    report(options.out)


def report(out: Path) -> None:
    """Write and print the tables of all that is there, and draw the accuracies."""
    arms, explained = [], []
    for path in sorted(out.glob("*/*.json")):
        (explained if path.stem == "explanations" else arms).append(json.loads(path.read_text("utf-8")))
    accuracies = accuracy_table(arms, ALL_ARMS)
    tables = {
        "accuracy": accuracies,
        "models": model_table(arms),
        "finding": finding_table(arms),
        "alarms": alarm_table(arms),
        "explanations": explanation_table(explained),
    }
    for name, table in tables.items():
        if len(table):
            table.to_csv(out / f"{name}.csv", index=False, float_format="%.4f")
            print(f"\n{table.to_string(index=False, float_format=lambda value: f'{value:.3f}')}")
    accuracy_figure(accuracies).savefig(out / "shortcuts.png")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/, and cad/ for that kind")
    parser.add_argument("--out", type=Path, default=Path("mlruns/shortcuts"), help="store, files and results")
    parser.add_argument(
        "--kinds", nargs="+", choices=[*planted.WORDS, CAD, SNIPPETS], default=list(planted.WORDS)
    )
    parser.add_argument("--rates", nargs="+", type=float, default=[1.0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--arms", nargs="+", choices=ALL_ARMS, default=list(ARMS))
    parser.add_argument("--explanations", type=int, default=200, help="rows explained; 0: none")
    parser.add_argument("--rows", type=int, default=20_000, help="training rows")
    parser.add_argument("--validation-rows", type=int, default=1000)
    parser.add_argument("--smoke", action="store_true", help="a tiny model, few rows: does it run?")
    parser.add_argument("overrides", nargs="*", help="overrides of the config of all runs")
    options = parser.parse_intermixed_args()
    if options.smoke:
        options.rows, options.validation_rows, options.explanations = 300, 60, 3
        tiny = ["model.hidden_size=8", "model.embedding.size=8", "trainer.max_epochs=1"]
        options.overrides = [*tiny, *options.overrides]
    return options


def make_data(cell: Cell, options: argparse.Namespace) -> Path:
    """Return the folder of a cell's data, made unless they are there."""
    folder: Path = options.out / cell.name / "data"
    if folder.is_dir():
        return folder
    staging = folder.with_name("data.unfinished")
    if cell.kind == CAD:
        revised.make(data=options.data, out=staging, seed=cell.seed)
    elif cell.kind == SNIPPETS:
        make_snippets(staging, cell.seed)
    else:
        sizes = {"rows": options.rows, "validation_rows": options.validation_rows}
        planted.make(data=options.data, out=staging, **asdict(cell), **sizes)
    os.replace(staging, folder)
    return folder


def make_snippets(out: Path, seed: int) -> None:
    """Write the splits of the snippets: of the test sentences 300 are check rows, the others reported."""
    further = dict.fromkeys(("windows", "positive_class", "check_path", "evaluation_paths", "corrections"))
    sizes = {"calibration_size": 0, "batch_size": 64, "max_tokens": 128, "on_bad_row": "error"}
    corpus = Snippets(split_seed=seed, **sizes, **further).load()
    test = corpus.test
    assert test is not None
    order = np.random.default_rng(seed).permutation(len(test))  # the file has one class after the other
    parts = {
        "ceiling_train": corpus.train,
        "ceiling_validation": corpus.validation,
        "check": test.select(order[: planted.CHECK_ROWS]),
        "clean": test.select(order[planted.CHECK_ROWS :]),
    }
    out.mkdir(parents=True)
    for name, rows in parts.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            labels = (corpus.class_names[label] for label in rows.labels)
            csv.writer(file).writerows([("text", "label"), *zip(rows.texts, labels, strict=True)])


def arms_of(cell: Cell, asked: Sequence[str]) -> list[str]:
    """Return those of the arms that a cell has: the baseline guides the others and comes first."""
    if cell.kind == SNIPPETS:
        return ["ceiling"]
    only_cad = {"added", "added_10"}
    never = {"ceiling", "told", "needless"} if cell.kind == CAD else only_cad
    if cell.kind not in ("article", "gender"):
        never |= {"needless"}  # nothing of what is marked occurs in rows without the plant
    if cell.rate == 1.0 and cell.kind != CAD:
        never |= {"reweight", "twice", "early"}  # no row contradicts the plant
    return sorted(set(asked) - never, key=lambda arm: (arm != "baseline", ALL_ARMS.index(arm)))


def train_arm(cell: Cell, arm: str, options: argparse.Namespace) -> None:
    """Train and measure an arm, unless its result is there."""
    path: Path = options.out / cell.name / f"{arm}.json"
    if path.is_file():
        return
    started = time.monotonic()
    words = words_of(cell, arm, options)
    if words is None:  # nothing was named: the baseline is what a user is left with
        write(path, read(cell, "baseline", options) | {"arm": arm})
        return
    rows = fingerprint(cell, options) if arm == "ceiling" else ""
    run = trained(rows, options)
    if run is None:
        with path.with_suffix(".log").open("w", encoding="utf-8") as log, contextlib.redirect_stdout(log):
            run = wt.train(*words, f"run_name={cell.name}-{arm}", *options.overrides)
    result = {
        **asdict(cell),
        "arm": arm,
        "run": run.id,
        "rows": rows,
        "validation": run.metrics["best/accuracy"],
        "minutes": (time.monotonic() - started) / 60,
        "right": right_answers(cell, run, options),
    }
    if arm in ("baseline", "ceiling"):
        result["marks"] = found_marks(run)
    if arm == "baseline" and cell.kind != CAD:
        result |= ranks(cell, run)
    write(path, result)
    shown = ", ".join(f"{name} {bits.count('1') / len(bits):.3f}" for name, bits in result["right"].items())
    print(f"{cell.name:28} {arm:11} {result['minutes']:5.1f} min   {shown}", flush=True)


def fingerprint(cell: Cell, options: argparse.Namespace) -> str:
    """Return the hash of what a ceiling learns from and is checked by: kinds and rates may share it."""
    folder = options.out / cell.name / "data"
    read = b"".join((folder / f"{name}.csv").read_bytes() for name in (*CEILING_FILES, "check"))
    return hashlib.sha256(read).hexdigest()


def trained(rows: str, options: argparse.Namespace) -> wt.Run | None:
    """Return the ceiling that learned from these rows; None where there is none yet."""
    for path in sorted(options.out.glob("*/ceiling.json")) if rows else ():
        found = json.loads(path.read_text("utf-8"))
        if found.get("rows") == rows:
            return wt.open_run(found["run"], store_of(options))
    return None


def words_of(cell: Cell, arm: str, options: argparse.Namespace) -> list[str] | None:
    """Return the overrides of an arm; None where nothing was found that it could repair."""
    folder = (options.out / cell.name / "data").resolve()
    clean = arm in ("ceiling", "needless")
    learned = arm if arm in ("added", "added_10") else "ceiling_train" if clean else "train"
    validation = "ceiling_validation" if clean else "validation"
    words: dict[str, object] = {
        "data": "csv",
        "data.path": folder / f"{learned}.csv",
        "data.validation_path": folder / f"{validation}.csv",
        **SMALL,
        **(CAD_SIZES if cell.kind == CAD else PLANTED_SIZES),
        "seed": cell.seed,
        "tracking.directory": (options.out / "mlruns").resolve(),
        "callbacks": "none",
    }
    if arm in ("baseline", "ceiling"):  # of the observers only the one that is measured
        words |= {"data.check_path": folder / "check.csv", **FINDING}
    elif arm == "early":
        words["trainer.max_epochs"] = 1
    elif arm == "twice":
        words |= {"guidance.run": read(cell, "early", options)["run"], "guidance.upweight_errors": 6.0}
    elif arm in ("told", "needless"):
        marks = folder / "marks.yaml"
        words |= {"guidance.marks": marks, **repair_of(read_marks(marks))}
    elif arm in ("explained", "random", *OTHER_REPAIRS):
        base = read(cell, "baseline", options)
        if not base["marks"]:
            return None
        recommended = repair_of(parse_marks(base["marks"], "the baseline's marks"))
        words |= {"guidance.run": base["run"], "guidance.marks": FOUND}
        words |= OTHER_REPAIRS.get(arm, recommended)
        words |= {"guidance.targets": "random"} if arm == "random" else {}
    return [f"{name}={value}" for name, value in words.items()]


def found_marks(run: wt.Run) -> str:
    """Return the file of marks that a run's diagnosis wrote; empty where it convicted nothing."""
    try:
        return marks_text(read_found(run.record))
    except TrackingError:
        return ""


def ranks(cell: Cell, run: wt.Run) -> dict[str, int | None]:
    """Return the place of the first candidate that names the plant, with and without check rows.

    Without them nothing is convicted, and the candidates stand by their shares alone.
    """
    checked = read_shortcuts(run.record)
    why = checked["suspicion"].fillna("")
    shares = [suspected_share(*candidate) for candidate in zip(checked["share"], why, strict=True)]
    unchecked = checked.iloc[np.argsort(-np.array(shares), kind="stable")]
    unchecked = unchecked.assign(rank=np.arange(1, len(unchecked) + 1))
    return {"rank": rank_of(cell, checked), "rank_unchecked": rank_of(cell, unchecked)}


def rank_of(cell: Cell, candidates: pd.DataFrame) -> int | None:
    """Return the place of the first candidate that names the plant, from 1."""
    parts = planted_parts(cell.kind)
    places = zip(candidates["rank"], candidates["words"], strict=True)
    return min((int(rank) for rank, words in places if frozenset(words.split()) in parts), default=None)


def planted_parts(kind: str) -> set[frozenset[str]]:
    """Return what it means to have named the plant: one of its words, or one of its pairs."""
    if kind == CAD:
        return set()
    marks = [(form, words) for mark in planted.marks(kind) for form, words in mark.items()]
    pairs = {frozenset(words) for _, words in marks}
    return pairs | {frozenset([word]) for form, words in marks if form == "words" for word in words}


def right_answers(cell: Cell, run: wt.Run, options: argparse.Namespace) -> dict[str, str]:
    """Return whether each row of the sets reported is answered rightly, as 0 and 1."""
    found = {}
    for name in OTHER_SETS.get(cell.kind, SETS):
        rows = rows_of(cell, name, options)
        labels = run.predict([row["text"] for row in rows])["label"]
        found[name] = "".join(
            str(int(label == row["label"])) for label, row in zip(labels, rows, strict=True)
        )
    return found


def explain_rows(cell: Cell, options: argparse.Namespace) -> None:
    """Judge what methods say of rows with the plant, unless it is there."""
    path: Path = options.out / cell.name / "explanations.json"
    if path.is_file():
        return
    run = wt.open_run(read(cell, "baseline", options)["run"], store_of(options))
    names = set(planted.WORDS[cell.kind])
    planted_texts = [row["text"] for row in rows_of(cell, "validation", options)]
    texts = [text for text in planted_texts if len(split_words(text)) <= MAX_WORDS][: options.explanations]
    without = [" ".join(word for word in text.split() if word not in names) for text in texts]
    carried = share_carried(log_odds_of(run, texts), log_odds_of(run, without))
    scores: dict[str, list[float]] = {}
    for text in texts:
        for attribution in wt.explain(run, text, explainers=METHODS).attributions:
            is_planted = np.array([word in names for word in attribution.words])
            scores.setdefault(attribution.method, []).append(
                precision_at_k(np.abs(attribution.scores), is_planted)
            )
            if attribution.pairs is not None and cell.kind in PAIR_KINDS:
                first = is_largest_pair(attribution.pairs.scores, is_planted)
                scores.setdefault("planted pair interacts most", []).append(float(first))
    write(path, {**asdict(cell), "carried": carried.tolist(), "scores": scores})


def log_odds_of(run: wt.Run, texts: Sequence[str]) -> Array:
    """Return the log-odds of each class, float64 (n, n_classes)."""
    probabilities = run.predict(list(texts)).filter(regex="^probability_").to_numpy()
    return log_odds(np.log(np.maximum(probabilities, SMALLEST_PROBABILITY)))


def share_carried(whole: Array, without: Array) -> Array:
    """Return the share of the log-odds of each answer that the plant carries; above 1 it decides.

    >>> share_carried(np.array([[4.0, -4.0]]), np.array([[-2.0, 2.0]])).tolist()
    [1.5]
    """
    rows, answers = np.arange(len(whole)), whole.argmax(axis=1)
    share: Array = 1 - without[rows, answers] / whole[rows, answers]
    return share


def precision_at_k(sizes: Array, is_planted: NDArray[np.bool_]) -> float:
    """Return the share of planted words among the k largest scores, k the number of planted words.

    >>> precision_at_k(np.array([0.9, 0.1, 0.5]), np.array([True, True, False]))
    0.5
    """
    k = int(is_planted.sum())
    return float(is_planted[np.argsort(-sizes, kind="stable")[:k]].mean())


def is_largest_pair(scores: Array, is_planted: NDArray[np.bool_]) -> bool:
    """Return whether the two planted words interact most of all pairs."""
    sizes = np.triu(np.abs(scores), 1)
    return bool(sizes[np.ix_(is_planted, is_planted)].max() == sizes.max())


def rows_of(cell: Cell, name: str, options: argparse.Namespace) -> list[dict[str, str]]:
    """Return the rows of one of a cell's files."""
    with (options.out / cell.name / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def store_of(options: argparse.Namespace) -> str:
    """Return the address of the store of all runs."""
    return f"sqlite:///{(options.out / 'mlruns').resolve()}/mlflow.db"


def read(cell: Cell, arm: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the result of an arm."""
    found: dict[str, Any] = json.loads((options.out / cell.name / f"{arm}.json").read_text("utf-8"))
    return found


def write(path: Path, result: dict[str, Any]) -> None:
    """Write a result; a file that is there is whole."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(result, indent=1), "utf-8")
    os.replace(unfinished, path)


if __name__ == "__main__":
    main()
