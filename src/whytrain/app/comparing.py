"""Two runs side by side, as compare.py says it: in sentences, slice by slice, sentence by sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

import whytrain as wt
from whytrain.errors import ConfigError
from whytrain.runs.provenance import runs_of_same_data
from whytrain.tracking.reader import RunRecord

_MOST_SLICES = 12
_MOST_RUNS = 200  # that are offered
_MOST_SENTENCES = 30


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a page shows of a comparison.

    Attributes:
        sentences: what a person reads first.
        differences: one per metric: its name, value and interval.
        slices: where the runs differ most.
        disagreements: sentences that one run alone decides rightly.
    """

    sentences: Sequence[str]
    differences: Sequence[Mapping[Any, Any]]
    slices: Sequence[Mapping[Any, Any]]
    disagreements: Sequence[Mapping[Any, Any]]


def compared(before: wt.Run, after: wt.Run | None) -> Compared:
    """Compare a run with another one.

    Raises:
        ConfigError: there is no other run.
        TrackingError: they cannot be compared.
    """
    if after is None or after.id == before.id:
        raise ConfigError("There is no other run to compare with.")
    found = wt.compare([before, after], changed_sentences=0)
    return Compared(
        sentences=found.sentences,
        differences=_records(found.tables.get("differences")),
        slices=_records(found.tables.get("slices"))[:_MOST_SLICES],
        disagreements=_records(found.tables.get("disagreements"))[:_MOST_SENTENCES],
    )


def others(run: wt.Run, shown: Sequence[wt.Run]) -> list[tuple[str, str]]:
    """Return the runs that can be put beside, newest first: the id of each, and what it is called.

    Args:
        run: whose data they have.
        shown: runs that stand there already.
    """
    known = {one.id for one in shown}
    offered = [other for other in runs_of_same_data(run.record) if other.run_id not in known][:_MOST_RUNS]
    return [(other.run_id, _called(other)) for other in offered]


def _called(run: RunRecord) -> str:
    accuracy = run.metrics.get("best/accuracy")
    return run.name if accuracy is None else f"{run.name}, accuracy {accuracy:.3f}"


def _records(table: pd.DataFrame | None) -> list[Mapping[Any, Any]]:
    return [] if table is None else list(table.to_dict("records"))
