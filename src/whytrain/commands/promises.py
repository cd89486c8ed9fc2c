"""The end of a run that follows a diagnosis: what became of what that promised."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from whytrain.errors import WhytrainError
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from whytrain.tracking.reader import RunRecord


def judge_promises(parent: str, store: Store, uri: str) -> str:
    """Judge and log the promises that a run followed, and return them for the terminal.

    Never raises for what a report lacks: the training is done.

    Args:
        parent: id or unique name of the run whose diagnosis was followed.
        store: of the run, with all of its results.
        uri: absolute tracking address.
    """
    from whytrain.loop.conclusion import unjudged
    from whytrain.loop.promises import judged_promises
    from whytrain.pages.loop_files import publish_promises
    from whytrain.runs.diagnosis import read_strategies
    from whytrain.tracking.reader import find_run

    store.flush()
    try:
        before, after = find_run(uri, parent), find_run(uri, store.run_id)
        strategies = read_strategies(before, f"from_diagnosis={parent}")
        told = publish_promises(store, judged_promises(strategies, before, after), before.name)
        left_out = unjudged(strategies)
        lines = [told, *([] if left_out is None else [fill(left_out, 79)]), *_of_shortcuts(before, after)]
        return "\n".join(lines)
    except WhytrainError as error:
        return f"What the diagnosis of {parent} promised could not be judged: {error}"


def _of_shortcuts(before: RunRecord, after: RunRecord) -> list[str]:
    from whytrain.runs.shortcuts import what_became

    try:
        lines = what_became(before, after)
    except WhytrainError:  # one of them was not asked
        return []
    return ["What became of its shortcuts:", *(f"  {line}" for line in lines)] if lines else []
