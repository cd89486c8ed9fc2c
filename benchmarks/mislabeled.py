"""How well the list of a run finds labels that were changed, beside cleanlab and the plain loss.

    python benchmarks/mislabeled.py --data DIR --rows 20000 --seeds 5 --out mislabeled/

DIR holds GLUE's SST-2 as `sst2/train.tsv`. Of so many of its rows, drawn by seed, one label in ten is changed.
An ordinary run (without what observes explanations) trains on them; 500 further rows are its validation data.
The area under the ROC curve says how often a changed label ranks before one that was not changed, for

    list             the run's own score (`whytrain.influence.mislabeled`)
    held_out, while_training, best_weights, self_influence    its sources
    best_weights     is the plain loss: that of the best weights on the row
    cleanlab_words   its label quality score for the held-out probabilities of the bag of words
    cleanlab_states  for held-out probabilities of a logistic regression over the network's states
    cleanlab_both    for the mean of these two

`list_…` are precision and recall of the rows that are listed. Differences of the list to the others are given
with Student's interval over the seeds. Results of seeds that are in `--out` already are not computed again.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
COMPARED = ("held_out", "while_training", "best_weights", "self_influence")


def measure(data: Path, out: Path, rows: int, seed: int, words: tuple[str, ...]) -> dict[str, float]:
    """Train on changed labels, and return every area by its name."""
    from cleanlab.rank import get_label_quality_scores
    from sklearn.metrics import roc_auc_score

    import whytrain as wt
    from whytrain.data.splits import sentence_groups
    from whytrain.runs.evidence import read_evidence

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
    train = read_evidence(run.record).train
    texts = [row["text"] for row in _read(out / "train.csv")]
    bad = np.isin(train.ids, list(changed))
    labels, doubts = train.labels, train.doubts
    assert doubts is not None
    assert train.held_out is not None
    states = of_states(run.model.interface, texts, labels, sentence_groups(texts))

    def area(values: Array) -> float:
        return float(roc_auc_score(bad, values))

    def quality(probabilities: Array) -> float:
        return area(-get_label_quality_scores(labels, probabilities))

    listed = doubts.listed
    return {
        "list": area(doubts.score),
        **{name: area(doubt) for name, doubt in doubts.doubts.items()},
        "cleanlab_words": quality(train.held_out),
        "cleanlab_states": quality(states),
        "cleanlab_both": quality((states + train.held_out) / 2),
        "list_precision": float(bad[listed].mean()),
        "list_recall": float(bad[listed].sum() / bad.sum()),
        "accuracy": run.metrics["best/accuracy"],
        "seconds": run.metrics["time/fit_s"],
        "diagnosis_seconds": run.metrics["time/diagnosis_s"],
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


def of_states(model: object, texts: list[str], labels: NDArray[np.int64], groups: NDArray[np.int64]) -> Array:
    """Return held-out probabilities of a logistic regression over the mean states, in 3 folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from whytrain.models.alike import mean_states

    values = mean_states(model, texts)  # type: ignore[arg-type]
    answers = np.empty((len(texts), 2))
    for inner, outer in StratifiedGroupKFold(3, shuffle=True, random_state=0).split(values, labels, groups):
        fit = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
        answers[outer] = fit.fit(values[inner], labels[inner]).predict_proba(values[outer])
    return answers


def report(results: list[dict[str, float]]) -> str:
    """Return means over the seeds, and the list's differences to the others with their intervals."""
    from whytrain.statistics.intervals import t_interval

    lines = [f"{len(results)} seeds"]
    for name in results[0]:
        values = np.array([result[name] for result in results])
        line = f"{name:18s}{values.mean():8.4f}"
        if "cleanlab" in name or name in COMPARED:
            found = t_interval(np.array([result["list"] for result in results]) - values)
            line += f"   list − this {found.estimate:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
        lines.append(line)
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
    results = []
    for seed in range(given.seeds):
        folder = given.out.absolute() / str(seed)
        path = folder / "result.json"
        if not path.exists():
            found = measure(given.data, folder, given.rows, seed, tuple(given.words))
            path.write_text(json.dumps(found, indent=1), "utf-8")
        results.append(json.loads(path.read_text("utf-8")))
        print(report(results) if len(results) > 1 else json.dumps(results[0], indent=1), flush=True)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
