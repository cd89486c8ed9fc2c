"""From tables of texts and labels to a corpus: one reading of labels for all splits, and what is held out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from whytrain.data.assembly import assemble, parts_of
from whytrain.data.cleaning import CleanRows, clean_rows
from whytrain.data.corpus import Corpus, Split
from whytrain.data.files import FileFormat, RawTable
from whytrain.data.label_names import LabelNames, looking_missing
from whytrain.data.outside import RowReader
from whytrain.data.source import Source
from whytrain.data.splits import contradicted
from whytrain.data.words import same_text
from whytrain.errors import DataError
from whytrain.tasks import Task

# Shares of the sentences that are held out where no file is given for validation.
SHARES = {"validation": 0.1, "test": 0.1}
SEPARATORS = ";|,"  # of lists of labels


def labeled_corpus(
    source: Source,
    name: str,
    tables: Mapping[str, RawTable],
    *,
    text_column: str,
    label_column: str,
    id_column: str | None,
    merge_labels: bool,
    task: Task,
    file_format: FileFormat | None = None,
    notices: tuple[str, ...] = (),
) -> Corpus:
    """Clean the tables, name the classes after the training rows, and hold out what is not given.

    Args:
        source: how it is split and which rows may be skipped.
        name: of the corpus.
        tables: `train`, and `validation` and `test` where they are given. Without validation it is 10% of
            train, and test then 10% too unless it is given; sentences that contain one another stay together.
        text_column: name of the column of texts.
        label_column: name of the column of labels.
        id_column: name of the column of ids; None: the row's number in its file, as a spreadsheet shows it.
        merge_labels: see `LabelNames`.
        task: how labels are read.
        file_format: how further text files are written.
        notices: what is known of the data already.

    Raises:
        DataError: a column is missing, rows cannot be used, or classes are too few.
    """

    def cleaned(stage: str, known: LabelNames | None) -> CleanRows:
        called = "row" if stage == "train" and "validation" not in tables else stage
        return clean_rows(
            tables[stage],
            text_column=text_column,
            label_column=label_column,
            make_id=lambda row: f"{called}-{tables[stage].number(row)}",
            id_column=id_column,
            task=task,
            known=known,
            on_bad_row=source.on_bad_row,
        )

    rows = cleaned("train", None)
    names, merged = LabelNames.of(rows.labels, merges=merge_labels)
    class_names = names.names
    notices += rows.notices + merged + _about_missing(rows, names, task)
    notices += _about_lists(rows, class_names, task, tables["train"].source)
    train = _split(rows, [names.read(labels) or () for labels in rows.labels], class_names, task)
    notices += _about_copies(train, tables["train"].source)
    held_out: dict[str, Split] = {}
    for stage in SHARES:
        if stage in tables:
            given = cleaned(stage, names)
            notices += given.notices
            held_out[stage] = _split(given, given.labels, class_names, task)
    if "validation" not in held_out:
        train, further = _hold_out(train, held_out.keys(), source.split_seed)
        held_out |= further
    return assemble(
        source,
        name,
        class_names,
        train=train,
        validation=held_out["validation"],
        test=held_out.get("test") or None,  # no rows are no test
        notices=notices,
        reader=RowReader(
            names=names,
            text_column=text_column,
            label_column=label_column,
            id_column=id_column,
            format=file_format or FileFormat(),
            task=task,
        ),
    )


def _about_missing(rows: CleanRows, names: LabelNames, task: Task) -> tuple[str, ...]:
    """Say so where classes are called as values are that are not there."""
    found = looking_missing(names.names)
    if not found:
        return ()
    n_rows = sum(not set(found).isdisjoint(names.read(labels) or ()) for labels in rows.labels)
    many = len(found) > 1
    what = f"{task.nouns if many else task.noun} {', '.join(found)}"
    seem = "look like missing values and are kept" if many else "looks like a missing value and is kept"
    skip = ", and data.on_bad_row=skip leaves them out" if task.exclusive else ""
    return (
        f"The {what} ({n_rows:,} row{'s' if n_rows > 1 else ''}) {seem}: if it was not meant so, take the "
        f"rows out, or empty their cells{skip}.",
    )


def _about_lists(rows: CleanRows, class_names: tuple[str, ...], task: Task, source: str) -> tuple[str, ...]:
    """Say so where labels look like lists that nobody took apart.

    Raises:
        DataError: a separator is given and stands in no label.
    """
    separator = getattr(task, "separator", None)
    if not task.exclusive and max(map(len, rows.labels)) > 1:
        return ()
    if separator:
        bare = separator.strip("\"' ")
        found = next((s for s in [bare, *SEPARATORS] if s and any(s in name for name in class_names)), None)
        what = f"write task.separator={found}" if found else "leave it out if every row has one label"
        raise DataError(
            f"task.separator={separator} stands in no label of {source}, such as {class_names[0]}; {what}."
        )
    for separator in SEPARATORS:
        joined = [name for name in class_names if separator in name]
        parts = {part.strip() for name in class_names for part in name.split(separator)}
        if len(joined) > 1 and len(parts) < len(class_names):
            return (
                f"{len(joined)} of {len(class_names)} {task.nouns} look like lists of labels, such as "
                f'{joined[0]}: task=multilabel task.separator="{separator}" would read {len(parts)} labels.',
            )
    return ()


def _about_copies(rows: Split, source: str) -> tuple[str, ...]:
    """Say how many texts stand in a file more than once, and how many of them with different labels."""
    numbers: dict[str, int] = {}
    sentence = np.array([numbers.setdefault(same_text(text), len(numbers)) for text in rows.texts])
    n_copied = int((np.bincount(sentence) > 1).sum())
    if not n_copied:
        return ()
    n_apart = int(contradicted(sentence, rows.labels).sum())
    copied = f"{n_copied:,} {'text stands' if n_copied == 1 else 'texts stand'} there more than once"
    return (f"{source}: {copied}{f', {n_apart:,} of them with different labels' if n_apart else ''}.",)


def _hold_out(train: Split, given: Collection[str], seed: int) -> tuple[Split, dict[str, Split]]:
    """Return what remains of train, and the splits out of it that are not given."""
    shares = {stage: share for stage, share in SHARES.items() if stage not in given}
    rest, *held = (train.select(part) for part in parts_of(train, tuple(shares.values()), seed))
    return rest, dict(zip(shares, held, strict=True))


def _split(rows: CleanRows, labels: list[tuple[str, ...]], class_names: tuple[str, ...], task: Task) -> Split:
    encoded = task.encode(labels, class_names)
    return Split(ids=rows.ids, texts=rows.texts, labels=encoded, human=None, columns=rows.columns)
