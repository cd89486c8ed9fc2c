"""The planted data are what they say: exact rates, words that say nothing alone, rows kept apart."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

KINDS = ("decoy", "article", "gender", "token_in_context", "ordered_pair")


@pytest.fixture
def planted(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark("planted")


def rows_of(module: ModuleType, n: int) -> list[object]:
    """Rows of which some have an article, some a pronoun; two fifths are positive."""
    texts = ["the plot of a film", "she saw it all here", "no words of that kind here", "a film that he saw"]
    return [module.Row(texts[index % 4] + f" {index}", int(index % 5 < 2)) for index in range(n)]


def pointed(kind: str, text: str) -> int:
    """The class to which a text's plant points, read from its words."""
    words = text.split()
    if kind == "article":
        return int("the" in words)
    if kind == "gender":
        return int("she" in words)
    if kind == "decoy":
        return int("velvet" in words)
    if kind == "ordered_pair":
        return int(words.index("granite") < words.index("velvet"))
    return int(("granite" in words) != ("lamp" in words))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [1.0, 0.95, 0.9, 0.0])
def test_the_rate_is_exact_in_each_class(planted: ModuleType, kind: str, rate: float) -> None:
    rows = [row for row in rows_of(planted, 200) if planted.can_carry(row, kind)]
    made = planted.planted(rows, kind, rate, np.random.default_rng(0))
    assert [row.label for row in made] == [row.label for row in rows]
    for label in (0, 1):
        agree = [pointed(kind, row.text) == label for row in made if row.label == label]
        assert sum(agree) == round(rate * len(agree))


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_plant_differs(planted: ModuleType, kind: str) -> None:
    rows = [row for row in rows_of(planted, 80) if planted.can_carry(row, kind)]
    words = planted.WORDS[kind]
    made = planted.planted(rows, kind, 0.9, np.random.default_rng(0))
    for before, after in zip(rows, made, strict=True):
        kept = [[w for w in text.split() if w not in words] for text in (before.text, after.text)]
        assert kept[0] == kept[1]
        n_planted = {"token_in_context": 2, "ordered_pair": 2}.get(kind, 1)
        found = [word for word in after.text.split() if word in words]
        assert len(found) == n_planted or kind == "article"
        assert len(set(found)) == n_planted
        if kind == "token_in_context":
            assert " ".join(found) in after.text


@pytest.mark.parametrize("kind", ["token_in_context", "ordered_pair"])
@pytest.mark.parametrize("rate", [1.0, 0.9])
def test_one_word_of_a_pair_says_nothing(planted: ModuleType, kind: str, rate: float) -> None:
    rows = rows_of(planted, 1000)
    made = planted.planted(rows, kind, rate, np.random.default_rng(0))
    share = np.mean([row.label for row in rows])
    for word in planted.WORDS[kind]:
        labels = [row.label for row in made if word in row.text.split()]
        # Half of each group, rounded: at most one row of each of four groups is off.
        assert abs(np.mean(labels) - share) * len(labels) <= 4
    # Nor does the place of a word of the context kind, beyond chance (5 standard errors).
    if kind == "token_in_context":
        first = Counter(row.label for row in made if made and row.text.split().index(_token(row.text)) < 2)
        total = first.total()
        assert abs(first[1] / total - share) < 5 * np.sqrt(share * (1 - share) / total)


def _token(text: str) -> str:
    return "granite" if "granite" in text.split() else "velvet"


def texts_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [line["text"] for line in csv.DictReader(file)]


@pytest.mark.parametrize("kind", KINDS)
def test_files_depend_on_the_arguments_alone_and_share_no_sentence(
    planted: ModuleType, sst2: Path, tmp_path: Path, kind: str
) -> None:
    for out in ("one", "two"):
        planted.make(data=sst2, out=tmp_path / out, kind=kind, rate=0.9, seed=3, rows=300, validation_rows=50)
    planted.make(data=sst2, out=tmp_path / "seed", kind=kind, rate=0.9, seed=4, rows=300, validation_rows=50)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 9
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "one/train.csv").read_bytes() != (tmp_path / "seed/train.csv").read_bytes()
    of = {name: texts_of(tmp_path / "one" / name) for name in files if name.endswith(".csv")}
    assert [len(of[f"{name}.csv"]) for name in ("train", "validation", "check", "clean")] == [
        300,
        50,
        300,
        40,
    ]
    held_out = [
        text.removesuffix(" .") for name in ("check", "ceiling_validation") for text in of[f"{name}.csv"]
    ]
    assert len(set(held_out)) == 350
    assert set(held_out).isdisjoint(text.removesuffix(" .") for text in of["ceiling_train.csv"])
