"""Runs of which some were trained with corrected labels, judged by the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from whytrain.runs.predictions import StoredPredictions
from whytrain.tracking.reader import RunRecord

_PARAM = "data.corrections"


def judged_alike(
    found: Sequence[tuple[RunRecord, StoredPredictions]],
) -> tuple[list[StoredPredictions], list[str]]:
    """Give all runs the labels of the one with corrections, of several the last one's.

    Args:
        found: runs and what they said of their validation rows.

    Returns:
        The predictions, and what a reader must know of it, a sentence for each run that is judged by other
        labels than those it had.
    """
    tables = [table for _, table in found]
    with_corrections = [place for place, (run, _) in enumerate(found) if run.setting(_PARAM) is not None]
    if not with_corrections:
        return tables, []
    last = with_corrections[-1]
    by, reference = found[last]
    known = dict(zip(reference.ids.tolist(), reference.shown, strict=True))
    notes = []
    for place, (run, table) in enumerate(found):
        if set(table.class_names) != set(reference.class_names) or place == last:
            continue  # what cannot be compared is told elsewhere
        shown = [known.get(row_id, own) for row_id, own in zip(table.ids.tolist(), table.shown, strict=True)]
        labels = table.task.parse(shown, table.class_names)
        n_other = int((labels != table.labels).reshape(len(labels), -1).any(axis=1).sum())
        if n_other:
            tables[place] = replace(table, labels=labels)
            rows = f"{n_other} validation {'row' if n_other == 1 else 'rows'}"
            notes.append(
                f"{run.name} is judged by the corrected labels of {by.name} ({by.setting(_PARAM)}): {rows}"
            )
    return tables, notes
