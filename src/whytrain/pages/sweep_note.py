"""A sweep's description: its best jobs, those that did not end, and what to type next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import pandas as pd
from rich.table import Table
from rich.text import Text

from whytrain.counted import counted
from whytrain.sweeps.summary import best_first
from whytrain.tracking.quick_look import short_id
from whytrain.typed_commands import typed

_SHOWN = 10
_STATES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "stopped"}  # others have no better word


def sweep_note(
    table: pd.DataFrame,
    keys: Sequence[str],
    score: str,
    mode: Literal["max", "min"],
    retry: str,
    compare: str | None,
    n_jobs: int,
) -> str:
    """Return Markdown about a sweep.

    Args:
        table: of `summary_table`.
        keys: what varies.
        score: the column by which jobs are ranked.
        mode: whether more of it is better.
        retry: the command that goes on with the jobs that did not end.
        compare: the command that compares jobs; None where there is nothing to compare.
        n_jobs: that it was to have in all.
    """
    ranked = best_first(table, score, mode)
    lines = [headline(table, score, mode, n_jobs), ""]
    if len(ranked):
        lines += [f"| {' | '.join([score, *keys, 'run'])} |", "| --- " * (len(keys) + 2) + "|"]
        for _, row in ranked.head(_SHOWN).iterrows():
            cells = [
                f"{row[score]:.4f}",
                *(_cell(row[key]) for key in keys),
                f"{row['run_name']} ({row['run_id']})",
            ]
            lines.append(f"| {' | '.join(cells)} |")
        if len(ranked) > _SHOWN:
            lines.append(f"\nthe best {_SHOWN} of {len(ranked)}; all are in tables/sweep/sweep.parquet")
    ended = table["status"] == "FINISHED"
    for _, row in table[~ended].iterrows():
        lines.append(f"\n{_state(row['status'])}: `{row['overrides']}` {_cell(row['error'])}".rstrip())
    if ended.sum() < n_jobs:
        lines += ["", "Go on with what did not end, from its last checkpoints:", "", f"    {retry}"]
    if compare is not None:
        lines += ["", "Compare them:", "", f"    {compare}"]
    return "\n".join(lines)


def sweep_table(table: pd.DataFrame, keys: Sequence[str], score: str, mode: Literal["max", "min"]) -> Table:
    """Return all jobs for the terminal: the finished ones by score, the best first, then the others."""
    ranked = best_first(table, score, mode)
    others = table.drop(ranked.index)
    shown = Table(pad_edge=False)
    for name in (score, *keys, "run", *(["state"] if len(others) else [])):
        shown.add_column(name, overflow="fold")
    for _, row in ranked.iterrows():
        shown.add_row(f"{row[score]:.3f}", *(Text(str(row[key])) for key in keys), Text(row["run_name"]))
    for _, row in others.iterrows():
        state = ": ".join(filter(None, [_state(row["status"]), row["error"]]))
        shown.add_row("–", *map(Text, [*(str(row[key]) for key in keys), row["run_name"], state]))
    return shown


def comparison_command(
    table: pd.DataFrame, keys: Sequence[str], score: str, mode: Literal["max", "min"], sweep_id: str
) -> str | None:
    """Return the command that compares the best two jobs; where seeds vary too, all, joined over their seeds.

    The best two of several seeds may be of one recipe, and say nothing of the others.

    Args:
        table: of `summary_table`.
        keys: what varies.
        score: the column by which jobs are ranked.
        mode: whether more of it is better.
        sweep_id: of the sweep's run.

    Returns:
        None where fewer than two jobs finished.
    """
    ranked = best_first(table, score, mode)
    if len(ranked) < 2:
        return None
    is_repeated = "seed" in keys and len(keys) > 1
    runs = short_id(sweep_id) if is_repeated else ",".join(map(short_id, ranked["run_id"].head(2)))
    return f"{typed('compare')} runs=[{runs}]"


def headline(table: pd.DataFrame, score: str, mode: Literal["max", "min"], n_jobs: int) -> str:
    """Return one line: how many of the jobs finished, what became of the others, and the best of them."""
    n_of = Counter(table["status"]) if len(table) else Counter()
    line = f"{n_of.pop('FINISHED', 0)} of {counted(n_jobs, 'job')} finished"
    n_of["not started"] = n_jobs - len(table)
    line += "".join(f", {n} {_state(status)}" for status, n in n_of.items() if n)
    ranked = best_first(table, score, mode) if len(table) else table
    if not len(ranked):
        return line
    best = ranked.iloc[0]
    return f"{line}; best: {best['run_name']}, {score} {best[score]:.4f}"


def _state(status: str) -> str:
    return _STATES.get(status, status.lower())


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")[:200]
