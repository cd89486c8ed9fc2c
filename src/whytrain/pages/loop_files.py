"""What a closed loop leaves on the run that its runs are children of: tables, page, figure and metrics."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from whytrain.figures.comparison.loop_effects import loop_effects
from whytrain.loop.conclusion import LoopOutcome
from whytrain.loop.verdicts import Effect
from whytrain.pages.loop import ONE_RUN, effect_table, in_short, loop_page, promise_line, repaired, standings
from whytrain.runs.diagnosis import log_promises
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
    store.log_table(outcome.accuracies, TOPIC, "accuracies")
    figure = loop_effects(effects, len(outcome.seeds)) if effects else None
    with tempfile.TemporaryDirectory(prefix="whytrain-loop-") as folder:
        drawn = Path(folder) / "effects.png"
        if figure is not None:
            figure.savefig(drawn, format="png")
        html = loop_page(
            store.run_name,
            outcome.runs,
            effects,
            places,
            accuracies=outcome.accuracies,
            notes=outcome.notes,
            figure=drawn if figure is not None else None,
        )
    store.log_text(html, f"reports/{TOPIC}.html")
    if figure is not None:
        store.log_figure(figure, TOPIC, "effects")
    names = [f"{TOPIC}/{e.arm}_against_{e.against}/{e.metric.replace('/', '_')}" for e in effects]
    values = [e.difference.estimate for e in effects]
    store.log_metrics({n.replace(" ", "_"): v for n, v in zip(names, values, strict=True)}, step=0)
    said = f"{repaired(outcome.accuracies)}{in_short(effects, len(outcome.seeds))}"
    return f"{said} See reports/{TOPIC}.html of run {store.run_id} ({store.run_name})"


def publish_promises(store: Store, effects: Sequence[Effect], parent: str) -> str:
    """Log what became of the promises that a run followed, and return it for the terminal.

    Args:
        store: of the run.
        effects: each with a promise.
        parent: name of the run whose diagnosis was followed.
    """
    log_promises(store, effect_table(effects))
    head = f"What the diagnosis of {parent} promised, after minus before (95% interval):"
    return "\n".join([head, *(f"  {promise_line(effect)}" for effect in effects), ONE_RUN])
