"""From tables of texts and labels to a corpus: one reading of labels for all splits, and what is held out."""

from __future__ import annotations

from collections.abc import Mapping

from whytrain.data.assembly import assemble, parts_of
from whytrain.data.cleaning import CleanRows, clean_rows
from whytrain.data.corpus import Corpus, Split
from whytrain.data.files import FileFormat, RawTable
from whytrain.data.label_names import LabelNames
from whytrain.data.outside import RowReader
from whytrain.data.source import Source
from whytrain.errors import DataError
from whytrain.tasks import Task

# Shares of the sentences that are held out where no file is given for them.
VALIDATION_SHARE = TEST_SHARE = 0.1
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
    notices += rows.notices + merged + _about_lists(rows, class_names, task, tables["train"].source)
    parts: dict[str, Split] = {}
    for stage in ("validation", "test"):
        if stage in tables:
            held_out = cleaned(stage, names)
            notices += held_out.notices
            parts[stage] = _split(held_out, held_out.labels, class_names, task)
    train = _split(rows, [names.read(labels) or () for labels in rows.labels], class_names, task)
    if "validation" not in parts:
        shares = (VALIDATION_SHARE,) if "test" in parts else (VALIDATION_SHARE, TEST_SHARE)
        chosen = parts_of(train, shares, source.split_seed)
        train, *held = [train.select(part) for part in chosen]
        parts = dict(zip(("validation", "test"), held, strict=False)) | parts
    test = parts.get("test")
    return assemble(
        source,
        name,
        class_names,
        train=train,
        validation=parts["validation"],
        test=test if test is not None and len(test) else None,
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


def _split(rows: CleanRows, labels: list[tuple[str, ...]], class_names: tuple[str, ...], task: Task) -> Split:
    encoded = task.encode(labels, class_names)
    return Split(ids=rows.ids, texts=rows.texts, labels=encoded, human=None, columns=rows.columns)
