"""Shapley values of the same model and sentences by other packages: time and error of each.

    python benchmarks/explain_others.py --run RUN --tracking sqlite:///PATH/mlflow.db --texts dev.tsv

Sentences have 8 to 12 words, the truth is exact. Every package asks the model itself, in batches, as its
users would; absent words are padding. The error is the sum of |error| over the sum of |value|, the mean over
sentences; times are of one thread's processor, the mean over sentences. Ours share what coalitions begin and
end with.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from amortized import chosen, column
from numpy.typing import NDArray

import whytrain as wt
from whytrain.api.explaining import made_methods
from whytrain.attribution.amortized.trained import FOLDER
from whytrain.attribution.ask import Ask
from whytrain.attribution.removal import removal_of
from whytrain.attribution.shapley.direct import coalition_rows, direct_logits
from whytrain.attribution.shapley.estimators import estimate_interactions, minimum_budget
from whytrain.attribution.shapley.table import BATCH_TOKENS, coalition_logits, coalition_table
from whytrain.attribution.shapley.values import shapley_values
from whytrain.attribution.target import target_of
from whytrain.attribution.units import Units
from whytrain.models.evaluation import evaluating

Array = NDArray[np.float64]
Game = Callable[[NDArray[np.bool_]], Array]

BUDGETS = (100, 400, 1600)


def others(game: Game, n: int, seed: int) -> dict[str, Callable[[], Array]]:
    """Return what other packages say, by their name and number of evaluations."""
    import shap
    import shapiq
    from captum.attr import KernelShap, ShapleyValueSampling

    def flexible(present: NDArray[np.bool_]) -> Array:
        return game(np.atleast_2d(present) != 0)

    def as_torch(present: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(game(present.numpy() != 0))

    def sampling(budget: int) -> Array:
        torch.manual_seed(seed)
        found = ShapleyValueSampling(as_torch).attribute(
            torch.ones(1, n), torch.zeros(1, n), n_samples=max(1, budget // n), perturbations_per_eval=64
        )
        return found.numpy()[0].astype(np.float64)

    def kernel(budget: int) -> Array:
        torch.manual_seed(seed)
        found = KernelShap(as_torch).attribute(
            torch.ones(1, n), torch.zeros(1, n), n_samples=budget, perturbations_per_eval=64
        )
        return found.numpy()[0].astype(np.float64)

    def permutation(budget: int) -> Array:
        method = shap.explainers.Permutation(flexible, np.zeros((1, n)), seed=seed)
        return np.asarray(method(np.ones((1, n)), max_evals=max(budget, 2 * n + 1), silent=True).values[0])

    def of_shapiq(kind: type, budget: int) -> Array:
        answer = kind(n, random_state=seed).approximate(budget, flexible)
        return np.array([answer[(i,)] for i in range(n)])

    found: dict[str, Callable[[], Array]] = {}
    for budget in BUDGETS:
        found |= {
            f"captum ShapleyValueSampling {budget}": lambda budget=budget: sampling(budget),
            f"captum KernelShap {budget}": lambda budget=budget: kernel(budget),
            f"shap Permutation {budget}": lambda budget=budget: permutation(budget),
            f"shapiq PermutationSamplingSV {budget}": lambda budget=budget: of_shapiq(
                shapiq.PermutationSamplingSV, budget
            ),
            f"shapiq KernelSHAP {budget}": lambda budget=budget: of_shapiq(shapiq.KernelSHAP, budget),
        }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("--tracking", required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--network", type=Path, help="folder of a network instead of the run's own")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")  # other packages' remarks about small budgets
    torch.set_num_threads(1)
    run = wt.open_run(options.run, options.tracking, device="cpu")
    model, saved = run.model.interface, run.model
    if options.network:
        model.additions[FOLDER] = options.network  # type: ignore[index]
    absence = removal_of("padding", model)
    target = target_of(saved.task, saved.class_names, len(saved.class_names) - 1, "log_odds")
    errors: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}

    def measure(name: str, method: Callable[[], Array], truth: Array) -> None:
        begun = time.process_time()
        found = method()
        seconds.setdefault(name, []).append(time.process_time() - begun)
        errors.setdefault(name, []).append(float(np.abs(found - truth).sum() / np.abs(truth).sum()))

    def game_of(units: Units, *, shared: bool) -> Game:
        def game(present: NDArray[np.bool_]) -> Array:
            if shared:
                return target.values(coalition_logits(model.coalition_model(), units, present, absence))
            with evaluating(model):
                rows = coalition_rows(units, present, absence)
                positions, logits = direct_logits(model, rows, BATCH_TOKENS, model.device)
            return target.values(logits[np.argsort(positions)])

        return game

    (amortized,) = made_methods({"amortized": {"largest_error": 1e9}})
    for number, units in enumerate(chosen(model, column(options.texts), (8, 12), options.sentences, 3)):
        n = len(units)

        def exact(units: Units = units) -> Array:
            table = coalition_table(model.coalition_model(), units, absence)
            return shapley_values(target.values(table.logits))

        truth = exact()
        measure("ours, exact", exact, truth)
        if FOLDER in model.additions:
            measure(
                "ours, amortized, one by one",
                lambda units=units: amortized(Ask(model, units), target, seed=0)[0].scores,
                truth,
            )
        for budget in BUDGETS:
            spent = max(budget, minimum_budget(n))
            measure(
                f"ours, estimated {budget}",
                lambda units=units, n=n, spent=spent: (
                    estimate_interactions(game_of(units, shared=True), n, spent, 0).values
                ),
                truth,
            )
        for name, method in others(game_of(units, shared=False), n, number).items():
            measure(name, method, truth)
    for name in sorted(errors, key=lambda name: np.mean(seconds[name])):
        print(
            f"{name:<40} {1000 * np.mean(seconds[name]):>9.1f} ms  error {np.mean(errors[name]):.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
