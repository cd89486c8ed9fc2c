"""The tables that open and close a run in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from torch import nn

from whytrain.config.override_words import words_of
from whytrain.counted import counted
from whytrain.data.corpus import Corpus
from whytrain.data.label_names import few_of
from whytrain.data.tokenization import Tokenizer
from whytrain.diagnosis.conclusion import Conclusion
from whytrain.metrics import Metric, shown_for
from whytrain.pages.next_steps import commands
from whytrain.pages.run.continued import continued_sentences
from whytrain.pages.run.elsewhere import worse_sentences
from whytrain.pages.run.reported import ReportedRun
from whytrain.pages.shortcuts import unchecked_sentence
from whytrain.presentation.wording import number, with_interval
from whytrain.statistics.intervals import Interval
from whytrain.typed_commands import typed


def opening_table(facts: Mapping[str, str], notices: Sequence[str]) -> Table:
    """What is about to be trained: name and value by row, then the notices about the data.

    A notice that ends with a question mark doubts what was asked for, and is shown so that nobody misses it.
    """
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))  # brackets of a class name are no markup
    for notice in notices:
        table.add_row("note", Text(notice, "bold yellow" if notice.endswith("?") else ""))
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
        **corpus.outside,
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
    names = f"{corpus.task.nouns} {few_of(corpus.class_names)}"
    has_positive = corpus.task.exclusive and len(corpus.class_names) == 2
    return names if not has_positive else f"{names} (F1 of {corpus.class_names[corpus.positive]})"


def closing(run: ReportedRun, width: int) -> Group:
    """What came out: the metrics, what they are worth beside the bag of words, and what is to be changed.

    Args:
        run: what there is to tell.
        width: of the terminal, in characters.
    """
    parts: list[RenderableType] = [
        closing_table(run.intervals, shown_for(run.best.labels), width),
        Text(f"\n{run.verdict.sentence}", "bold"),
        *(Text(sentence, "bold") for sentence in _before_and_elsewhere(run)),
    ]
    if run.shortcuts is not None and (warned := unchecked_sentence(run.shortcuts, run.name)):
        parts.append(Text(warned, "bold"))
    if run.concluded is not None:
        parts += ["", _findings(run.concluded)]
    return Group(*parts)


def _before_and_elsewhere(run: ReportedRun) -> list[str]:
    before = [] if run.continued is None else continued_sentences(run.continued)
    return before + worse_sentences(run.outside, run.best)


def took(parts: Mapping[str, float]) -> str:
    """Say how long a run took, and which parts of it longest.

    Args:
        parts: seconds by what they went into; those below one are not named.

    >>> print(took({"starting": 30.1, "training and validation": 41.3, "model": 0.4, "explanations": 54.9}))
    It took 2 min 7 s: explanations 55 s, training and validation 41 s, starting
    30 s.
    >>> print(took({"starting": 0.4}))
    It took 0 s.
    """
    minutes, rest = divmod(round(sum(parts.values())), 60)
    time = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    largest = sorted(parts.items(), key=lambda part: -part[1])
    listed = ", ".join(f"{name} {part_s:.0f}\N{NO-BREAK SPACE}s" for name, part_s in largest if part_s >= 1)
    told = f"It took {time}{': ' if listed else ''}{listed}."
    return fill(told, 79).replace("\N{NO-BREAK SPACE}", " ")


def closing_table(
    values: Mapping[str, Mapping[str, Interval | float]], metrics: Sequence[Metric], width: int
) -> Table:
    """Metrics by set of predictions, with 95% intervals; where width is scarce the first one's only.

    Args:
        values: by column and metric, see `metric_intervals`.
        metrics: the rows.
        width: of the terminal, in characters.
    """
    whole = _table(values)
    for metric in metrics:
        whole.add_row(metric.title, *(_cell(of[metric.name]) for of in values.values()))
    if Console(width=1000).measure(whole).maximum <= width:
        return whole
    short = _table(values)
    for metric in metrics:
        found = [of[metric.name] for of in values.values()]
        short.add_row(metric.title, *map(_estimate, found))
        if metric is metrics[0]:
            for words, end in (("from", "low"), ("to", "high")):
                ends = (f"{getattr(one, end):.3f}" if isinstance(one, Interval) else "–" for one in found)
                short.add_row(f"  95% {words}", *ends, style="dim")
    return short


def _table(columns: Iterable[str]) -> Table:
    made = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    made.add_column("metric", style="bold", no_wrap=True)
    for name in columns:
        made.add_column(name, justify="right", overflow="fold", min_width=5)
    return made


def _cell(value: Interval | float) -> str:
    return with_interval(value) if isinstance(value, Interval) else _estimate(value)


def _estimate(value: Interval | float) -> str:
    return number(value.estimate if isinstance(value, Interval) else value)


def _findings(concluded: Conclusion) -> Table:
    """What was found and, behind an arrow, what to change: keys for the next run, or something to do."""
    diagnosis, plan = concluded.diagnosis, concluded.plan
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(overflow="fold")
    for finding in diagnosis.findings:
        set_ = [word for s in plan.strategies if finding.name in s.because for word in words_of(s.overrides)]
        to_do = [advice.text for advice in plan.advice if finding.name in advice.because]
        table.add_row(finding.severity, Text(finding.title, style="bold"))
        if finding.name == "shortcut":
            table.add_row("", Text(", ".join(f"“{token}”" for token in finding.evidence.tokens)))
        for line in filter(None, (" ".join(set_), *to_do, *plan.why_nothing(finding.name))):
            table.add_row("", Text(f"→ {line}"))
    n_looks, n_missed = len(diagnosis.measurements), len(diagnosis.not_examined)
    if not diagnosis.findings:
        table.add_row("findings", f"none in {counted(n_looks, 'thing')} looked at")
    if n_missed:
        table.add_row("", Text(f"{counted(n_missed, 'thing')} could not be looked at: the report says why"))
    return table


def next_steps(run: ReportedRun, page: Path | None = None) -> str:
    """Where the run is and what to do with it, as commands to copy.

    Args:
        run: what is known of it.
        page: its page, where that is a file of this machine.
    """
    shown = {"its page": str(page)} if page is not None else {}
    lines = [f"{what:<22}{told}" for what, told in (shown | commands(run, typed)).items()]
    return "\n".join([f"run {run.run_id} in {run.uri}", *lines])
