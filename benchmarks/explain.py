"""How fast and how exact the explanations are: python benchmarks/explain.py [--smoke] [--sentences 50].

Prints one table. Times are the best of interleaved repetitions, so that both sides of a ratio meet the same
machine. Engines: a single-layer BiLSTM 128/128 with random weights (embeddings drawn five times wider, so
that outputs vary). Everything else: the same network, mean pooling, trained for a few hundred steps on an
artificial language of positive and negative words and negations.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.estimators import estimate_interactions, minimum_budget
from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.attribution.shapley.table import coalition_logits, coalition_table
from whytrain.attribution.shapley.values import pair_interactions, shapley_values
from whytrain.attribution.target import payoffs
from whytrain.attribution.units import Units
from whytrain.models.bilstm import BiLSTM

VOCABULARY, CLS, SEP = 1200, 3, 4
NEGATIONS, POSITIVE, NEGATIVE = (5, 25), (25, 215), (215, 405)  # ranges of ids; all others mean nothing
ABSENCE = Removal(name="padding", replacement_id=0)
Array = NDArray[np.float64]


def game_of(model: BiLSTM, sentence: Units) -> Callable[[NDArray[np.bool_]], Array]:
    """Return a sentence's game: coalitions in, log-odds of class 1 out."""
    return lambda present: payoffs(coalition_logits(model, sentence, present, ABSENCE), "log_odds", 1)


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    size: int
    engine_words: tuple[int, ...]
    other_words: int
    memory_words: int
    table_words: int
    library_words: int
    long_words: int
    sentences: int
    budgets: tuple[int, ...]
    truth_budget: int
    steps: int
    repetitions: int
    captum_samples: tuple[int, ...]


FULL = Scale(128, (12, 14, 16), 12, 20, 14, 10, 30, 50, (256, 512, 1024, 2048), 16384, 300, 3, (25, 250))
SMOKE = Scale(8, (4,), 3, 5, 5, 4, 6, 2, (64,), 256, 5, 1, (2,))


def row(what: str, ours: str, other: str, verdict: str = "") -> None:
    """Print a line of the table."""
    print(f"{what:<58} {ours:>24} {other:>30} {verdict}", flush=True)


def make_model(size: int, pooling: str, *, norm: bool = False, heads: int = 0) -> BiLSTM:
    """Make a single-layer BiLSTM with random weights whose outputs vary."""
    torch.manual_seed(0)
    model = BiLSTM(
        vocabulary_size=VOCABULARY,
        n_classes=2,
        padding_id=0,
        embedding={"size": size, "pretrained": None},
        hidden_size=size,
        n_layers=1,
        pooling=pooling,
        layer_norm=norm,
        self_attention_heads=heads,
        dropout=0.1,
    )
    with torch.no_grad():
        model.embedding.weight.mul_(5.0)
    return model.eval()


def make_text(
    rng: np.random.Generator, n_sentences: int, n_words: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw sentences (with special tokens) and labels; a negation turns the two words after it round."""
    kinds = rng.choice(4, (n_sentences, n_words), p=[0.15, 0.15, 0.12, 0.58])
    ranges = [POSITIVE, NEGATIVE, NEGATIONS, (NEGATIVE[1], VOCABULARY)]
    ids = np.choose(kinds, [rng.integers(*bounds, kinds.shape) for bounds in ranges])
    negation = np.pad(kinds == 2, ((0, 0), (2, 0)))
    turned = negation[:, 1:-1] | negation[:, :-2]
    polarity = np.choose(kinds, [1, -1, 0, 0]) * (1 + ids % 3) * np.where(turned, -1, 1)
    labels = polarity.sum(axis=1) + rng.normal(scale=0.5, size=n_sentences) > 0
    return np.pad(ids, ((0, 0), (1, 1)), constant_values=((0, 0), (CLS, SEP))), labels.astype(np.int64)


def trained_model(scale: Scale) -> BiLSTM:
    """Train on the artificial language, with some words absent."""
    model, rng = make_model(scale.size, "mean"), np.random.default_rng(0)
    with torch.no_grad():
        model.embedding.weight.div_(5.0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, fused=True)
    for _ in range(scale.steps):
        ids, labels = make_text(rng, 64, int(rng.integers(4, 31)))
        ids[:, 1:-1][rng.random(ids[:, 1:-1].shape) < 0.1] = 0
        loss = torch.nn.functional.cross_entropy(model(torch.from_numpy(ids), None), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    ids, labels = make_text(rng, 500, scale.long_words)
    with torch.no_grad():
        accuracy = (model(torch.from_numpy(ids), None).argmax(1).numpy() == labels).mean()
    row("model of the following lines: accuracy on its language", f"{accuracy:.3f}", "")
    return model


def players(n_words: int, seed: int = 0) -> Units:
    """Make a sentence of one-piece words."""
    ids, _ = make_text(np.random.default_rng(seed), 1, n_words)
    of_token = np.concatenate([[-1], np.arange(n_words), [-1]])
    return Units(
        words=tuple(f"w{i}" for i in range(n_words)),
        token_ids=ids[0],
        player_of_token=of_token,
        n_words=(1,) * n_words,
    )


def best_times(repetitions: int, *functions: Callable[[], object]) -> list[float]:
    """Return the shortest time of each function, run in turn."""
    times = np.full((repetitions, len(functions)), np.inf)
    for i in range(repetitions):
        for j, function in enumerate(functions):
            start = time.perf_counter()
            function()
            times[i, j] = time.perf_counter() - start
    return [float(t) for t in times.min(axis=0)]


def engines(scale: Scale) -> None:
    """Sharing against direct, by readout and length, with the distance to the arithmetic limit."""
    cases = [(n, p, False, 0) for n in scale.engine_words for p in ("last", "mean")]
    n = scale.other_words
    cases += [(n, p, False, 0) for p in ("max", "attention")]
    cases += [(n, p, True, 0) for p in ("last", "mean", "max", "attention")] + [(n, "mean", False, 4)]
    matrix, weight = torch.randn(1024, scale.size), torch.randn(scale.size, 4 * scale.size)
    seconds = best_times(20, lambda: torch.mm(matrix, weight))[0] / len(matrix)
    for n_words, pooling, norm, heads in cases:
        model, sentence = make_model(scale.size, pooling, norm=norm, heads=heads), players(n_words)
        difference = np.abs(
            coalition_table(model, sentence, ABSENCE, engine="sharing").logits
            - coalition_table(model, sentence, ABSENCE, engine="direct").logits
        ).max()
        direct, sharing = best_times(
            scale.repetitions,
            lambda m=model, s=sentence: coalition_table(m, s, ABSENCE, engine="direct"),
            lambda m=model, s=sentence: coalition_table(m, s, ABSENCE, engine="sharing"),
        )
        name = f"{pooling}{' + LayerNorm' if norm else ''}{' + self-attention' if heads else ''}"
        # Two directions; 2^n products for the words (shared by both states), 2^n for the last token.
        limit = 4 * (1 << n_words) * seconds
        row(
            f"table of {n_words} words, {name}",
            f"{sharing:.4f} s",
            f"direct {direct:.3f} s",
            f"{direct / sharing:.1f}x, difference {difference:.0e}, products alone {limit:.4f} s",
        )


def _memory(scale: Scale, connection: object) -> None:
    model = make_model(scale.size, "last")
    coalition_table(model, players(4), ABSENCE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    table = coalition_table(model, players(scale.memory_words), ABSENCE)
    seconds = time.perf_counter() - start
    extra = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    connection.send((seconds, extra / 2**20, table.logits.nbytes / 2**30))  # type: ignore[attr-defined]


def memory(scale: Scale) -> None:
    """Time and peak memory of a large table, in a process of its own."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_memory, args=(scale, sender))
    process.start()
    sender.close()
    seconds, extra, own = receiver.recv()
    process.join()
    row(
        f"table of {scale.memory_words} words, last",
        f"{seconds:.2f} s",
        f"{extra:.3f} GiB more",
        f"table {own:.4f} GiB",
    )


def from_table(scale: Scale) -> None:
    """Values, interactions and tree of one table."""
    table = np.random.default_rng(0).normal(size=1 << scale.table_words)
    parts = best_times(
        scale.repetitions,
        lambda: shapley_values(table),
        lambda: pair_interactions(table),
        lambda: interaction_tree(table),
    )
    text = " + ".join(f"{t:.4f}" for t in parts)
    row(f"values + interactions + tree of {scale.table_words} words", f"{sum(parts):.4f} s", text)


def libraries(scale: Scale, model: BiLSTM) -> None:
    """The whole way from the model to exact values (and pairs) against other packages."""
    import shap
    import shapiq
    from captum.attr import ShapleyValueSampling

    n, sentence = scale.library_words, players(scale.library_words, seed=1)
    game = game_of(model, sentence)

    def ours() -> tuple[Array, Array]:
        table = payoffs(coalition_table(model, sentence, ABSENCE).logits, "log_odds", 1)
        return shapley_values(table), pair_interactions(table)

    def with_shapiq() -> Array:
        computer = shapiq.ExactComputer(n_players=n, game=lambda p: game(np.atleast_2d(p) != 0))
        computer("SII", 2)
        values = computer("SV", 1)
        return np.array([values[(i,)] for i in range(n)])

    def with_shap() -> Array:
        exact = shap.explainers.Exact(lambda p: game(p != 0), np.zeros((1, n)))
        return np.asarray(exact(np.ones((1, n)), interactions=2, silent=True).values).sum(axis=-1)[0]

    def with_captum(samples: int) -> Array:
        torch.manual_seed(0)
        sampling = ShapleyValueSampling(lambda p: torch.from_numpy(game(p.numpy() != 0)))
        attributed = sampling.attribute(
            torch.ones(1, n), torch.zeros(1, n), n_samples=samples, perturbations_per_eval=64
        )
        return attributed.numpy()[0].astype(np.float64)

    exact, _ = ours()
    others = {
        "shapiq ExactComputer (values, pairs)": with_shapiq,
        "shap Exact (values, pairs)": with_shap,
        **{
            f"captum ShapleyValueSampling, {samples} samples (values)": lambda samples=samples: with_captum(
                samples
            )
            for samples in scale.captum_samples
        },
    }
    for name, other in others.items():
        error = np.abs(other() - exact).mean() / np.abs(exact).mean()
        seconds, theirs = best_times(scale.repetitions, ours, other)
        row(
            f"{n} words, {name}",
            f"{seconds:.4f} s, exact",
            f"{theirs:.3f} s, error {error:.0e}",
            f"{theirs / seconds:.0f}x",
        )


def estimators(scale: Scale, model: BiLSTM) -> None:
    """Median error over sentences by budget, relative to the mean absolute index, with a 95% interval."""
    import shap
    import shapiq

    n, pairs = scale.long_words, np.triu_indices(scale.long_words, 1)
    errors: dict[tuple[int, str], list[float]] = {}
    resolution: list[tuple[float, float]] = []
    for seed in range(scale.sentences):
        game = game_of(model, players(n, seed=100 + seed))

        def flexible(present: NDArray[np.bool_], game: Callable[..., Array] = game) -> Array:
            return game(np.atleast_2d(present) != 0)

        truth = estimate_interactions(game, n, scale.truth_budget, seed=10**6 + seed)
        values, interactions = truth.values, truth.interactions[pairs]
        units = np.abs(values).mean(), np.abs(interactions).mean()
        resolution.append((truth.values_se.mean() / units[0], truth.interactions_se[pairs].mean() / units[1]))
        for budget in scale.budgets:
            found = {"ours": estimate_interactions(game, n, max(budget, minimum_budget(n)), seed)}
            results: dict[str, tuple[Array | None, Array | None]] = {
                name: (e.values, e.interactions[pairs]) for name, e in found.items()
            }
            for name, method in {
                "shapiq permutation": shapiq.PermutationSamplingSV(n, random_state=seed),
                "shapiq permutation SII": shapiq.PermutationSamplingSII(n, 2, "SII", random_state=seed),
                "shapiq KernelSHAP-IQ": shapiq.KernelSHAPIQ(n, 2, "SII", random_state=seed),
                "shapiq KernelSHAP-IQ, paired": shapiq.KernelSHAPIQ(
                    n, 2, "SII", pairing_trick=True, random_state=seed
                ),
            }.items():
                answer = method.approximate(budget, flexible)
                single = np.array([answer[(i,)] for i in range(n)])
                double = np.array([answer[pair] for pair in zip(*pairs, strict=True)])
                results[name] = (
                    None if name.endswith("SII") else single,
                    None if name.endswith("permutation") else double,
                )
            partition = shap.explainers.Partition(
                flexible, shap.maskers.Partition(np.zeros((1, n)), max_samples=1, clustering=_chain(n))
            )
            results["shap Partition"] = (
                partition(np.ones((1, n)), max_evals=budget, silent=True).values[0],
                None,
            )
            for name, (single_part, double_part) in results.items():
                if single_part is not None:
                    error = np.abs(single_part - values).mean() / units[0]
                    errors.setdefault((budget, f"values, {name}"), []).append(float(error))
                if double_part is not None:
                    error = np.abs(double_part - interactions).mean() / units[1]
                    errors.setdefault((budget, f"pairs, {name}"), []).append(float(error))
    row(
        f"{n} words: reference's standard error, values and pairs",
        *(f"{m:.4f}" for m in np.median(resolution, axis=0)),
    )
    rng = np.random.default_rng(0)
    for (budget, name), sample in sorted(errors.items()):
        medians = np.median(rng.choice(sample, (2000, len(sample))), axis=1)
        low, high = np.quantile(medians, [0.025, 0.975])
        row(
            f"{n} words, {budget} evaluations, {name}", f"{np.median(sample):.4f}", f"[{low:.4f}, {high:.4f}]"
        )


def _chain(n: int) -> Array:
    """Join neighbors pairwise into a balanced hierarchy, as shap's text masker does without delimiters."""
    level, merges = [(i, 1) for i in range(n)], []
    while len(level) > 1:
        joined = []
        for left, right in zip(level[::2], level[1::2], strict=False):
            size = left[1] + right[1]
            merges.append([left[0], right[0], float(len(merges) + 1), size])
            joined.append((n + len(merges) - 1, size))
        level = joined + level[len(joined) * 2 :]
    return np.array(merges, dtype=np.float64)


def main(arguments: list[str]) -> None:
    """Measure everything, or a part."""
    parts = {"engines": engines, "memory": memory, "table": from_table}
    trained = {"libraries": libraries, "estimators": estimators}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, to see that everything runs")
    parser.add_argument("--only", choices=[*parts, *trained], help="one part of the table")
    parser.add_argument("--sentences", type=int, help="sentences of the estimators' part")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore")  # other packages' remarks about small budgets
    scale = SMOKE if options.smoke else FULL
    if options.sentences is not None:
        scale = Scale(**{**scale.__dict__, "sentences": options.sentences})
    row("what", "ours", "other", f"({torch.get_num_threads()} threads)")
    for name, part in parts.items():
        if options.only in (None, name):
            part(scale)
    if options.only is None or options.only in trained:
        model = trained_model(scale)
        for name, trained_part in trained.items():
            if options.only in (None, name):
                trained_part(scale, model)


if __name__ == "__main__":
    main(sys.argv[1:])
