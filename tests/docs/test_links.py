"""Links between the pages as they stand in the repository lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
GENERATED = {ROOT / "docs" / "reference", ROOT / "docs" / "gallery", ROOT / "docs" / "tutorials" / "films"}
PAGES = [page for page in PAGES if not GENERATED & {*page.parents} and "_build" not in page.parts]
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in addresses."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    for link in _LINK.findall(re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)):
        if "://" in link:
            continue
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if GENERATED & {*target.parents}:
            continue
        assert target.exists(), link
        assert not place or place in anchors(target), link


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = set()
    for index in (ROOT / "docs" / "index.md", ROOT / "docs" / "concepts" / "index.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", index.read_text("utf-8"), re.DOTALL):
            listed |= {
                (index.parent / line).resolve() for line in block.splitlines() if line and line[0] != ":"
            }
    pages = {page.with_suffix("") for page in PAGES if page.parent != ROOT and page.name != "index.md"}
    assert pages <= listed, f"add to docs/index.md: {sorted(p.name for p in pages - listed)}"
