"""How well the list of a run finds labels that were changed, beside cleanlab and the plain loss.

    python benchmarks/mislabeled.py --data DIR --rows 20000 --seeds 5 --out mislabeled/

DIR holds GLUE's SST-2 as `sst2/train.tsv`. Of so many of its rows, drawn by seed, one label in ten changed.
An ordinary run (without what observes explanations) trains on them; 500 further rows are its validation data.
The area under the ROC curve says how often a changed label ranks before one that was not changed, for

    list             the run's own score (`whytrain.influence.mislabeled`)
    held_out, while_training, best_weights, self_influence    its sources
    best_weights     is the plain loss: that of the best weights on the row
    cleanlab_words   its label quality score for the held-out probabilities of the bag of words
    cleanlab_states  for held-out probabilities of a logistic regression over the network's states
    cleanlab_both    for the mean of these two

Differences of the list to the others are paired, with intervals of a bootstrap over the rows of each seed.
Seeds that are in `--out` already are not computed again.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def measure(data: Path, out: Path, rows: int, seed: int, words: tuple[str, ...]) -> dict[str, Array]:
    """Train on changed labels, and return the doubts of every source about each row.

    Beside them `changed`, which labels were, and `listed`, which rows the run lists; 0 or 1.
    """
    import whytrain as wt

    changed = write(data, out, rows, seed)
    run = wt.train(
        *("data=csv", f"data.path={out / 'train.csv'}", f"data.validation_path={out / 'dev.csv'}"),
        *("data.text_column=text", "data.label_column=label", "data.id_column=id", "data.calibration_size=0"),
        *(
            "~callbacks.calibration",
            "~callbacks.explanations",
            "~callbacks.shortcuts",
            "~callbacks.surrogate",
        ),
        *(f"seed={seed}", f"tracking.directory={out / 'mlruns'}", *words),
    )
    return doubts_of(run, out, changed)


def doubts_of(run: Any, out: Path, changed: set[str]) -> dict[str, Array]:
    """Return what `measure` does, of a run on the files in a folder."""
    from cleanlab.rank import get_label_quality_scores

    from whytrain.data.splits import sentence_groups
    from whytrain.runs.evidence import read_evidence

    train = read_evidence(run.record).train
    texts = [row["text"] for row in _read(out / "train.csv")]
    labels, doubts = train.labels, train.doubts
    assert doubts is not None
    assert train.held_out is not None
    states = of_states(run.model.interface, texts, labels, sentence_groups(texts))
    given = {"words": train.held_out, "states": states, "both": (states + train.held_out) / 2}
    return {
        "changed": np.isin(train.ids, list(changed)).astype(np.float64),
        "listed": np.isin(np.arange(len(labels)), doubts.listed).astype(np.float64),
        "list": doubts.score,
        **doubts.doubts,
        **{f"cleanlab_{name}": -get_label_quality_scores(labels, p) for name, p in given.items()},
    }


def write(data: Path, out: Path, rows: int, seed: int) -> set[str]:
    """Write train.csv with changed labels and dev.csv without, and return the ids of the changed rows."""
    lines = (data / "sst2" / "train.tsv").read_text("utf-8").splitlines()[1:]
    rng = np.random.default_rng(seed)
    chosen = [lines[i].rsplit("\t", 1) for i in rng.permutation(len(lines))[: rows + 500]]
    changed = {f"train-{i}" for i in rng.permutation(rows)[: rows // 10].tolist()}
    out.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", chosen[:rows]), ("dev", chosen[rows:])):
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "text", "label"])
            for number, (text, label) in enumerate(part):
                key = f"{name}-{number}"
                writer.writerow([key, text.strip(), 1 - int(label) if key in changed else int(label)])
    return changed


def of_states(model: Any, texts: list[str], labels: NDArray[np.int64], groups: NDArray[np.int64]) -> Array:
    """Return held-out probabilities of a logistic regression over the mean states, in 3 folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from whytrain.models.alike import mean_states

    values = mean_states(model, texts)
    answers = np.empty((len(texts), 2))
    for inner, outer in StratifiedGroupKFold(3, shuffle=True, random_state=0).split(values, labels, groups):
        fit = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
        answers[outer] = fit.fit(values[inner], labels[inner]).predict_proba(values[outer])
    return answers


def report(seeds: Sequence[Mapping[str, Array]], n_resamples: int = 200) -> str:
    """Return areas, mean over the seeds, and the list's paired differences to the others.

    The intervals are those of a bootstrap over the rows of each seed.
    """
    from sklearn.metrics import roc_auc_score

    names = [name for name in seeds[0] if name not in ("changed", "listed")]

    def areas(drawn: Sequence[NDArray[np.int64]]) -> Array:
        found = [
            [roc_auc_score(seed["changed"][rows], seed[name][rows]) for name in names]
            for seed, rows in zip(seeds, drawn, strict=True)
        ]
        return np.mean(found, axis=0)

    rng = np.random.default_rng(0)
    sizes = [len(seed["changed"]) for seed in seeds]
    means = areas([np.arange(n) for n in sizes])
    resampled = np.array([areas([rng.integers(n, size=n) for n in sizes]) for _ in range(n_resamples)])
    first = names.index("list")
    lines = [f"{len(seeds)} seeds"]
    for place, name in enumerate(names):
        low, high = np.quantile(resampled[:, first] - resampled[:, place], [0.025, 0.975])
        difference = means[first] - means[place]
        told = "" if place == first else f"   list − this {difference:+.4f} [{low:+.4f}, {high:+.4f}]"
        lines.append(f"{name:18s}{means[place]:.4f}{told}")
    low, high = np.quantile(resampled[:, first], [0.025, 0.975])
    lines.append(f"the list's interval [{low:.4f}, {high:.4f}]")
    hits = [(s["changed"] * s["listed"]).sum() for s in seeds]
    for name, of in (("precision", "listed"), ("recall", "changed")):
        shares = [hit / seed[of].sum() for hit, seed in zip(hits, seeds, strict=True)]
        lines.append(f"{name} of the listed rows {np.mean(shares):.3f}")
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure every seed, and print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "words", nargs="*", help="further words for the training, such as model.hidden_size=64"
    )
    given = parser.parse_args()
    seeds = []
    for seed in range(given.seeds):
        folder = given.out.absolute() / str(seed)
        path = folder / "doubts.npz"
        if not path.exists():
            found = measure(given.data, folder, given.rows, seed, tuple(given.words))
            np.savez(path, **found)
        with np.load(path) as stored:
            seeds.append(dict(stored))
    print(report(seeds))


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
