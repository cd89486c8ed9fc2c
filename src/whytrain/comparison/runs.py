"""What runs said about the same validation sentences, brought into one order of rows and classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.comparison.selection import Selection
from whytrain.counted import counted
from whytrain.data.corpus import content_hash
from whytrain.data.label_names import few_of
from whytrain.errors import ConfigError, DataError, TrackingError
from whytrain.metrics import METRICS
from whytrain.runs.config import is_private
from whytrain.runs.corrected_labels import judged_alike
from whytrain.runs.predictions import StoredPredictions, positive_class, read_predictions
from whytrain.runs.provenance import origin_id
from whytrain.runs.sentences import read_sentences
from whytrain.statistics.pairing import align_rows
from whytrain.tasks import CLASSIFICATION, Task
from whytrain.tracking.quick_look import short_id
from whytrain.tracking.reader import RunRecord, find_run
from whytrain.tracking.tables import text_hash
from whytrain.types import Predictions

T = TypeVar("T")


class Progress(Protocol):
    """Passes things on, and shows how far they are."""

    def __call__(self, items: Sequence[T], what: str) -> Iterable[T]:
        """Yield the items; `what` says what is done with them."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class Sentences:
    """The validation sentences that all compared runs judged.

    Attributes:
        ids: one per sentence.
        texts: None where they are private or not recorded.
        labels: int64 (n,), positions in `class_names`; or 0 or 1, (n, n_labels).
        class_names: in the order of the baseline.
        fingerprint: hash of ids, texts and labels.
        positive: of two classes the one that F1, precision, recall and rankings are about: the baseline's.
        task: what the labels mean.
    """

    ids: list[str]
    texts: list[str] | None
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    fingerprint: str
    positive: int = 1
    task: Task = CLASSIFICATION


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The run from whose weights another one went on.

    Attributes:
        name: what people call it; the beginning of its id where it is gone.
        params: its config as MLflow keeps it; its id alone where it is gone.
    """

    name: str
    params: Mapping[str, str]


@dataclass(frozen=True, eq=False, kw_only=True)
class ComparedRun:
    """A run, and what its best epoch says about the sentences.

    Attributes:
        name: of the run; with its id where several have it.
        record: what MLflow says of it.
        predictions: rows and classes in the order of `Sentences`.
        origin: the run from whose weights it went on; None where it began with new ones.
    """

    name: str
    record: RunRecord
    predictions: Predictions
    origin: Origin | None = None

    @property
    def seed(self) -> str | None:
        """The seed it was trained with, as MLflow keeps it."""
        return self.record.params.get("seed")


@dataclass(frozen=True, eq=False, kw_only=True)
class LoadedRuns:
    """Everything that was read.

    Attributes:
        sentences: that the runs share.
        runs: the baseline first.
        missing: what a reader should know is not there, one sentence each.
    """

    sentences: Sentences
    runs: tuple[ComparedRun, ...]
    missing: tuple[str, ...]


def load_runs(selection: Selection, progress: Progress, *, show_text: bool) -> LoadedRuns:
    """Read the predictions of the runs' best epochs and put them into the baseline's order.

    Args:
        selection: the runs.
        progress: shows how far the reading is.
        show_text: whether raw text may appear; if not, it is treated as not recorded.

    Raises:
        ConfigError: fewer than two runs remain.
        TrackingError: a run that was asked for holds no predictions.
        DataError: the runs did not judge the same sentences into the same classes.
    """
    missing = list(selection.left_out)
    found: list[tuple[RunRecord, StoredPredictions]] = []
    for run in progress(selection.runs, "reading runs"):
        try:
            found.append((run, read_predictions(run)))
        except TrackingError as error:
            if run.run_id in selection.named:
                raise
            missing.append(f"{run.name} is left out: {error}")
    if len(found) < 2:
        why = f" ({'; '.join(missing)})" if missing else ""
        raise ConfigError(
            f"a comparison needs at least two finished runs, got {len(found)}{why}; "
            "give runs=[A,B,…], the id of a sweep, or experiment=NAME"
        )
    judged, notes_of_labels = judged_alike(found)
    records = [record for record, _ in found]
    found = list(zip(records, judged, strict=True))
    sentences, notes = _sentences(records, found[0][1], show_text=show_text)
    names = unique_names(records)
    runs = [
        ComparedRun(
            name=name,
            record=record,
            predictions=aligned(table, found[0][1], (names[0], name), sentences.positive),
            origin=_origin(record, {one.run_id: known for one, known in zip(records, names, strict=True)}),
        )
        for name, (record, table) in zip(names, found, strict=True)
    ]
    notes += _other_positives(names, found)
    renumbered = [
        f"{name} numbers its classes in another order: it is read in that of {names[0]}"
        for name, (_, table) in zip(names, found, strict=True)
        if table.class_names != sentences.class_names
    ]
    return LoadedRuns(
        sentences=sentences, runs=tuple(runs), missing=(*missing, *notes_of_labels, *notes, *renumbered)
    )


def _other_positives(names: Sequence[str], found: Sequence[tuple[RunRecord, StoredPredictions]]) -> list[str]:
    """Say which runs were scored for another class than the baseline, whose class is everybody's here."""
    ours, *others = (positive_class(record, table.class_names) for record, table in found)
    of_positive = ", ".join(metric.label for metric in METRICS if metric.of_positive)
    return [
        f"{name} was trained with {theirs} as its positive class: {of_positive} are those of {ours} here, "
        f"for all runs, as in {names[0]}; curves are as tracked"
        for name, theirs in zip(names[1:], others, strict=True)
        if theirs != ours
    ]


def _origin(run: RunRecord, names: Mapping[str, str]) -> Origin | None:
    """Return from which run one went on; `names` are those of runs that a reader sees already, by id."""
    run_id = origin_id(run)
    if run_id is None:
        return None
    try:
        found = find_run(run.uri, run_id)
    except TrackingError:
        return Origin(name=short_id(run_id), params={"run_id": run_id})
    return Origin(name=names.get(found.run_id, found.name), params=found.params)


def unique_names(records: Sequence[RunRecord]) -> list[str]:
    """Return the runs' names; those that several runs share get the first eight digits of the id."""
    n_of = Counter(record.name for record in records)
    return [
        record.name if n_of[record.name] == 1 else f"{record.name} {record.run_id[:8]}" for record in records
    ]


def _sentences(
    records: Sequence[RunRecord], table: StoredPredictions, *, show_text: bool
) -> tuple[Sentences, list[str]]:
    """Return the baseline's sentences, whose texts must be those of the other runs, and what is missing."""
    frames: dict[str, pd.DataFrame] = {}
    notes = []
    for record in records:
        try:
            frames[record.run_id] = read_sentences(record)
        except TrackingError as error:
            notes.append(f"the sentences' texts of {record.name} are not known: {error}")
    hashes = {run.run_id: text_hashes(frames[run.run_id], run) for run in records if run.run_id in frames}
    for record in records:
        if record.run_id in hashes:
            check_same_texts(records[0], record, hashes)
    readable = [run for run in records if run.run_id in frames and not is_private(run)]
    texts = None
    if readable and show_text:
        by_id = frames[readable[0].run_id].set_index("id")["text"]
        texts = by_id.reindex(table.ids).tolist()
    elif frames:
        notes.append("the sentences' texts are private (tracking.log_text=false): ids stand for them")
    known = next(iter(hashes.values())).reindex(table.ids).tolist() if hashes else []
    ids = [str(row_id) for row_id in table.ids]
    fingerprint = content_hash(ids, [str(text) for text in known], table.shown)
    positive = positive_class(records[0], table.class_names)
    position = 1 if positive is None else table.class_names.index(positive)
    return Sentences(
        ids=ids,
        texts=texts,
        labels=table.labels,
        class_names=table.class_names,
        fingerprint=fingerprint,
        positive=position,
        task=table.task,
    ), notes


def text_hashes(frame: pd.DataFrame, run: RunRecord) -> pd.Series[Any]:
    """Return what stands for each text, by sentence id, whether or not the run may store the text."""
    texts = frame.set_index("id")["text"]
    return texts if is_private(run) else texts.map(text_hash)


def check_same_texts(first: RunRecord, other: RunRecord, hashes: dict[str, pd.Series[Any]]) -> None:
    """Check that the ids of two runs stand for the same texts, as far as both are known.

    Raises:
        DataError: some do not.
    """
    if first.run_id not in hashes:
        return
    a, b = hashes[first.run_id], hashes[other.run_id]
    shared = a.index.intersection(b.index)
    different = shared[(a.loc[shared] != b.loc[shared]).to_numpy()]
    if len(different):
        raise DataError(
            f"runs {first.name} and {other.name} were evaluated on different sentences ({len(a):,} and "
            f"{len(b):,} rows, which share {counted(len(shared), 'id')}): {len(different)} of {len(shared)} "
            f"ids stand for other texts, the first is {different[0]}; compare runs of one data set"
        )


def aligned(
    table: StoredPredictions, first: StoredPredictions, names: tuple[str, str], positive: int
) -> Predictions:
    """Return a run's predictions with rows and classes in the order of the first run.

    Raises:
        DataError: the two did not judge the same rows into the same classes.
    """
    if set(table.class_names) != set(first.class_names):
        raise DataError(
            f"runs {names[0]} and {names[1]} tell different classes apart: "
            f"{few_of(sorted(first.class_names))} and {few_of(sorted(table.class_names))}"
        )
    _check_same_rows(table, first, names)
    if table.task.name != first.task.name:
        raise DataError(
            f"runs {names[0]} and {names[1]} are of different tasks: {first.task.name} and {table.task.name}"
        )
    theirs = table.task.parse(table.shown, first.class_names)
    try:
        rows = align_rows(first.ids, first.labels, table.ids, theirs)
    except DataError as error:
        raise DataError(f"A = {names[0]}, B = {names[1]}: {error}") from error
    columns = [table.class_names.index(name) for name in first.class_names]
    return Predictions(logits=table.logits[rows][:, columns], labels=first.labels, positive=positive)


def _check_same_rows(table: StoredPredictions, first: StoredPredictions, names: tuple[str, str]) -> None:
    ours, theirs = set(first.ids), set(table.ids)
    if ours == theirs:
        return
    only = [
        f"only {name} has {len(rest)} of them, such as {sorted(rest, key=str)[0]}"
        for name, rest in zip(names, (ours - theirs, theirs - ours), strict=True)
        if rest
    ]
    raise DataError(
        f"runs {names[0]} and {names[1]} were evaluated on different sentences: {len(ours)} and "
        f"{len(theirs)}, {len(ours & theirs)} of them the same; {'; '.join(only)}; compare runs of one data "
        "set and one data.split_seed"
    )
