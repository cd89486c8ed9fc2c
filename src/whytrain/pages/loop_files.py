"""What a closed loop leaves on the run that its runs are children of: tables, page, figure and metrics."""

from __future__ import annotations

from whytrain.figures.comparison.loop_effects import loop_effects
from whytrain.loop.conclusion import LoopOutcome
from whytrain.pages.loop import effect_table, in_short, loop_page, standings
from whytrain.tracking.store import Store

TOPIC = "loop"


def publish_loop(store: Store, outcome: LoopOutcome) -> str:
    """Log what a loop found, and return it in short.

    Args:
        store: of the run that the others are children of.
        outcome: what was found.
    """
    effects = outcome.effects
    places = standings(effects, outcome.alone)
    store.log_table(outcome.runs, TOPIC, "runs")
    store.log_table(effect_table(effects), TOPIC, "effects")
    store.log_table(places, TOPIC, "strategies")
    store.log_text(loop_page(store.run_name, outcome.runs, effects, places), f"reports/{TOPIC}.html")
    if effects:
        store.log_figure(loop_effects(effects, len(outcome.seeds)), TOPIC, "effects")
    names = [f"{TOPIC}/{e.arm}_against_{e.against}/{e.metric.replace('/', '_')}" for e in effects]
    values = [e.difference.estimate for e in effects]
    store.log_metrics({n.replace(" ", "_"): v for n, v in zip(names, values, strict=True)}, step=0)
    return f"{in_short(effects)} See reports/{TOPIC}.html of run {store.run_id} ({store.run_name})"
