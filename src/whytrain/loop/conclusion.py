"""From the runs of a closed loop to what can be said of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from whytrain.config.override_words import words_of
from whytrain.data.lexicon import Lexicon, WordNet, is_english
from whytrain.diagnosis.overrides import Strategy
from whytrain.diagnosis.rules import Expectation
from whytrain.errors import ConfigError
from whytrain.guidance.target_words import word_counts
from whytrain.loop.arm_accuracies import arm_accuracies, best_repair, rows_measured
from whytrain.loop.arm_differences import difference
from whytrain.loop.arms import BASELINE, EXPLAINED, RANDOM, Arm, acts_on_marks
from whytrain.loop.deletion_robustness import UNTARGETED
from whytrain.loop.measured_run import MeasuredRun, measured_run
from whytrain.loop.shortcut_rows import ShortcutRows
from whytrain.loop.verdicts import Effect, joint_promises, verdict
from whytrain.presentation.terminal import watched
from whytrain.presentation.wording import listed
from whytrain.runs.config import is_private
from whytrain.runs.sentences import read_sentences
from whytrain.tracking.reader import RunRecord

_OF_VALIDATION = "best/"  # metrics of validation rows
_GENERAL = ("best/accuracy", "best/nll", "best/ece")
_log = logging.getLogger(__name__)

ArmRuns = Mapping[Arm, Sequence[RunRecord]]  # one run per seed


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopOutcome:
    """What a closed loop found.

    Attributes:
        seeds: of the runs of every arm.
        runs: one row per arm and seed: `arm`, `seed`, `run`, `run_id`, `overrides`.
        effects: of all arms, in all metrics.
        alone: the arm that switches a strategy on alone, by strategy.
        accuracies: of each arm on each kind of rows, see `arm_accuracies`.
        notes: what is missing, and why.
    """

    seeds: Sequence[int]
    runs: pd.DataFrame
    effects: Sequence[Effect]
    alone: Mapping[str, str]
    accuracies: pd.DataFrame
    notes: Sequence[str]


def conclude(
    seeds: Sequence[int],
    baselines: Sequence[RunRecord],
    arm_runs: ArmRuns,
    notes: Sequence[str],
    shortcuts: ShortcutRows | None = None,
) -> LoopOutcome:
    """Measure all runs and compare them.

    Args:
        seeds: of the runs of every arm.
        baselines: one per seed.
        arm_runs: the runs that followed.
        notes: what is missing, and why.
        shortcuts: rows that tell whether a marked shortcut is gone; None where nothing is marked.
    """
    lexicon = lexicon_of_synonyms(baselines[0])
    pairs = [pair for runs in (baselines, *arm_runs.values()) for pair in zip(runs, baselines, strict=True)]
    measured = [
        measured_run(run, base, lexicon, untargeted=True, shortcuts=shortcuts)
        for run, base in watched(pairs, "measuring runs")
    ]
    n = len(seeds)
    after = {
        arm: measured[start : start + n] for arm, start in zip(arm_runs, range(n, len(pairs), n), strict=True)
    }
    return LoopOutcome(
        seeds=seeds,
        runs=_run_table(seeds, baselines, arm_runs),
        effects=all_effects(measured[:n], after),
        alone={
            arm.strategies[0].name: arm.name
            for arm in after
            if len(arm.strategies) == 1 and arm.name != RANDOM
        },
        accuracies=arm_accuracies(measured[:n], after),
        notes=[*notes, *([] if shortcuts is None else best_repair(after))],
    )


def all_effects(before: Sequence[MeasuredRun], after: Mapping[Arm, Sequence[MeasuredRun]]) -> list[Effect]:
    """Compare every arm with the baseline, and the explained targets with the random ones.

    Args:
        before: the baselines, one per seed.
        after: the runs of each arm, in the same order of seeds.
    """
    promised = [e.metric for arm in after for s in arm.strategies for e in s.expected]
    on_rows = [metric for metric in rows_measured(before) if metric not in _GENERAL]
    metrics = list(dict.fromkeys([*promised, *_GENERAL, *on_rows, *UNTARGETED]))
    effects: list[Effect] = []
    for arm, runs in after.items():
        promises = joint_promises(held_to(arm.strategies))
        for metric in metrics:
            change = difference(metric, before, runs)
            if change is not None:
                promise = promises.get(metric)
                judged = verdict(promise, change) if promise is not None else None
                effects.append(
                    Effect(
                        arm=arm.name,
                        against=BASELINE,
                        metric=metric,
                        difference=change,
                        promise=promise,
                        verdict=judged,
                    )
                )
    by_name = {arm.name: runs for arm, runs in after.items()}
    if EXPLAINED in by_name and RANDOM in by_name:
        for metric in metrics:
            change = difference(metric, by_name[RANDOM], by_name[EXPLAINED])
            if change is not None:
                effects.append(
                    Effect(
                        arm=EXPLAINED,
                        against=RANDOM,
                        metric=metric,
                        difference=change,
                        promise=None,
                        verdict=None,
                    )
                )
    return effects


def held_to(strategies: Sequence[Strategy]) -> list[Expectation]:
    """Return the promises of recommendations that are followed together.

    Where one of them takes a shortcut away, validation rows have it still: what others promise of these rows
    cannot be kept, and is no measure of the change.
    """
    promised = [expectation for strategy in strategies for expectation in strategy.expected]
    if not any(acts_on_marks(words_of(strategy.overrides)) for strategy in strategies):
        return promised
    return [expectation for expectation in promised if not expectation.metric.startswith(_OF_VALIDATION)]


def unjudged(strategies: Sequence[Strategy]) -> str | None:
    """Say that promises were left out, see `held_to`, and of what; None where all are judged."""
    held = held_to(strategies)
    left = {e.metric for s in strategies for e in s.expected if e not in held}
    if not left:
        return None
    named = listed(sorted(metric.removeprefix(_OF_VALIDATION) for metric in left))
    return (
        f"Not judged: what was promised of {named} on validation rows. They still have the shortcut that "
        "this training takes away, so a change there says nothing of the promise."
    )


def _run_table(seeds: Sequence[int], baselines: Sequence[RunRecord], arm_runs: ArmRuns) -> pd.DataFrame:
    arms = [(BASELINE, "", baselines), *((arm.name, " ".join(arm.words), r) for arm, r in arm_runs.items())]
    rows = [
        {"arm": name, "seed": seed, "run": run.name, "run_id": run.run_id, "overrides": words}
        for name, words, runs in arms
        for seed, run in zip(seeds, runs, strict=True)
    ]
    return pd.DataFrame(rows)


def lexicon_of_synonyms(run: RunRecord) -> Lexicon | None:
    """Return WordNet; None for texts that are private or not English; where it is not here, that is said."""
    if is_private(run) or not is_english(word_counts(read_sentences(run)["text"].tolist())):
        return None
    try:
        return WordNet()
    except ConfigError as error:
        _log.warning("unseen synonyms are not tested: %s", error)
        return None
