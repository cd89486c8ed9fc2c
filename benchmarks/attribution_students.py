"""Whether a student that is pulled near its teacher's attributions decides by the same words.

    python benchmarks/attribution_students.py --data DIR [--weights 0.3 1] [--seeds 0 1 2]

DIR holds sst2/train.tsv and sst2/dev.tsv. A teacher (bilstm_opt) learns some thousand phrases of train; small
students (bilstm_kd) learn them from it, without distillation.attributions and with each weight. Sentences of
dev of three to ten words are explained by exact Shapley values, of the log-odds of the teacher's class, of
teacher and student alike. Prints for each weight Spearman's correlation of the values over the words of a
sentence, the shares of sentences with the same strongest word and with the teacher's class, and accuracy on
dev; then the differences to weight 0, paired by seed and sentence. Intervals are bootstraps over sentences,
of their means over seeds; those of accuracies are over seeds.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from distillation import score, trained
from numpy.typing import NDArray
from scipy.stats import spearmanr

from whytrain.attribution.ask import Ask
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import players_in
from whytrain.models.batch_runner import predict_split, split_of
from whytrain.models.interface import ModelInterface
from whytrain.models.saved import load_model
from whytrain.statistics.intervals import Interval, bootstrap_interval, t_interval
from whytrain.tracking.reader import RunRecord, saved_model

MEASURES = ("rank correlation", "same top word", "same class", "accuracy")
STUDENT = ("model.hidden_size=32", "model.embedding.size=32")


def main() -> None:
    """Train what is missing and print the tables."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    sst2 = few_rows(options.data / "sst2", options.out / f"rows{options.rows}", options.rows)
    common = ["data=sst2", f"data.path={sst2}", "callbacks=none"]
    common.append(f"tracking.directory={options.out / 'mlruns'}")
    teacher = trained(f"teacher-{options.rows}", [*common, "model=bilstm_opt"], options.out)
    texts = dev_sentences(sst2)
    asked = load_model(saved_model(teacher)).interface
    classes = [int(asked_logits(asked, text).argmax()) for text in texts]
    wanted = [values(asked, text, of_class) for text, of_class in zip(texts, classes, strict=True)]
    print(
        f"teacher {score(teacher):.3f} on dev; {len(texts)} sentences, {len(options.seeds)} seeds", flush=True
    )
    found: dict[float, list[NDArray[np.float64]]] = {}
    for weight in (0.0, *options.weights):
        words = [*common, "model=bilstm_kd", *STUDENT, f"distillation.teacher={teacher.run_id}"]
        words += [f"distillation.attributions={weight}", *options.overrides]
        for seed in options.seeds:
            run = trained(f"student-{options.rows}-{weight}-{seed}", [*words, f"seed={seed}"], options.out)
            found.setdefault(weight, []).append(measured(run, texts, classes, wanted))
    report({weight: np.stack(of_seeds) for weight, of_seeds in found.items()})


def report(found: dict[float, NDArray[np.float64]]) -> None:
    """Print the two tables; arrays are (n_seeds, n_measures, n_sentences)."""
    print(f"{'':14}", *(f"{name:>26}" for name in MEASURES))
    for weight, values_of in found.items():
        print(f"weight {weight:<7}", *cells(values_of))
    for weight in list(found)[1:]:
        print(f"{weight} − 0 {'':6}", *cells(found[weight] - found[0.0]))


def cells(values_of: NDArray[np.float64]) -> list[str]:
    """Return each measure's mean of (n_seeds, n_measures, n_sentences); accuracies are whole seeds' alone."""
    means = values_of.mean(axis=0)
    told = [said(bootstrap_interval(lambda rows: rows.mean(axis=1), own)) for own in means[:-1]]
    accuracies = values_of[:, -1].mean(axis=1)
    told.append(said(t_interval(accuracies)) if len(accuracies) > 1 else f"{accuracies[0]:.3f}")
    return [f"{cell:>26}" for cell in told]


def said(interval: Interval) -> str:
    """Return "0.512 [0.480, 0.544]"."""
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def measured(
    run: RunRecord, texts: list[str], classes: list[int], wanted: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return what a student shares with its teacher, (n_measures, n_sentences); accuracy is that of dev."""
    model, rows = load_model(saved_model(run)).interface, []
    for text, of_class, teachers in zip(texts, classes, wanted, strict=True):
        own = values(model, text, of_class)
        same_class = asked_logits(model, text).argmax() == of_class
        rows.append(
            (spearmanr(own, teachers).statistic, own.argmax() == teachers.argmax(), same_class, score(run))
        )
    return np.array(rows, dtype=np.float64).T


def values(model: ModelInterface, text: str, of_class: int) -> NDArray[np.float64]:
    """Return the exact Shapley values of a text's words, log-odds of a class; absent words are padding."""
    explainer = Shapley(absences=["padding"], exact_words=10, budget=1)
    target = ClassTarget(name="", index=of_class, payoff="log_odds")
    return explainer(Ask(model, players_in(text, model.tokenizer, model.max_tokens, "word")), target, seed=0)[
        0
    ].scores


def asked_logits(model: ModelInterface, text: str) -> NDArray[np.float64]:
    """Return the logits of a text, (n_classes,)."""
    return predict_split(model, split_of([text], model)).logits[0]


def few_rows(sst2: Path, folder: Path, n_rows: int) -> Path:
    """Write a random part of train.tsv, and dev.tsv as it is, into a folder."""
    folder.mkdir(exist_ok=True)
    header, *lines = (sst2 / "train.tsv").read_text("utf-8").splitlines()
    chosen = np.sort(np.random.default_rng(0).permutation(len(lines))[:n_rows])
    (folder / "train.tsv").write_text("\n".join([header, *(lines[i] for i in chosen)]) + "\n", "utf-8")
    (folder / "dev.tsv").write_bytes((sst2 / "dev.tsv").read_bytes())
    return folder


def dev_sentences(sst2: Path) -> list[str]:
    """Return the sentences of dev.tsv of three to ten words."""
    with (sst2 / "dev.tsv").open(encoding="utf-8", newline="") as file:
        texts = [row[0].strip() for row in list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]]
    return [text for text in texts if 3 <= len(text.split()) <= 10]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with sst2/train.tsv and sst2/dev.tsv"
    )
    parser.add_argument("--out", type=Path, default=Path("mlruns/attributions"), help="store and files")
    parser.add_argument("--rows", type=int, default=6000, help="phrases of train that are learned")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.3, 1.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("overrides", nargs="*", help="overrides of the students' config")
    return parser.parse_intermixed_args()


if __name__ == "__main__":
    main()
