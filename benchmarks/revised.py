"""Make the files of the film reviews that people revised until the label turned (Kaushik et al., 2020).

A model learns from reviews as they were written. Of the 245 revised ones, `CHECK_ROWS` are its check rows;
it is measured on the others (`revised.csv`) and on the reviews that these were made from (`original.csv`):
what was revised to a check row would otherwise be judged by a model that has seen nearly the same text with
the other label. Reviews and revisions stand in different orders; a revision belongs to the review with which
it shares most words.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

CHECK_ROWS, VALIDATION_ROWS = 120, 170


class Review(NamedTuple):
    """A text and its class."""

    text: str
    label: str


def make(*, data: Path, out: Path, seed: int) -> None:
    """Write the files, the same ones for the same seed.

    Args:
        data: folder with `cad/original_train.csv`, `cad/original_dev.csv` and `cad/revised_dev.csv`.
        out: folder for train.csv, validation.csv, check.csv, original.csv, revised.csv, and for the arms that
            learn from the check rows, added.csv and added_10.csv, in which each counts once and ten times.
        seed: who is where.
    """
    train, original, revised = (
        _read(data / "cad" / f"{name}.csv") for name in ("original_train", "original_dev", "revised_dev")
    )
    rng = np.random.default_rng(seed)
    order, held_out = rng.permutation(len(revised)), rng.permutation(len(train))
    check = [revised[row] for row in order[:CHECK_ROWS]]
    kept = [train[row] for row in held_out[VALIDATION_ROWS:]]
    evaluated = [revised[row] for row in order[CHECK_ROWS:]]
    written = {
        "train": kept,
        "validation": [train[row] for row in held_out[:VALIDATION_ROWS]],
        "check": check,
        "added": kept + check,
        "added_10": kept + check * 10,
        "revised": evaluated,
        "original": [original[row] for row in partners(evaluated, original)],
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in written.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([Review._fields, *rows])


def partners(revised: list[Review], original: list[Review]) -> list[int]:
    """Return the number of the review that each revision was made from."""
    words = [set(review.text.split()) for review in original]
    found = []
    for review in revised:
        own = set(review.text.split())
        found.append(max(range(len(words)), key=lambda row: len(own & words[row]) / len(own | words[row])))
    return found


def _read(path: Path) -> list[Review]:
    with path.open(encoding="utf-8", newline="") as file:
        return [Review(row["text"], row["label"]) for row in csv.DictReader(file)]
