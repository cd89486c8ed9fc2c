"""An explained text as a folder of its own, and the list of all texts that were asked of a model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from whytrain.attribution.plain import to_plain
from whytrain.attribution.text import ExplainedText
from whytrain.pages.colored_sentence import direction
from whytrain.pages.explanation.page import explanation_page
from whytrain.pages.explanation.style import STYLE
from whytrain.pages.explanation.verdict import verdict_sentences
from whytrain.pages.html import page, safe
from whytrain.presentation.wording import listed

if TYPE_CHECKING:
    from whytrain.types import Figure

PAGE, CONTENT, INDEX = "explanation.html", "explanation.json", "index.html"
_SLUG = 40  # characters of a text in the name of its folder


def folder_of(text: str, settings: Mapping[str, Any]) -> str:
    """Return the name of a text's folder: its first words, and a hash of all of it and of how it was asked.

    >>> folder_of("A fine film!", {"seed": 0}), folder_of("  ", {"seed": 0})
    ('a-fine-film-9ce1f4cf', 'text-9cb64866')
    """
    slug = re.sub(r"\W+", "-", text.lower())[:_SLUG].strip("-_") or "text"
    asked = json.dumps([text, dict(settings)], sort_keys=True, default=str)
    return f"{slug}-{hashlib.sha256(asked.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def write_explanation(explained: ExplainedText, folder: Path, *, draw: bool) -> Path:
    """Write page and JSON into a folder, which is made, and return the page.

    Args:
        explained: what they tell.
        folder: of this text; figures that an earlier explanation left there, by its JSON, are removed.
        draw: also draw the page's figures as PNG files, see `text_figures`; that takes longer than the rest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures: Mapping[str, Figure] = {}
    if draw:
        from whytrain.pages.explanation.figures import text_figures

        figures = {f"{name}.png": figure for name, figure in text_figures(explained.explanations).items()}
    for old in set(_content(folder).get("figures", [])) - set(figures):
        if Path(old).name == old and old.endswith(".png"):
            (folder / old).unlink(missing_ok=True)
    for name, figure in figures.items():
        figure.savefig(folder / name, format="png")
    content = {
        "text": explained.text,
        "answer": " ".join(verdict_sentences(explained)),
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "figures": list(figures),
        **explained.to_plain(),
        "alternative": None if explained.alternative is None else to_plain(explained.alternative),
    }
    (folder / PAGE).write_text(explanation_page(explained), "utf-8")
    (folder / CONTENT).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
    return folder / PAGE


def write_index(folder: Path, title: str) -> Path:
    """List all explained texts in the folders of a folder, the newest first, and return the page."""
    found = [(path.parent.name, _content(path.parent)) for path in folder.glob(f"*/{CONTENT}")]
    found = [entry for entry in found if "answer" in entry[1]]
    found.sort(key=lambda entry: entry[1]["time"], reverse=True)
    items = "".join(_item(name, content) for name, content in found)
    body = f"<main><h1>{safe(title)}</h1><ol>{items}</ol></main>"
    (folder / INDEX).write_text(page(title, body, STYLE), "utf-8")
    return folder / INDEX


def _item(name: str, content: dict[str, Any]) -> str:
    asked = content["explanations"]
    whys, methods, units = (
        listed([*dict.fromkeys(said)])
        for said in (
            [e["class"] for e in asked],
            [e["method"].replace("_", " ") for e in asked],
            [e["quantity"]["unit"] for e in asked],
        )
    )
    time = content["time"][:16].replace("T", " ")
    return (
        f'<li><p><a href="{quote(name)}/{PAGE}" dir="{direction([content["text"]])}">'
        f"{safe(content['text'])}</a>"
        f'<br>{safe(content["answer"])}<br><span class="quiet">Why {safe(whys)}, by {safe(methods)} in '
        f"{safe(units)}; {time} UTC</span></p></li>"
    )


def _content(folder: Path) -> dict[str, Any]:
    """Return what a folder's JSON holds; nothing where there is none, or it was cut off."""
    try:
        content = json.loads((folder / CONTENT).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
