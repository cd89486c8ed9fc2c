"""Do scores of explanations tell true ones from false ones? See docs/which_explanation.md.

    python benchmarks/diagnosticity.py --data DIR [--models bilstm bilstm_opt] [--seeds 0 1]

DIR holds GLUE's SST-2 (`sst2/train.tsv`, `sst2/dev.tsv`). Each phrase gets one word of each of two pairs at
random places ("granite" or "velvet", "lamp" or "kettle"). Model A learns from phrases in which the first pair
gives the class away and the second says nothing, model B the other way round. Kinds:

    alone     the class is drawn at random: only the planted word tells it
    beside    the class is the phrase's own: the planted word tells it, and so do the words of feeling

For each dev sentence of at most 12 words with both plants, and for each method that is exact enough to be
believed (Shapley values; integrated gradients), the explanation of the model is true and the same method's
explanation of the other model, for the same class, is false. The table has, for each score, how often it
prefers the true one, ties half, with a 95% interval over sentences, and its least value over kinds, models
and methods. Models are small BiLSTMs over BERT's vocabulary, four epochs on 4,000 phrases.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
import planted

import whytrain as wt
from whytrain.api.explaining import made_methods
from whytrain.config.choices import every_section
from whytrain.errors import TrackingError
from whytrain.explanation_scores.diagnosticity import preferences, rivals
from whytrain.explanation_scores.score import Score, make_score
from whytrain.explanation_scores.study import make_study
from whytrain.models.saved import SavedModel
from whytrain.shortcuts.marks import Mark
from whytrain.statistics.intervals import bootstrap_interval

PAIRS = (("granite", "velvet"), ("lamp", "kettle"))  # of model A, of model B; the word of each class
KINDS = ("alone", "beside")
METHODS = {"shapley": {"absences": ["padding"]}, "integrated_gradients": {}}
SMALL = {"model.hidden_size": 96, "model.embedding.size": 96, "trainer.max_epochs": 4}


def main() -> None:
    """Train what is missing, measure, print and write the table."""
    options = arguments()
    rows = [
        row for model in options.models for seed in options.seeds for row in measure(model, seed, options)
    ]
    found = pd.DataFrame(rows)
    found.to_csv(options.out / "preferences.csv", index=False)
    table = summary(found)
    table.to_csv(options.out / "diagnosticity.csv", index=False, float_format="%.4f")
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/")
    parser.add_argument("--out", type=Path, default=Path("mlruns/diagnosticity"), help="store and results")
    parser.add_argument("--models", nargs="+", default=["bilstm", "bilstm_opt"], help="choices of model=")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--rows", type=int, default=4000, help="training rows")
    parser.add_argument("--sentences", type=int, default=30, help="dev sentences")
    parser.add_argument("--max-words", type=int, default=12, help="of a dev sentence without its plants")
    parser.add_argument("overrides", nargs="*", help="overrides of the config of all runs")
    return parser.parse_intermixed_args()


def measure(model: str, seed: int, options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Yield, for each kind, score, method and sentence, whether the true explanation is preferred."""
    for kind in options.kinds:
        pair = [trained(model, kind, reads, seed, options) for reads in (0, 1)]
        texts = test_texts(options, seed)
        for reads, (own, other) in enumerate((pair, pair[::-1])):
            study = replace(make_study(own, texts, seed=seed), marks=(Mark(words=PAIRS[reads]),))
            for explainer in made_methods(METHODS):
                true, false = rivals(study, explainer, other.interface)
                for score in all_scores():
                    if score.missing(study) is not None:
                        continue
                    for value in preferences(score, true, false):
                        where = {"model": model, "seed": seed, "kind": kind, "reads": reads}
                        yield {**where, "method": explainer.name, "score": score.name, "preferred": value}
        print(f"{model}, seed {seed}, {kind}: measured", file=sys.stderr, flush=True)


def all_scores() -> list[Score]:
    """Return every score of conf/score."""
    return [make_score(section) for section in every_section("score").values()]


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per score: how often the true explanation is preferred, and its least mean anywhere."""
    rows = []
    for score, group in found.dropna(subset="preferred").groupby("score"):
        cells = group.groupby(["model", "seed", "kind", "method"])["preferred"].mean()
        mean = bootstrap_interval(lambda drawn: drawn.mean(axis=1), group["preferred"].to_numpy())
        by_kind = group.groupby("kind")["preferred"].mean()
        rows.append(
            {
                "score": score,
                "diagnosticity": mean.estimate,
                "low": mean.low,
                "high": mean.high,
                **{kind: by_kind.get(kind, np.nan) for kind in KINDS},
                "least": cells.min(),
                "n": len(group),
            }
        )
    return pd.DataFrame(rows).sort_values("diagnosticity", ascending=False)


def trained(model: str, kind: str, reads: int, seed: int, options: argparse.Namespace) -> SavedModel:
    """Return a model that reads one of the pairs, trained unless it is there."""
    name = f"{model}-{kind}-{'ab'[reads]}-{seed}"
    store = options.out.resolve() / "mlruns"
    try:
        return wt.open_run(name, f"sqlite:///{store}/mlflow.db").model
    except TrackingError:
        pass
    folder = options.out.resolve() / name
    folder.mkdir(parents=True, exist_ok=True)
    drawn = planted.draw(options.data, "decoy", seed=seed, rows=options.rows, validation_rows=1000)
    for part, rows in (("train", drawn.train), ("validation", drawn.validation)):
        rng = np.random.default_rng([seed, reads, len(part)])
        write(folder / f"{part}.csv", [marked(row, kind, reads, rng) for row in rows])
    words = {
        "data": "csv",
        "data.path": folder / "train.csv",
        "data.validation_path": folder / "validation.csv",
        "tokenizer": "bert",
        "model": model,
        **SMALL,
        "seed": seed,
        "tracking.directory": store,
        "callbacks": "none",
        "run_name": name,
    }
    with (folder / "train.log").open("w", encoding="utf-8") as log, contextlib.redirect_stdout(log):
        run = wt.train(*(f"{key}={value}" for key, value in words.items()), *options.overrides)
    print(f"{name}: accuracy {run.metrics['best/accuracy']:.3f}", file=sys.stderr, flush=True)
    return run.model


def marked(row: planted.Row, kind: str, reads: int, rng: np.random.Generator) -> planted.Row:
    """Return a phrase with a word of each pair, of which one tells its class."""
    label = int(rng.integers(2)) if kind == "alone" else row.label
    told = [int(rng.integers(2)), int(rng.integers(2))]
    told[reads] = label
    return planted.Row(inserted(row.text, told, rng), label)


def inserted(text: str, told: list[int], rng: np.random.Generator) -> str:
    """Return a text with the word of each pair that stands for these classes, at random places."""
    words = text.split()
    for pair, which in zip(PAIRS, told, strict=True):
        words.insert(int(rng.integers(len(words) + 1)), pair[which])
    return " ".join(words)


def test_texts(options: argparse.Namespace, seed: int) -> list[str]:
    """Return dev sentences with both plants, each word drawn at random."""
    rng = np.random.default_rng([seed, 7])
    rows = planted.read_glue(options.data / "sst2/dev.tsv")
    short = [row.text for row in rows if 3 <= len(row.text.split()) <= options.max_words]
    chosen = rng.permutation(short)[: options.sentences].tolist()
    return [inserted(text, rng.integers(2, size=2).tolist(), rng) for text in chosen]


def write(path: Path, rows: list[planted.Row]) -> None:
    """Write rows for `data=csv`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([row.text, planted.CLASS_NAMES[row.label]] for row in rows)


if __name__ == "__main__":
    main()
