"""Do the explanations depend on what was learned, agree between seeds, and agree with people?

    python benchmarks/sanity.py --data DIR [--seeds 3] [--epochs 3] [--figure layers.png] [model=bilstm_opt …]

DIR holds GLUE's SST-2 as `sst2/train.tsv` and `sst2/dev.tsv`, and the Stanford Sentiment Treebank as
`sst_trees/dev.txt`. Models are trained as `python train.py experiment=paper` trains them, callbacks and
tracking off; everything else on the command line is an override of that config. Shapley values are exact,
log-odds of the positive class; sentences have at most 12 words, trees at most 14. Means have 95% bootstrap
intervals over sentences; where weights are random, 95% t intervals over their draws. A random layer reads
what the layers below it have learned, with a random sign: a single draw agrees with the trained model or
contradicts it, on all sentences alike, and only the mean over draws and the mean size say something. Two
random rankings have the size that chance gives.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import logging
import warnings
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback
from torch import nn

from whytrain import lightning_modules as lm
from whytrain.attribution.removal import removal_of
from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.attribution.shapley.table import coalition_tables
from whytrain.attribution.shapley.values import pair_interactions, shapley_values
from whytrain.attribution.target import payoffs
from whytrain.attribution.units import Units, players_of
from whytrain.data.treebank import LabelledTree, read_treebank
from whytrain.data.words import split_words
from whytrain.explanation_scores.known_games import signed_phrases
from whytrain.explanation_scores.plausibility import (
    left_branching,
    phrase_correlation,
    phrase_values,
    random_branching,
    right_branching,
    tree_agreement,
)
from whytrain.explanation_scores.randomization import cascading_randomization, rank_correlation
from whytrain.figures.explanations.layer_randomization import layer_randomization
from whytrain.models.batch_runner import predict_split
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.objectives.objective import Objective
from whytrain.statistics.intervals import bootstrap_interval, t_interval
from whytrain.types import RemovalName

CONF = Path(__file__).resolve().parent.parent / "conf"
ABSENCES: tuple[RemovalName, ...] = ("padding", "removed")
POSITIVE, MAX_WORDS, MAX_TREE_WORDS = 1, 12, 14
Array = NDArray[np.float64]
Tables = list[Array]  # payoffs of all coalitions, one array per sentence


class Snapshots(Callback):
    """Keeps the model of each epoch."""

    def __init__(self) -> None:
        self.models: list[nn.Module] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Copy the model."""
        self.models.append(copy.deepcopy(pl_module.model).eval())


def train(config: object, data: lm.TextData, seed: int) -> list[nn.Module]:
    """Train as `train.py` does; return the model of each epoch."""
    torch.manual_seed(seed)
    data.seed = seed
    model = instantiate(config.model, **data.model_sizes)  # type: ignore[attr-defined]
    objective = Objective(instantiate(config.objective), data.token_kinds)  # type: ignore[attr-defined]
    optimizer = instantiate(config.optimizer)  # type: ignore[attr-defined]
    module = lm.Classifier(asked(model, data), objective=objective, optimizer=optimizer, seed=seed)
    snapshots = Snapshots()
    trainer = lm.make_trainer(instantiate(config.trainer), data, [snapshots], None)  # type: ignore[attr-defined]
    trainer.fit(module, datamodule=data)
    return snapshots.models


def asked(model: nn.Module, data: lm.TextData) -> ModelInterface:
    """The model as algorithms see it."""
    return interface_of(model, data.tokenizer, data.source.max_tokens)


def tables_of(model: nn.Module, sentences: list[Units], data: lm.TextData, kind: RemovalName) -> Tables:
    """Exact payoffs of all coalitions of each sentence."""
    tables = coalition_tables(model, sentences, removal_of(kind, asked(model, data)))
    return [payoffs(table.logits, "log_odds", POSITIVE) for table in tables]


def values_of(model: nn.Module, sentences: list[Units], data: lm.TextData, kind: RemovalName) -> Tables:
    """Shapley values of each sentence."""
    return [shapley_values(table) for table in tables_of(model, sentences, data, kind)]


def correlations(first: Tables, second: Tables) -> Array:
    """Rank correlation of two explanations of each sentence."""
    return np.array([rank_correlation(a, b) for a, b in zip(first, second, strict=True)])


def shown(samples: Array) -> str:
    """Mean with its interval over sentences, where defined."""
    known = samples[np.isfinite(samples)]
    interval = bootstrap_interval(lambda drawn: drawn.mean(axis=1), known, n_resamples=2000)
    return f"{interval.estimate:6.3f} [{interval.low:6.3f}, {interval.high:6.3f}]"


def over_draws(alike: Array) -> str:
    """Mean over draws of random weights with its interval, and mean size, of (n_draws, n_sentences)."""
    means, size = np.nanmean(alike, axis=1), np.nanmean(np.abs(alike))
    if len(means) == 1:
        return f"{means[0]:6.3f} {'one draw':16}  size {size:.3f}"
    interval = t_interval(means)
    return f"{interval.estimate:6.3f} [{interval.low:6.3f}, {interval.high:6.3f}]  size {size:.3f}"


def encode(text: str, data: lm.TextData) -> Units:
    """The players of a text."""
    return players_of(data.tokenizer.encode_words(text, data.source.max_tokens), None)


def choose(data: lm.TextData, n_sentences: int) -> list[Units]:
    """Validation sentences of 5 to 12 words, by seed 0."""
    texts = data.corpus.validation.texts
    order = np.random.default_rng(0).permutation(len(texts))
    fitting = (texts[row] for row in order if 5 <= len(split_words(texts[row])) <= MAX_WORDS)
    return [encode(text, data) for text in itertools.islice(fitting, n_sentences)]


def report_stability(runs: list[list[nn.Module]], sentences: list[Units], data: lm.TextData) -> None:
    """Print how alike explanations are between seeds and between epochs, beside the accuracy."""
    print(f"\nRank correlation of the values of a sentence ({len(sentences)} dev sentences)")
    print(f"{'epoch':>5} {'accuracy':>9}   absence  {'between seeds':^24}  {'with the epoch before':^24}")
    split = data.encoded("validation")
    for epoch in range(len(runs[0])):
        models = [run[epoch] for run in runs]
        predictions = [predict_split(asked(model, data), split) for model in models]
        accuracy = np.mean([(p.logits.argmax(1) == p.labels).mean() for p in predictions])
        for kind in ABSENCES:
            values = [values_of(model, sentences, data, kind) for model in models]
            seeds = [correlations(a, b) for a, b in itertools.combinations(values, 2)]
            between = shown(np.nanmean(seeds, axis=0)) if seeds else "one seed"
            before = ""
            if epoch > 0:
                earlier = [values_of(run[epoch - 1], sentences, data, kind) for run in runs]
                before = shown(
                    np.nanmean([correlations(a, b) for a, b in zip(values, earlier, strict=True)], axis=0)
                )
            print(f"{epoch + 1:5} {accuracy:9.4f}   {kind:8} {between}  {before}")


def report_sanity(
    runs: list[nn.Module],
    shuffled: list[nn.Module],
    n_draws: int,
    sentences: list[Units],
    data: lm.TextData,
    figure: Path | None,
) -> None:
    """Print how alike the explanations of models are that learned nothing true; draw the layers."""
    print("\nRank correlation with the trained model's values: its mean over draws, and its mean size")
    rng = np.random.default_rng(0)
    chance = [
        abs(rank_correlation(*rng.normal(size=(2, len(players))))) for players in sentences for _ in range(20)
    ]
    print(f"  {'two random rankings':61} size {np.mean(chance):.3f}")
    layers: dict[str, Array] = {}
    for kind in ABSENCES:
        trained = [values_of(model, sentences, data, kind) for model in runs]
        others = [values_of(model, sentences, data, kind) for model in shuffled]
        alike = np.array([correlations(a, b) for a, b in zip(trained, others, strict=True)])
        print(f"  trained on shuffled labels   {kind:8} {over_draws(alike)}")
        drawn: dict[str, list[Array]] = {}
        for draw in range(n_draws):
            for name, randomized in cascading_randomization(runs[0], seed=draw):
                random = values_of(randomized, sentences, data, kind)
                drawn.setdefault(name, []).append(correlations(trained[0], random))
        for name, rows in drawn.items():
            print(f"  randomized down to {name:18} {kind:8} {over_draws(np.array(rows))}")
        layers = layers or {name: np.array(rows) for name, rows in drawn.items()}
    if figure is not None:
        layer_randomization(layers).savefig(figure)


def report_people(model: nn.Module, trees: list[LabelledTree], data: lm.TextData) -> None:
    """Print how values and trees go with people's labels and parses, and the signs of known interactions."""
    sentences, fitting = [], []
    for tree in trees:
        players = encode(" ".join(tree.words).lower(), data)
        if players.words == tuple(word.lower() for word in tree.words):
            sentences.append(players)
            fitting.append(tree)
    print(f"\nAgainst people: {len(fitting)} of {len(trees)} sentences of at most {MAX_TREE_WORDS} words")
    rng = np.random.default_rng(0)
    for kind in ABSENCES:
        tables = tables_of(model, sentences, data, kind)
        spans = [sorted(tree.labels) for tree in fitting]
        values = [phrase_values(table, s) for table, s in zip(tables, spans, strict=True)]
        labels = [[tree.labels[s] for s in ss] for tree, ss in zip(fitting, spans, strict=True)]
        found = phrase_correlation(np.concatenate(values), np.concatenate(labels))
        print(
            f"  values of {found.n_phrases} phrases with their labels, {kind}: "
            f"Pearson {found.pearson:.3f}, Spearman {found.spearman:.3f}"
        )
        sizes = [len(tree.words) for tree in fitting]
        kinds = {
            "interaction tree": [interaction_tree(table).spans() for table in tables],
            "the same by |B|": [interaction_tree(table, criterion="benefit").spans() for table in tables],
            "random": [random_branching(n, rng) for n in sizes],
            "left-branching": [left_branching(n) for n in sizes],
            "right-branching": [right_branching(n) for n in sizes],
        }
        for name, candidates in kinds.items():
            agreements = [
                tree_agreement(candidate, tree.spans, n)
                for candidate, tree, n in zip(candidates, fitting, sizes, strict=True)
            ]
            f1 = np.array([a.span_f1 for a in agreements])
            distance = np.array([a.distance for a in agreements])
            print(f"  {name:18} span F1 {shown(f1)}   tree distance {shown(distance)}")
        probes = signed_phrases()
        signs: dict[str, list[bool]] = {}
        for probe, table in zip(
            probes, tables_of(model, [encode(p.text, data) for p in probes], data, kind), strict=True
        ):
            right = np.sign(pair_interactions(table)[probe.pair]) == probe.sign
            signs.setdefault(probe.kind, []).append(bool(right))
        for name, right in signs.items():
            print(f"  {name}: {sum(right)} of {len(right)} interactions have the sign they must have, {kind}")


def main() -> None:
    """Train, explain, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, help="folder with sst2/ and sst_trees/")
    parser.add_argument("--seeds", type=int, default=3, help="models trained on the true labels")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of each")
    parser.add_argument("--draws", type=int, default=20, help="random weights of each layer")
    parser.add_argument("--sentences", type=int, default=100, help="dev sentences that are explained")
    parser.add_argument("--figure", type=Path, help="where to draw the randomized layers")
    arguments, overrides = parser.parse_known_args()
    warnings.filterwarnings("ignore")
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        settings = [f"data.path={arguments.data}/sst2", f"trainer.max_epochs={arguments.epochs}"]
        config = compose("train", ["experiment=paper", *settings, *overrides])
    data = lm.TextData(instantiate(config.data), instantiate(config.tokenizer), seed=0)
    data.setup()
    sentences = choose(data, arguments.sentences)
    runs = [train(config, data, seed) for seed in range(arguments.seeds)]
    report_stability(runs, sentences, data)
    data.shuffle_labels(0)
    shuffled = [train(config, data, seed)[-1] for seed in range(arguments.seeds)]
    models = [run[-1] for run in runs]
    report_sanity(models, shuffled, arguments.draws, sentences, data, arguments.figure)
    trees = read_treebank(arguments.data / "sst_trees/dev.txt", max_words=MAX_TREE_WORDS)
    report_people(models[0], trees, data)


if __name__ == "__main__":
    main()
