"""The pages that a run keeps, each with links to the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import PurePosixPath

from whytrain.tracking.artifacts import write_artifact
from whytrain.tracking.reader import RunRecord, artifact_paths, download

FOLDER = "reports"
_TITLES = {
    "run": "what came of it",
    "diagnosis": "its diagnosis",
    "inspect": "inside the model",
    "scores": "which explanations to believe",
}
_PLACE = re.compile(r'(<body[^>]*>)(?:<nav class="beside".*?</nav>)?', re.DOTALL)


def titles(names: Sequence[str]) -> dict[str, str]:
    """Return what pages of these file names are about, the run's own first.

    >>> titles(["shapley.html", "run.html"])
    {'run.html': 'what came of it', 'shapley.html': 'sentences by shapley'}
    """
    order = [f"{stem}.html" for stem in _TITLES]
    known = sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))
    told = {name: name.removesuffix(".html").replace("_", " ") for name in known}
    return {name: _TITLES.get(stem, f"sentences by {stem}") for name, stem in told.items()}


def linked(html: str, name: str, names: Sequence[str]) -> str:
    """Return a page with links to the others, in the place of earlier ones.

    Args:
        html: the page.
        name: of its file.
        names: of all files in the folder.
    """
    links = [
        f'<b aria-current="page">{title}</b>' if other == name else f'<a href="{escape(other)}">{title}</a>'
        for other, title in ((other, escape(title)) for other, title in titles(names).items())
    ]
    nav = f'<nav class="beside" aria-label="Pages of this run">{" · ".join(links)}</nav>'
    return _PLACE.sub(lambda found: found[1] + (nav if len(links) > 1 else ""), html, count=1)


def link_pages(run: RunRecord) -> None:
    """Link the pages that a run keeps to one another: after one was added.

    Raises:
        TrackingError: the run cannot be reached.
    """
    names = page_names(run)
    for name in names:
        path = f"{FOLDER}/{name}"
        before = download(run, path).read_text("utf-8")
        if (after := linked(before, name, names)) != before:
            write_artifact(run, path, after)


def links_to(run: RunRecord) -> str:
    """Return links to the pages of a run whose files are on this machine; else nothing."""
    if run.folder is None:
        return ""
    folder = run.folder / FOLDER
    names = [path.name for path in folder.glob("*.html")]
    return " · ".join(
        f'<a href="{escape((folder / name).as_uri())}">{escape(title)}</a>'
        for name, title in titles(names).items()
    )


def page_names(run: RunRecord) -> list[str]:
    """Return the names of the files of a run's pages.

    Raises:
        TrackingError: the run cannot be reached.
    """
    names = (PurePosixPath(path).name for path in artifact_paths(run, FOLDER))
    return [name for name in names if name.endswith(".html")]
