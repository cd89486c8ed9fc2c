"""The gallery has every figure that the project draws, each with what a reader needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from making import gallery
from making.gallery import ENTRIES, Entry
from matplotlib.figure import Figure

from whytrain.pages.run.captions import CAPTIONS

FIGURES = Path(__file__).parents[2] / "src" / "whytrain" / "figures"
HELPERS = {"comparison.before_after"}  # what several figures share
IDS = [entry.name for entry in ENTRIES]


def test_no_figure_is_missing() -> None:
    drawn = {f"{path.parent.name}.{path.stem}" for path in FIGURES.glob("*/*.py") if path.stem != "__init__"}
    drawn = {module for module in drawn if not module.startswith("base.")} - HELPERS
    assert {entry.module for entry in ENTRIES} == drawn
    assert len(ENTRIES) == len(drawn)


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_an_entry_says_what_to_see(entry: Entry) -> None:
    caption = entry.caption
    assert caption.question.endswith("?")
    assert caption.reading.endswith(".")
    assert caption.worry == "" or caption.worry.endswith(".")
    assert gallery.function_of(entry).__doc__
    assert gallery.entry(entry.name) is entry


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if not isinstance(e.picture, str)], ids=lambda e: e.name
)
def test_small_data_are_drawn(entry: Entry) -> None:
    assert not isinstance(entry.picture, str)
    assert isinstance(entry.picture(), Figure)


def test_pages_show_every_entry() -> None:
    pages = gallery.pages()
    for entry in ENTRIES:
        assert f"](pictures/{entry.file})" in pages[f"{entry.topic}.md"]
        assert f"pictures/{entry.file}\n" in pages["index.md"]


def test_what_the_pages_ask_for_is_there() -> None:
    docs = Path(__file__).parents[2] / "docs"
    for page in docs.rglob("*.md"):
        for name in re.findall(r"^```\{gallery\} (\S+)$", page.read_text("utf-8"), re.MULTILINE):
            assert gallery.entry(name), page


def test_captions_of_a_run_are_of_figures_that_it_draws() -> None:
    known = {id(entry.caption) for entry in ENTRIES}
    # token_importance again, of one sentence; decision_tree again, with soft decisions.
    of_one_figure = {"each_epoch", "sentence_importance", "surrogate/soft_tree"}
    assert {name for name, caption in CAPTIONS.items() if id(caption) not in known} == of_one_figure
