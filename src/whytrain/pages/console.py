"""The tables that open and close a run in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text
from torch import nn

from whytrain.data.corpus import Corpus
from whytrain.data.tokenization import Tokenizer
from whytrain.metrics import ACCURACY, shown_for
from whytrain.pages.next_steps import commands, runs_address
from whytrain.presentation.wording import number
from whytrain.statistics.intervals import Interval
from whytrain.statistics.metric_intervals import metric_intervals
from whytrain.types import Predictions


def opening_table(facts: Mapping[str, str], notices: Sequence[str]) -> Table:
    """What is about to be trained: name and value by row, then the notices about the data."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))  # brackets of a class name are no markup
    for notice in notices:
        table.add_row("note", Text(notice))
    return table


def run_facts(
    name: str, model: nn.Module, corpus: Corpus, tokenizer: Tokenizer, device: str, folder: Path
) -> dict[str, str]:
    """What the opening table says: run, model, parameters, data, tokenizer, device."""
    splits = {
        "train": corpus.train,
        "validation": corpus.validation,
        "calibration": corpus.calibration,
        "test": corpus.test,
    }
    sizes = ", ".join(f"{len(split):,} {label}" for label, split in splits.items() if split is not None)
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    return {
        "run": f"{name} ({folder})",
        "model": f"{type(model).__name__}, {n_parameters:,} parameters",
        "data": f"{corpus.name}: {sizes}; {_classes(corpus)}",
        "tokenizer": f"{tokenizer.name}, {tokenizer.vocabulary_size:,} entries",
        "device": device,
    }


def _classes(corpus: Corpus) -> str:
    names = f"{corpus.task.nouns} {', '.join(corpus.class_names)}"
    has_positive = corpus.task.exclusive and len(corpus.class_names) == 2
    return names if not has_positive else f"{names} (F1 of {corpus.class_names[corpus.positive]})"


def closing_table(columns: Mapping[str, Predictions], floor_accuracy: float | None) -> Table:
    """Metrics with 95% intervals, one column per set of predictions, the floor's accuracy beside them."""
    table = Table(pad_edge=False)
    table.add_column("metric", style="bold")
    for name in columns:
        table.add_column(name, justify="right")
    if floor_accuracy is not None:
        table.add_column("floor", justify="right")
    values = {name: metric_intervals(predictions) for name, predictions in columns.items()}
    for metric in shown_for(next(iter(columns.values())).labels):
        cells = [_cell(values[name][metric.name]) for name in columns]
        if floor_accuracy is not None:
            cells.append(f"{floor_accuracy:.4f}" if metric.name == ACCURACY.name else "")
        table.add_row(metric.title, *cells)
    return table


def _cell(value: Interval | float) -> str:
    if isinstance(value, float):
        return number(value)
    return f"{value.estimate:.4f} [{value.low:.4f}, {value.high:.4f}]"


def next_steps(run_id: str, uri: str, *, follow: bool, experiment_id: str | None = None) -> str:
    """Where the run is and what to do with it, as commands to copy, see `commands`."""
    steps = commands(run_id, uri, follow=follow)
    shown = {"the runs in MLflow": runs_address(uri, experiment_id)}
    shown = ({"look at it": steps.pop("look at it")} if "look at it" in steps else {}) | shown | steps
    lines = [f"{what:<22}{command}" for what, command in shown.items()]
    return "\n".join([f"run {run_id} in {uri}", *lines])
