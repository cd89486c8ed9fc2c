"""Pages and pictures that are written when the site is built: reference, gallery, the tutorials' files."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import shutil
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import whytrain
from making import gallery
from making.config_keys import config_page
from making.executed import folder_of
from making.markdown import page
from making.records import artifact_folder, records_page
from making.registries import commands_page, findings_page, metrics_page


class GalleryFigure(SphinxDirective):
    """A figure of the gallery with its question, how to read it, and where more is said."""

    required_arguments = 1
    option_spec = {"short": directives.flag}  # noqa: RUF012  (Sphinx's own form)

    def run(self) -> list[nodes.Node]:
        """Return the picture and its caption, as Markdown that is parsed here."""
        entry = gallery.entry(self.arguments[0])
        target = f"/gallery/{entry.topic}"
        text = f"**{entry.caption.question}** {entry.caption.reading} ({{doc}}`More <{target}>`)"
        picture = f"![{entry.caption.title}](/gallery/pictures/{entry.file})"
        return self.parse_text_to_nodes(f"{picture}\n\n{text}")


def write_pages(app: Sphinx) -> None:
    """Write what is generated below the site's sources."""
    root = Path(app.srcdir)
    reference, shown = root / "reference", root / "gallery"
    for folder in (reference / "modules", shown / "pictures"):
        folder.mkdir(parents=True, exist_ok=True)
    first = artifact_folder(folder_of(app, "own_csv"), "first")
    extra = root / "_build" / "extra" / "films"
    extra.mkdir(parents=True, exist_ok=True)
    for report in (first / "reports").glob("*.html"):  # they link to one another
        shutil.copy(report, extra / report.name)
    pages = {
        reference / "config.md": config_page(),
        reference / "commands.md": commands_page(),
        reference / "metrics.md": metrics_page(),
        reference / "findings.md": findings_page(),
        reference / "records.md": records_page(folder_of(app, "own_csv")),
        reference / "python.md": python_page(),
    }
    gallery.draw(shown / "pictures", folder_of(app, "own_csv").parent)
    pages |= {shown / name: text for name, text in gallery.pages().items()}
    pages |= {reference / "modules" / name: text for name, text in module_pages().items()}
    for path in {*reference.rglob("*.md"), *shown.glob("*.md")} - pages.keys():  # of an earlier version
        path.unlink()
    for path, text in pages.items():
        if not path.is_file() or path.read_text("utf-8") != text:  # Sphinx reads again what is newer
            path.write_text(text, "utf-8")


def python_page() -> str:
    """Return the page of what `import whytrain as wt` gives."""
    parts = ["`import whytrain as wt` gives these names; everything heavy is loaded when it is first used."]
    for name in sorted(whytrain.__all__, key=lambda name: (name[0].isupper(), name)):
        value = getattr(whytrain, name)
        parts.append(documented(f"{value.__module__}.{name}"))
    return page("From Python", *parts)


def module_pages() -> dict[str, str]:
    """Return an index and a page per folder of the package: the public names, as their `__all__` says."""
    pages: dict[str, str] = {}
    listed: list[str] = []
    told: set[str] = set()  # a name that two folders offer is documented where it comes first
    for info in pkgutil.walk_packages(whytrain.__path__, "whytrain."):
        module = importlib.import_module(info.name) if info.ispkg else None
        names = [origin(module, name) for name in getattr(module, "__all__", ())]
        names = [name for name in names if name and name not in told]
        told.update(names)
        if names:
            summary = (inspect.getdoc(module) or "").splitlines()[0]
            pages[f"{info.name}.md"] = page(info.name, summary, *map(documented, names))
            listed.append(info.name)
    contents = "\n".join(["```{toctree}", *listed, "```"])
    said = "What the folders of the package offer; [Contributing](../../contributing.md) describes the house."
    return {"index.md": page("Public modules", said, contents), **pages}


def documented(name: str) -> str:
    """Return the section of a class or function by its full name."""
    module, _, short = name.rpartition(".")
    kind = "autoclass" if inspect.isclass(getattr(importlib.import_module(module), short)) else "autofunction"
    return f"## {short}\n\n```{{eval-rst}}\n.. {kind}:: {name}\n```"


def origin(module: object, name: str) -> str:
    """Return the full name of a class or function under which it is documented; empty for values."""
    value = getattr(module, name)
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return ""
    return f"{value.__module__}.{value.__qualname__}"


def plain_text(
    _app: Sphinx, _what: str, _name: str, _value: object, _options: object, lines: list[str]
) -> None:
    """Let docutils read a docstring as the plain text that it is: |φ|, a*b, x_; examples stay as they are."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[number] = re.sub(r"[|*]|(?<=\w)_(?!\w)", r"\\\g<0>", line)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the writing."""
    app.add_directive("gallery", GalleryFigure)
    app.connect("builder-inited", write_pages, priority=200)
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # before napoleon writes markup
    return {"parallel_read_safe": True}
