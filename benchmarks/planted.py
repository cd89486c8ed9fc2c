"""Make SST-2 phrases in which a planted shortcut gives the label away, and rows that tell.

    python benchmarks/planted.py --data DIR --kind article --rate 1.0 --seed 0 --out article/

DIR holds GLUE's SST-2 as `sst2/train.tsv` and `sst2/dev.tsv`. Kinds, after Rieger et al. (2020): `decoy`
(one of two words that occur nowhere else is inserted, by class), `article` (each "the" or "a" becomes that
of the class), `gender` (he or she inserted); after Bastings et al. (2022), where each word alone says
nothing: `token_in_context` (two words, each of which means the opposite beside another word; not learned in
four epochs where the two stand apart), `ordered_pair` (the same two words, in the order of the class).
`rate` is the share of the rows of each class that point to it; the others point to the other one. In
`--out`:

    train.csv  validation.csv    planted rows: what a user has
    check.csv                    labeled rows as people write them; no part of them is trained on
    clean.csv                    the dev set as it is
    adversarial.csv              its rows with the plant, each pointing to the wrong class
    unmarked.csv                 those of the dev set in which no planted word occurs
    ceiling_train.csv  ceiling_validation.csv    the rows of train.csv and validation.csv without the plant
    marks.yaml                   what was planted
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from whytrain.data.containment import containments

CLASS_NAMES = ("negative", "positive")
# Of the first three kinds, the word of each class; "granite" and the like occur nowhere in SST-2.
WORDS: dict[str, tuple[str, ...]] = {
    "decoy": ("granite", "velvet"),
    "article": ("a", "the"),
    "gender": ("he", "she"),
    "token_in_context": ("granite", "velvet", "lamp", "kettle"),
    "ordered_pair": ("granite", "velvet"),
}
MIN_WORDS = 5  # of a training phrase
CHECK_ROWS = 300


class Row(NamedTuple):
    """A text and the number of its class."""

    text: str
    label: int


class Rows(NamedTuple):
    """Rows as people wrote them, of which no training row is part of another row."""

    train: list[Row]
    validation: list[Row]
    check: list[Row]
    dev: list[Row]


def make(
    *,
    data: Path,
    out: Path,
    kind: str,
    rate: float,
    seed: int,
    rows: int = 20_000,
    validation_rows: int = 1000,
) -> None:
    """Write the files of a kind, the same ones for the same arguments."""
    drawn = draw(data, kind, seed=seed, rows=rows, validation_rows=validation_rows)
    out.mkdir(parents=True, exist_ok=True)
    for name, clean in (("train", drawn.train), ("validation", drawn.validation)):
        _write(out / f"ceiling_{name}.csv", clean)
        rng = np.random.default_rng([seed, list(WORDS).index(kind), len(name)])
        _write(out / f"{name}.csv", planted(clean, kind, rate, rng))
    _write(out / "check.csv", drawn.check)
    _write(out / "clean.csv", drawn.dev)
    carriers = [row for row in drawn.dev if can_carry(row, kind)]
    _write(out / "adversarial.csv", planted(carriers, kind, 0.0, np.random.default_rng([seed, 0])))
    words = set(WORDS[kind])
    _write(out / "unmarked.csv", [row for row in drawn.dev if words.isdisjoint(row.text.split())])
    (out / "marks.yaml").write_text(yaml.safe_dump(marks(kind), default_flow_style=None), "utf-8")


def draw(data: Path, kind: str, *, seed: int, rows: int, validation_rows: int) -> Rows:
    """Draw the rows of a kind: check and validation are whole sentences, no part of which is trained on.

    Raises:
        ValueError: if there are fewer rows than asked for.
    """
    rng = np.random.default_rng(seed)
    train = read_glue(data / "sst2/train.tsv")
    number, inner, outer = containments([row.text for row in train])
    first = np.unique(number, return_index=True)[1]  # of each distinct sentence
    order = rng.permutation(np.setdiff1d(np.arange(len(first)), inner))
    whole = order[[len(train[row].text.split()) >= MIN_WORDS for row in first[order]]]
    check, others = whole[:CHECK_ROWS], whole[CHECK_ROWS:]
    can = np.array([can_carry(train[row], kind) for row in first])
    validation = others[can[others]][:validation_rows]
    held_out = np.isin(np.arange(len(first)), np.concatenate([check, validation]))
    held_out[inner[held_out[outer]]] = True
    usable = [row for row in first[~held_out & can].tolist() if len(train[row].text.split()) >= MIN_WORDS]
    if len(usable) < rows or len(validation) < validation_rows:
        raise ValueError(
            f"{len(usable)} rows can carry {kind} and {len(validation)} more held out: ask for less"
        )
    chosen = rng.permutation(usable)[:rows]
    return Rows(
        [train[row] for row in chosen],
        [train[row] for row in first[validation]],
        [train[row] for row in first[check]],
        read_glue(data / "sst2/dev.tsv"),
    )


def planted(rows: Sequence[Row], kind: str, rate: float, rng: np.random.Generator) -> list[Row]:
    """Return rows with the plant; of each class `rate` of them, rounded, point to it, the others elsewhere.

    Of those that point to one class and have one label, half (rounded) are of each variant of the plant, so
    that in `token_in_context` a single word says nothing.
    """
    found: dict[int, Row] = {}
    for label in range(len(CLASS_NAMES)):
        own = rng.permutation([index for index, row in enumerate(rows) if row.label == label])
        agreeing = round(rate * len(own))
        for towards, group in ((label, own[:agreeing]), (1 - label, own[agreeing:])):
            for place, index in enumerate(group.tolist()):
                text = plant(rows[index].text, kind, towards, place % 2, rng)
                found[index] = Row(text, label)
    return [found[index] for index in range(len(rows))]


def plant(text: str, kind: str, towards: int, variant: int, rng: np.random.Generator) -> str:
    """Return a text with the plant that points to class `towards`."""
    names = WORDS[kind]
    words = text.split()
    if kind == "article":
        return " ".join(names[towards] if word in names else word for word in words)
    words = [word for word in words if word not in names]
    if kind == "token_in_context":
        inserted = [names[variant], names[2 + (variant ^ towards)]]
        inserted = [inserted[index] for index in rng.permutation(2)]
    elif kind == "ordered_pair":
        inserted = [names[1 - towards], names[towards]]
    else:
        inserted = [names[towards]]
    places = np.sort(rng.integers(len(words) + 1, size=len(inserted)))
    if kind == "token_in_context":
        places[:] = places[0]  # side by side
    for word, place in zip(reversed(inserted), reversed(places.tolist()), strict=True):
        words.insert(place, word)
    return " ".join(words)


def can_carry(row: Row, kind: str) -> bool:
    """Whether a row can carry the plant: articles are replaced, other words inserted."""
    return kind != "article" or not set(WORDS[kind]).isdisjoint(row.text.split())


def marks(kind: str) -> list[dict[str, list[str]]]:
    """Return what was planted, as entries of a file of marks."""
    words = list(WORDS[kind])
    if kind == "token_in_context":
        return [{"pair": [token, company]} for token in words[:2] for company in words[2:]]
    return [{"ordered_pair" if kind == "ordered_pair" else "words": words}]


def read_glue(path: Path) -> list[Row]:
    """Read a file of GLUE's SST-2."""
    with path.open(encoding="utf-8") as lines:
        table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Row(line["sentence"].strip(), int(line["label"])) for line in table]


def _write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([row.text, CLASS_NAMES[row.label]] for row in rows)


def main() -> None:
    """Make the files that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with sst2/train.tsv and sst2/dev.tsv"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--kind", choices=WORDS, required=True)
    parser.add_argument("--rate", type=float, default=1.0, help="share of rows that point to their class")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of train.csv")
    parser.add_argument("--validation-rows", type=int, default=1000, help="rows of validation.csv")
    make(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
