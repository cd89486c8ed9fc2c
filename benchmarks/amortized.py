"""How good are predicted Shapley values, how far is their predicted error kept, how long do they take?

    python benchmarks/amortized.py --run RUN --tracking sqlite:///PATH/mlflow.db --texts dev.tsv

RUN has a network (`whytrain amortize run=RUN`). Sentences of 4 to 13 words are compared with exact values,
those of 20 to 40 words with estimates of 3,000 evaluations, whose own error is part of the figure. The
relative error is the sum of |error| over the sum of |value|; the correlation is Spearman's. Times are of one
thread, in batches of 64, with tokenization; the machine should be idle.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

import whytrain as wt
from whytrain.api.explaining import made_methods
from whytrain.attribution.amortized.batches import Reader
from whytrain.attribution.amortized.examples import Example, make_examples
from whytrain.attribution.amortized.trained import FOLDER, TrainedExplainer, relative_errors
from whytrain.attribution.ask import Ask
from whytrain.attribution.removal import removal_of
from whytrain.attribution.target import target_of
from whytrain.attribution.units import Units, players_of
from whytrain.attribution.word_ranking import rank_words
from whytrain.data.words import split_words
from whytrain.models.interface import ModelInterface

EXACT_WORDS, LONG_WORDS = (4, 13), (20, 40)
LONG_EVALUATIONS = 3000
BATCH = 64


def chosen(model: ModelInterface, texts: list[str], words: tuple[int, int], n: int, seed: int) -> list[Units]:
    """Draw sentences with so many words."""
    fitting = [text for text in texts if words[0] <= len(split_words(text)) <= words[1]]
    order = np.random.default_rng(seed).permutation(len(fitting))[:n]
    return [players_of(model.tokenizer.encode_words(fitting[i], model.max_tokens), None) for i in order]


def known(
    model: ModelInterface, trained: TrainedExplainer, sentences: list[Units], n_orders: int
) -> list[Example]:
    """Return values of sentences from so many orders, or exact ones."""
    absence = removal_of(trained.absence, model)
    drawn = np.random.default_rng(7)
    return [
        example
        for units in sentences
        for example in make_examples(
            model, [units], trained.games, absence, n_orders=n_orders or 10**6, generator=drawn
        )
    ]


def compare(model: ModelInterface, trained: TrainedExplainer, examples: list[Example]) -> pd.DataFrame:
    """Return a row per sentence: length, error, predicted error, correlation, whether the top word agrees."""
    reader = Reader(model, trained.games, removal_of(trained.absence, model))
    rows = []
    for example in examples:
        found = trained.predict(reader([example.units]))[0]
        predicted, true = found.values[:, 0], example.values[:, 0]
        rows.append(
            {
                "words": len(true),
                "error": relative_errors(found.values[None], [example])[0, 0],
                "predicted": found.errors[0],
                "correlation": spearmanr(predicted, true).statistic,
                "top": np.abs(predicted).argmax() == np.abs(true).argmax(),
                "noise": example.standard_errors[:, 0].sum() * np.sqrt(2 / np.pi) / np.abs(true).sum(),
            }
        )
    return pd.DataFrame(rows)


def report(name: str, found: pd.DataFrame) -> None:
    """Print a line of the table."""
    kept = (found["error"] <= found["predicted"]).mean()
    print(
        f"{name:<34} {len(found):>4}  Spearman mean {found['correlation'].mean():.3f} median "
        f"{found['correlation'].median():.3f}  error {found['error'].mean():.3f} (of the truth "
        f"{found['noise'].mean():.3f})  same top word {found['top'].mean():.0%}  error kept {kept:.0%}",
        flush=True,
    )


def seconds_a_sentence(run: wt.Run, texts: list[str], repetitions: int) -> tuple[float, float]:
    """Return seconds of processor and clock a sentence takes in batches."""
    model, (method,) = run.model.interface, made_methods({"amortized": {"largest_error": 1e9}})
    target = target_of(run.model.task, run.model.class_names, 0, "log_odds")
    cpu, wall = [], []
    for _ in range(repetitions):
        begun = time.process_time(), time.perf_counter()
        for start in range(0, len(texts), BATCH):
            part = texts[start : start + BATCH]
            asks = [
                Ask(model, players_of(model.tokenizer.encode_words(text, model.max_tokens), None))
                for text in part
            ]
            method.prepare(asks, [target] * len(asks))
            for ask in asks:
                method(ask, target, seed=0)
        cpu.append(time.process_time() - begun[0])
        wall.append(time.perf_counter() - begun[1])
    return min(cpu) / len(texts), min(wall) / len(texts)


def ranking_seconds(run: wt.Run, texts: list[str]) -> float:
    """Return the seconds of a ranking of the words of texts, and print its first words."""
    model, (method,) = run.model.interface, made_methods({"amortized": {"largest_error": 1e9}})
    target = target_of(run.model.task, run.model.class_names, 1, "log_odds")
    begun = time.perf_counter()
    units = [players_of(model.tokenizer.encode_words(text, model.max_tokens), None) for text in texts]
    words, _ = rank_words(
        model, method, units, [target] * len(units), class_names=run.model.class_names, seed=0
    )
    print("first words:", ", ".join(words["word"][:12]))
    return time.perf_counter() - begun


def column(path: Path) -> list[str]:
    """Return the sentences of a file in GLUE's form."""
    texts: NDArray[np.object_] = pd.read_csv(path, sep="\t", quoting=3)["sentence"].to_numpy()
    return [text for text in texts.tolist() if split_words(text)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("--tracking", required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=120)
    parser.add_argument("--network", type=Path, help="folder of a network instead of the run's own")
    parser.add_argument("--corpus", type=Path, help="file whose words are ranked")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = wt.open_run(options.run, options.tracking, device="cpu")
    if options.network:
        run.model.interface.additions[FOLDER] = options.network  # type: ignore[index]
    model, texts = run.model.interface, column(options.texts)
    trained = TrainedExplainer.load(model.additions[FOLDER])
    print(f"trained on {trained.measured.n_train} sentences with {trained.n_evaluations:,} evaluations")
    short = chosen(model, texts, EXACT_WORDS, options.sentences, 0)
    report(
        f"exact, {EXACT_WORDS[0]} to {EXACT_WORDS[1]} words",
        compare(model, trained, known(model, trained, short, 0)),
    )
    long = chosen(model, texts, LONG_WORDS, options.sentences // 2, 0)
    orders = LONG_EVALUATIONS // (2 * int(np.mean([len(units) for units in long]) - 1))
    report(
        f"estimates, {LONG_WORDS[0]} to {LONG_WORDS[1]} words",
        compare(model, trained, known(model, trained, long, orders)),
    )
    cpu, wall = seconds_a_sentence(run, texts[: 4 * BATCH], options.repetitions)
    print(f"batches of {BATCH}: {1000 * cpu:.2f} ms of processor, {1000 * wall:.2f} ms of clock a sentence")
    if options.corpus:
        corpus = column(options.corpus)
        print(f"words of {len(corpus):,} sentences ranked in {ranking_seconds(run, corpus):.0f} s")


if __name__ == "__main__":
    main()
