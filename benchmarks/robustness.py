"""Are answers turned by few words, and do typing errors turn them less after training with some?

    python benchmarks/robustness.py --data DIR

DIR holds GLUE's SST-2 (`sst2/train.tsv`, `sst2/dev.tsv`). A small BiLSTM learns from some thousand phrases,
as they are and with `guidance.typos`; the best epoch is chosen on held-out phrases, and everything is
measured on dev sentences, of which no part is trained on. Written to `--out`:

    counterfactuals.csv    per dev sentence the fewest words to leave out and to replace, and what an oracle,
                           which tries smaller sets in another way, says of both; rows that are there stay
    attacks.csv            per arm and seed the accuracy after 0, 1, … words with a typing error that the
                           model's answers chose, and with as many that were drawn; those that training uses
                           (`guiding_typos`) are not among them. `clean`: without any, on 300 held-out
                           training sentences beside; `validation`: on the held-out phrases, which may choose
                           the strength
    differences.csv        after minus before, paired by sentence, with 95% intervals over sentences

A run that is there under `--out` is not trained again.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
import planted

import whytrain as wt
from whytrain.counterfactuals.candidates import Candidates
from whytrain.counterfactuals.fluency import Fluency
from whytrain.counterfactuals.turned import Turned, Turner, median_words
from whytrain.data.lexicon import lexicon_of
from whytrain.data.words import bare_word, split_words
from whytrain.errors import TrackingError
from whytrain.models.alike import AlikeWords, frequent_words
from whytrain.models.saved import SavedModel
from whytrain.robustness.attacks import attack
from whytrain.robustness.typing_errors import mistyped, unseen_typos
from whytrain.statistics.intervals import bootstrap_interval, wilson_interval

WORDS = (0, 1, 2, 4, 20)  # with a typing error; 20: nearly all of a sentence
TRIED = 4  # typing errors of a word among which the model's answers choose, as DeepWordBug has four kinds


def main() -> None:
    """Measure both."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    files = made_files(options)
    attacked = [
        of_model(trained(typos, seed, files, options).model, typos, seed, files, options)
        for seed in options.seeds
        for typos in (0.0, *options.typos)
    ]
    rows = pd.concat(attacked)
    rows.groupby(["typos", "seed", "errors", "words"])["right"].mean().to_csv(options.out / "attacks.csv")
    found = [differences(rows, typos).assign(typos=typos) for typos in options.typos]
    pd.concat(found).to_csv(options.out / "differences.csv", index=False)
    print(pd.read_csv(options.out / "attacks.csv").to_string(), flush=True)
    print(pd.read_csv(options.out / "differences.csv").to_string(), flush=True)
    if options.sentences:
        turn_all(trained(0.0, options.seeds[0], files, options).model, files, options)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/")
    parser.add_argument("--out", type=Path, default=Path("mlruns/robustness"), help="store and tables")
    parser.add_argument("--rows", type=int, default=8000, help="training phrases")
    parser.add_argument(
        "--typos", type=float, nargs="+", default=[0.3], help="guidance.typos of the other arms"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--attacked", type=int, default=872, help="dev sentences under attack")
    parser.add_argument("--sentences", type=int, default=200, help="dev sentences to turn; 0: none")
    parser.add_argument("overrides", nargs="*", help="overrides of the config of all runs")
    return parser.parse_intermixed_args()


def made_files(options: argparse.Namespace) -> dict[str, list[planted.Row]]:
    """Draw the rows, and write those that runs read."""
    drawn = planted.draw(options.data, "decoy", seed=0, rows=options.rows, validation_rows=1000)
    files = {"train": drawn.train, "validation": drawn.validation, "check": drawn.check, "dev": drawn.dev}
    for name in ("train", "validation"):
        with (options.out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [["text", "label"], *([r.text, planted.CLASS_NAMES[r.label]] for r in files[name])]
            )
    return files


def trained(
    typos: float, seed: int, files: dict[str, list[planted.Row]], options: argparse.Namespace
) -> wt.Run:
    """Return a run, trained unless it is there."""
    store, name = options.out.resolve() / "mlruns", f"typos{typos:g}-{len(files['train'])}-{seed}"
    with contextlib.suppress(TrackingError):
        return wt.open_run(name, f"sqlite:///{store}/mlflow.db")
    words: dict[str, object] = {
        "data": "csv",
        "data.path": options.out.resolve() / "train.csv",
        "data.validation_path": options.out.resolve() / "validation.csv",
        "data.calibration_size": 0,
        "trainer.max_epochs": 4,
        "guidance.typos": typos,
        "seed": seed,
        "callbacks": "none",
        "tracking.directory": store,
        "run_name": name,
    }
    with (options.out / f"{name}.log").open("w", encoding="utf-8") as log, contextlib.redirect_stdout(log):
        return wt.train(*(f"{key}={value}" for key, value in words.items()), *options.overrides)


def of_model(
    model: SavedModel,
    typos: float,
    seed: int,
    files: dict[str, list[planted.Row]],
    options: argparse.Namespace,
) -> pd.DataFrame:
    """Return which sentences are right after so many typing errors."""
    texts, labels = labeled(files["dev"][: options.attacked], model)
    generator = np.random.default_rng(0)

    def variants(word: str) -> Sequence[str]:
        errors = unseen_typos(word)
        return [errors[i] for i in generator.permutation(len(errors))[:TRIED]]

    found = attack(model.probabilities, texts, labels, variants, most=max(WORDS))
    frames = []
    for words in WORDS:
        draws = ((text, words, np.random.default_rng(row)) for row, text in enumerate(texts))
        said = model.probabilities([mistyped(*each, unseen_typos) for each in draws]).argmax(axis=1)
        for errors, right in (("chosen", found.right(words)), ("drawn", said == np.array(labels))):
            frames.append(pd.DataFrame({"right": right.astype(float)}).assign(errors=errors, words=words))
    for errors, rows in (("clean", files["dev"] + files["check"]), ("validation", files["validation"])):
        texts, labels = labeled(rows, model)
        right = model.probabilities(texts).argmax(axis=1) == np.array(labels)
        frames.append(pd.DataFrame({"right": right.astype(float)}).assign(errors=errors, words=0))
    print(f"typos={typos:g} seed={seed}: {found.asked:,} texts asked about", file=sys.stderr, flush=True)
    return pd.concat([frame.assign(row=range(len(frame)), typos=typos, seed=seed) for frame in frames])


def labeled(rows: Sequence[planted.Row], model: SavedModel) -> tuple[list[str], list[int]]:
    """Return the texts of rows, and their labels as the model numbers them."""
    names = [planted.CLASS_NAMES[row.label] for row in rows]
    return [row.text for row in rows], [model.class_names.index(name) for name in names]


def differences(rows: pd.DataFrame, typos: float) -> pd.DataFrame:
    """Return after minus before: the mean over seeds of each sentence, with its interval over sentences."""
    found = []
    for (errors, words), part in rows.groupby(["errors", "words"]):
        means = part.groupby(["typos", "row"])["right"].mean()
        change = (means[typos] - means[0.0]).to_numpy()
        value = bootstrap_interval(lambda draws: draws.mean(axis=1), change)
        found.append({"errors": errors, "words": words, **asdict(value)})
    return pd.DataFrame(found)


def turn_all(model: SavedModel, files: dict[str, list[planted.Row]], options: argparse.Namespace) -> None:
    """Turn dev sentences, and let the oracle judge each."""
    train = [row.text for row in files["train"]]
    lexicon, near = lexicon_of(train), AlikeWords(model.interface, frequent_words(train))
    turner = Turner(model, train, lexicon, candidates=16, most=4, budget=2000)
    candidates = Candidates(Fluency(train), lexicon, near, per_word=16)
    order = np.random.default_rng(0).permutation(len(files["dev"]))[: options.sentences]
    path = options.out / "counterfactuals.csv"
    known = pd.read_csv(path) if path.exists() else pd.DataFrame({"row": []})
    rows = known.to_dict("records")
    for row in [row for row in order.tolist() if row not in set(known["row"])]:
        turned = turner(files["dev"][row].text)
        rows.append(
            {
                "row": row,
                "n_words": len(split_words(turned.text)),
                "left_out": turned.n_deleted,
                "replaced": turned.n_replaced,
                "left_out_is_least": turned.deletions.is_least,
                "replaced_is_least": turned.substitutions.is_least,
                "oracle_left_out": least_by_hand(model, turned),
                "oracle_replaced": replaced_by_hand(model, turned, candidates),
                "text": turned.text,
                "without": turned.left,
                "with": turned.substitutions.found[0].text if turned.substitutions.found else "",
            }
        )
        pd.DataFrame(rows).to_csv(path, index=False)
    report(pd.DataFrame(rows))


def least_by_hand(model: SavedModel, turned: Turned, sets: int = 1500) -> float:
    """Return the fewest words whose absence turns an answer, by trying all; NaN where these are too many.

    Other than what it judges it joins the words that stay.
    """
    words = split_words(turned.text)
    spent = 0
    for size in range(1, len(words)):
        tried = [" ".join(kept) for kept in combinations(words, len(words) - size)]
        spent += len(tried)
        if spent > sets:
            return float("nan")
        if (model.probabilities(tried).argmax(axis=1) != turned.said).any():
            return float(size)
    return float("nan")


def replaced_by_hand(model: SavedModel, turned: Turned, candidates: Candidates) -> float:
    """Return 1 where one word among all candidates turns an answer, 2 where only two do; NaN: unknown."""
    words = split_words(turned.text)
    bare = [bare_word(word) for word in words]
    tried = [
        " ".join([*words[:place], word.replace(bare[place], new), *words[place + 1 :]])
        for place, word in enumerate(words)
        for new in candidates(bare, place)
    ]
    if (model.probabilities(tried).argmax(axis=1) != turned.said).any():
        return 1.0
    pairs = [found.text for found in turned.substitutions.found if len(found.changes) == 2]
    return 2.0 if pairs and model.probabilities(pairs)[0].argmax() != turned.said else float("nan")


def report(rows: pd.DataFrame) -> None:
    """Print how many are turned, by how many words, and whether the oracle agrees."""
    rows = rows.assign(either=rows[["left_out", "replaced"]].min(axis=1))
    rows["either_is_least"] = (rows["either"] == 1) | (rows["left_out_is_least"] & rows["replaced_is_least"])
    for column in ("left_out", "replaced", "either"):
        turned: NDArray[np.bool_] = rows[column].notna().to_numpy()
        share = wilson_interval(int(turned.sum()), len(rows))
        median = median_words([None if np.isnan(n) else int(n) for n in rows[column].astype(float)])
        least = float(rows.loc[turned, f"{column}_is_least"].mean())
        print(
            f"{column}: {share.estimate:.3f} [{share.low:.3f}, {share.high:.3f}] turned, median {median:g} "
            f"words, {least:.3f} of them surely the least"
        )
        counts = rows[column].value_counts().sort_index()
        print("    by words: " + ", ".join(f"{n:g}: {count}" for n, count in counts.items()))
    for column in ("left_out", "replaced"):
        judged = rows[rows[f"oracle_{column}"].notna()]
        same = (judged[f"oracle_{column}"] == judged[column]).mean()
        print(f"{column}: the oracle agrees with {same:.3f} of the {len(judged)} that it could judge")


if __name__ == "__main__":
    main()
