"""From the runs of a closed loop to what can be said, logged on the run that they are children of."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import pandas as pd
from rich.progress import track

from whytrain.data.lexicon import Lexicon, WordNet
from whytrain.errors import ConfigError
from whytrain.figures.comparison.loop_effects import loop_effects
from whytrain.loop.arm_differences import difference
from whytrain.loop.arms import BASELINE, EXPLAINED, RANDOM, Arm
from whytrain.loop.deletion_robustness import UNTARGETED
from whytrain.loop.measured_run import MeasuredRun, measured_run
from whytrain.loop.verdicts import Effect, joint_promises, verdict
from whytrain.pages.loop import effect_table, in_short, loop_page, standings
from whytrain.tracking.reader import RunRecord
from whytrain.tracking.store import Store

TOPIC = "loop"
_GENERAL = ("best/accuracy", "best/nll", "best/ece")
_log = logging.getLogger(__name__)

ArmRuns = Mapping[Arm, Sequence[RunRecord]]  # one run per seed


def conclude(store: Store, seeds: Sequence[int], baselines: Sequence[RunRecord], arm_runs: ArmRuns) -> str:
    """Measure all runs, compare them, log tables, figure, page and metrics; return a summary.

    Args:
        store: of the run that the others are children of.
        seeds: of the runs of every arm.
        baselines: one per seed.
        arm_runs: the runs that followed.
    """
    lexicon = _lexicon()
    pairs = [pair for runs in (baselines, *arm_runs.values()) for pair in zip(runs, baselines, strict=True)]
    measured = [
        measured_run(run, base, lexicon) for run, base in track(pairs, "measuring runs", transient=True)
    ]
    n = len(seeds)
    before = measured[:n]
    after = {
        arm: measured[start : start + n] for arm, start in zip(arm_runs, range(n, len(pairs), n), strict=True)
    }
    effects = all_effects(before, after)
    alone = {
        arm.strategies[0].name: arm.name for arm in after if len(arm.strategies) == 1 and arm.name != RANDOM
    }
    places = standings(effects, alone)
    runs = _run_table(seeds, baselines, arm_runs)
    store.log_table(runs, TOPIC, "runs")
    store.log_table(effect_table(effects), TOPIC, "effects")
    store.log_table(places, TOPIC, "strategies")
    store.log_text(loop_page(store.run_name, runs, effects, places), f"reports/{TOPIC}.html")
    if effects:
        store.log_figure(loop_effects(effects, len(seeds)), TOPIC, "effects")
    names = [f"{TOPIC}/{e.arm}_against_{e.against}/{e.metric.replace('/', '_')}" for e in effects]
    values = [e.difference.estimate for e in effects]
    store.log_metrics({n.replace(" ", "_"): v for n, v in zip(names, values, strict=True)}, step=0)
    return f"{in_short(effects)} See reports/{TOPIC}.html of run {store.run_id} ({store.run_name})"


def all_effects(before: Sequence[MeasuredRun], after: Mapping[Arm, Sequence[MeasuredRun]]) -> list[Effect]:
    """Compare every arm with the baseline, and the explained targets with the random ones.

    Args:
        before: the baselines, one per seed.
        after: the runs of each arm, in the same order of seeds.
    """
    promised = [e.metric for arm in after for s in arm.strategies for e in s.expected]
    metrics = list(dict.fromkeys([*promised, *_GENERAL, *UNTARGETED]))
    effects: list[Effect] = []
    for arm, runs in after.items():
        promises = joint_promises(e for s in arm.strategies for e in s.expected)
        for metric in metrics:
            change = difference(metric, before, runs)
            if change is not None:
                promise = promises.get(metric)
                judged = verdict(promise, change) if promise is not None else None
                effects.append(Effect(arm.name, BASELINE, metric, change, promise, judged))
    by_name = {arm.name: runs for arm, runs in after.items()}
    if EXPLAINED in by_name and RANDOM in by_name:
        for metric in metrics:
            change = difference(metric, by_name[RANDOM], by_name[EXPLAINED])
            if change is not None:
                effects.append(Effect(EXPLAINED, RANDOM, metric, change, None, None))
    return effects


def _run_table(seeds: Sequence[int], baselines: Sequence[RunRecord], arm_runs: ArmRuns) -> pd.DataFrame:
    arms = [(BASELINE, "", baselines), *((arm.name, " ".join(arm.words), r) for arm, r in arm_runs.items())]
    rows = [
        {"arm": name, "seed": seed, "run": run.name, "run_id": run.run_id, "overrides": words}
        for name, words, runs in arms
        for seed, run in zip(seeds, runs, strict=True)
    ]
    return pd.DataFrame(rows)


def _lexicon() -> Lexicon | None:
    try:
        return WordNet()
    except ConfigError as error:
        _log.warning("unseen synonyms are not tested: %s", error)
        return None
