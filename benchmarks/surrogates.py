"""How much of a network readable surrogates hold: python benchmarks/surrogates.py --data DIR [--seeds 0 1].

DIR holds GLUE's SST-2 as train.tsv and dev.tsv.

Trains a BiLSTM per seed, ranks its vocabulary by Shapley values of training sentences, and teaches all
surrogates the interpretable features of 1,000 and of all training rows, of all with and without sentences
that are joined from two of them and labeled by the network. Prints, per sample and surrogate, the means over
seeds with their 95% intervals: fidelity on dev (agreement, KL, R² of log-odds, agreement on the network's
errors), accuracy, and, paired, the agreement beyond that of the same surrogate trained on gold labels and
the nats of KL below it; with one seed the intervals are over sentences. Below stands what the soft tree has
over the tree, paired by seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from whytrain.attribution.reference_sentences import choose_rows, players_of_rows
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.word_ranking import rank_words
from whytrain.data.batch_plan import batch_plan
from whytrain.data.cache import cache_directory
from whytrain.data.corpus import Corpus
from whytrain.data.encoded import EncodedSplit, encode_split, encode_texts
from whytrain.data.splits import sentence_groups
from whytrain.data.sst2 import SST2
from whytrain.data.tokenization import Tokenizer
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.models.batch_runner import predict_split
from whytrain.models.bilstm import BiLSTM
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.objectives.augmentation import joined_texts
from whytrain.statistics.intervals import Interval, t_interval
from whytrain.surrogates.conclusions import fidelity_evidence
from whytrain.surrogates.evidence import FidelityEvidence
from whytrain.surrogates.features import WordCounter
from whytrain.surrogates.fitting import Answered, ExplainedWords, SurrogateSettings, Unlabeled, fit_surrogates
from whytrain.surrogates.sampling import balanced_rows

MAX_TOKENS, MAX_WORDS = 128, 10


@dataclass(frozen=True)
class Task:
    """The data, tokenized."""

    corpus: Corpus
    tokenizer: Tokenizer
    train: EncodedSplit
    dev: EncodedSplit


def load(folder: Path, n_phrases: int | None) -> Task:
    """Read SST-2, all of its training rows or so many of them."""
    corpus = SST2(
        windows=None,
        path=str(folder),
        test_path=None,
        split_seed=0,
        calibration_size=0,
        batch_size=128,
        max_tokens=MAX_TOKENS,
        positive_class=None,
        on_bad_row="error",
        check_path=None,
        corrections=None,
        evaluation_paths=None,
    ).load()
    if n_phrases is not None:
        rows = np.random.default_rng(0).permutation(len(corpus.train))[:n_phrases]
        corpus = replace(corpus, train=corpus.train.select(np.sort(rows)))
    tokenizer = WordPieceTrainer(vocabulary_size=10000, min_frequency=2, lowercase=True).build(
        corpus.train.texts
    )
    train, dev = (
        encode_split(split, tokenizer, MAX_TOKENS, cache_directory() / "encoded")
        for split in (corpus.train, corpus.validation)
    )
    return Task(corpus, tokenizer, train, dev)


def train_network(task: Task, seed: int, n_epochs: int) -> BiLSTM:
    """Train a plain BiLSTM with a one-cycle schedule."""
    torch.manual_seed(seed)
    model = BiLSTM(
        vocabulary_size=task.tokenizer.vocabulary_size,
        n_classes=2,
        padding_id=task.tokenizer.padding_id,
        embedding={"size": 128, "pretrained": None},
        hidden_size=128,
        n_layers=1,
        pooling="max",
        layer_norm=False,
        self_attention_heads=0,
        dropout=0.3,
    )
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    plans = [batch_plan(task.train.lengths, 128, seed, epoch)[0] for epoch in range(1, n_epochs + 1)]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, sum(map(len, plans)), pct_start=0.1)
    for plan in plans:
        for rows in plan:
            batch = task.train.batch(rows)
            loss = cross_entropy(model(batch.token_ids, batch.mask), batch.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def rank(model: ModelInterface, task: Task, n_sentences: int, seed: int) -> ExplainedWords:
    """Rank the words and pairs of training sentences of at most ten words."""
    split = task.corpus.train
    rows = choose_rows(split, n_sentences, MAX_WORDS, seed, "vocabulary")
    players = players_of_rows(split, task.train, rows, task.tokenizer, MAX_WORDS)
    names = task.corpus.class_names
    targets = [
        ClassTarget(name=names[split.labels[row]], index=int(split.labels[row]), payoff="log_odds")
        for row in players
    ]
    words, pairs = rank_words(
        model,
        Shapley(absences=["padding"], exact_words=MAX_WORDS, budget=1),
        list(players.values()),
        targets,
        class_names=names,
        seed=seed,
    )
    assert pairs is not None
    return ExplainedWords(words, pairs)


def surrogates(
    model: ModelInterface,
    task: Task,
    ranking: ExplainedWords,
    sample: tuple[int, int],
    settings: SurrogateSettings,
) -> tuple[FidelityEvidence, ...]:
    """Teach and judge the surrogates of so many training rows, and of so many sentences joined from them."""
    n_rows, n_joined = sample
    split, names = task.corpus.train, task.corpus.class_names
    rows = balanced_rows(split.labels, names, n_rows, settings.seed)
    texts = [split.texts[row] for row in rows]
    counter = WordCounter(texts)
    answered, judged = predict_split(model, task.train.select(rows)), predict_split(model, task.dev)
    train = Answered(read=counter.read(texts), labels=answered.labels, logits=answered.logits)
    validation = Answered(
        read=counter.read(task.corpus.validation.texts), labels=judged.labels, logits=judged.logits
    )
    joined = None
    if n_joined:
        made = joined_texts(texts, n_joined, settings.seed)
        encoded = encode_texts(made, np.zeros(n_joined, dtype=np.int64), task.tokenizer, MAX_TOKENS)
        joined = Unlabeled(counter.read(made), predict_split(model, encoded).logits)
    groups = sentence_groups(texts)
    fits = fit_surrogates(
        train, validation, counter.words, ranking, settings, names, groups=groups, joined=joined
    )
    return fidelity_evidence(fits, validation)


def over_seeds(measured: Sequence[Interval | None]) -> str:
    """Return a mean with its interval over seeds, or with one seed over sentences."""
    known = [interval for interval in measured if interval is not None]
    if not known:
        return "–"
    shown = known[0] if len(known) == 1 else t_interval([interval.estimate for interval in known])
    return f"{shown.estimate:.3f} [{shown.low:.3f}, {shown.high:.3f}]"


def report(sample: tuple[int, int], found: Sequence[tuple[FidelityEvidence, ...]]) -> None:
    """Print one line per surrogate."""
    for of_seeds in zip(*found, strict=True):
        first = of_seeds[0]
        cells = [over_seeds([getattr(one, name) for one in of_seeds]) for name in COLUMNS]
        r_squared = np.mean([one.r_squared for one in of_seeds])
        majority = np.mean([one.majority for one in of_seeds])
        print(
            f"{sample[0]:>7,} {sample[1]:>7,} {first.kind:<9} {r_squared:>6.3f} {majority:>9.3f}",
            *cells,
            sep="  ",
            flush=True,
        )
    by_kind = [{one.kind: one for one in of_seed if one.features == "readable"} for of_seed in found]
    gains = np.array([_gain(kinds["soft_tree"], kinds["tree"]) for kinds in by_kind])
    shown = [t_interval(gain) for gain in gains.T] if len(gains) > 1 else []
    for name, gain in zip(("agreement", "R²", "KL below"), shown, strict=False):
        print(f"soft tree over tree: {name} {gain.estimate:.3f} [{gain.low:.3f}, {gain.high:.3f}]")


def _gain(soft: FidelityEvidence, tree: FidelityEvidence) -> tuple[float, float, float]:
    """Return what a soft tree has over a tree of at least as many leaves."""
    return (
        soft.agreement.estimate - tree.agreement.estimate,
        soft.r_squared - tree.r_squared,
        tree.kl.estimate - soft.kl.estimate,
    )


COLUMNS = ("agreement", "over_gold", "kl", "kl_below_gold", "agreement_on_errors", "accuracy")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv and dev.tsv")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rows", type=int, nargs="+", help="sample sizes; default: 1000 and all")
    parser.add_argument("--joined", type=int, default=60_000, help="sentences joined from all rows")
    parser.add_argument("--phrases", type=int, help="training rows of all; default: every one")
    parser.add_argument("--epochs", type=int, default=3, help="of the network")
    parser.add_argument("--vocabulary", type=int, default=5000, help="sentences behind the ranking of words")
    parser.add_argument("--words", type=int, default=3000)
    parser.add_argument("--pairs", type=int, default=100)
    arguments = parser.parse_args()
    task = load(arguments.data, arguments.phrases)
    samples = [(n_rows, 0) for n_rows in arguments.rows or [1000, len(task.train)]]
    samples += [(samples[-1][0], arguments.joined)] * (arguments.joined > 0)
    found: dict[tuple[int, int], list[tuple[FidelityEvidence, ...]]] = {sample: [] for sample in samples}
    for seed in arguments.seeds:
        started = time.perf_counter()
        network = train_network(task, seed, arguments.epochs)
        model = interface_of(network, task.tokenizer, MAX_TOKENS)
        seen = predict_split(model, task.dev)
        accuracy = (seen.logits.argmax(axis=1) == seen.labels).mean()
        ranking = rank(model, task, arguments.vocabulary, seed)
        print(
            f"seed {seed}: network {accuracy:.3f} on dev, {len(ranking.vocabulary):,} ranked words, "
            f"{time.perf_counter() - started:.0f} s",
            flush=True,
        )
        settings = SurrogateSettings(
            alpha=0.0, temperature=1.0, words=arguments.words, pairs=arguments.pairs, seed=seed
        )
        for sample in samples:
            started = time.perf_counter()
            found[sample].append(surrogates(model, task, ranking, sample, settings))
            print(
                f"seed {seed}: surrogates of {sample[0]:,} rows and {sample[1]:,} joined, "
                f"{time.perf_counter() - started:.0f} s",
                flush=True,
            )
    print(f"   rows  joined surrogate       R²  majority  {'  '.join(f'{name:<20}' for name in COLUMNS)}")
    for sample, of_seeds in found.items():
        report(sample, of_seeds)


if __name__ == "__main__":
    main()
