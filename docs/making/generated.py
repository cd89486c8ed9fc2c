"""Pages and pictures that are written when the site is built: reference, gallery, the tutorials' files."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
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
from making.films import write_films
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
        target = f"/gallery/{entry.topic}.md"
        text = f"**{entry.caption.question}** {entry.caption.reading} ({{doc}}`More <{target}>`)"
        picture = f"![{entry.caption.title}](/gallery/pictures/{entry.file})"
        return self.parse_text_to_nodes(f"{picture}\n\n{text}")


def write_pages(app: Sphinx) -> None:
    """Write what is generated below the site's sources."""
    root = Path(app.srcdir)
    reference, shown = root / "reference", root / "gallery"
    for folder in (reference, shown / "pictures", root / "tutorials" / "films"):
        folder.mkdir(parents=True, exist_ok=True)
    write_films(root / "tutorials" / "films")
    first = artifact_folder(folder_of(app, "own_csv"), "first")
    shutil.copy(first / "reports" / "run.html", root / "tutorials" / "films" / "run.html")
    pages = {
        reference / "config.md": config_page(),
        reference / "commands.md": commands_page(),
        reference / "metrics.md": metrics_page(),
        reference / "findings.md": findings_page(),
        reference / "records.md": records_page(folder_of(app, "own_csv")),
        reference / "python.md": python_page(),
        reference / "modules.md": modules_page(),
    }
    gallery.draw(shown / "pictures", folder_of(app, "own_csv").parent)
    pages |= {shown / name: text for name, text in gallery.pages().items()}
    for path, text in pages.items():
        if not path.is_file() or path.read_text("utf-8") != text:  # Sphinx reads again what is newer
            path.write_text(text, "utf-8")


def python_page() -> str:
    """Return the page of what `import whytrain as wt` gives."""
    parts = ["`import whytrain as wt` gives these names; everything heavy is loaded when it is first used."]
    for name in sorted(whytrain.__all__, key=lambda name: (name[0].isupper(), name)):
        value = getattr(whytrain, name)
        kind = "autoclass" if inspect.isclass(value) else "autofunction"
        parts.append(f"## wt.{name}\n\n```{{eval-rst}}\n.. {kind}:: {value.__module__}.{name}\n```")
    return page("From Python", *parts)


def modules_page() -> str:
    """Return the page of the public names of the package's folders: what their `__all__` says."""
    parts = [
        "What the folders of the package offer; the house is described in [Contributing](../contributing.md)."
    ]
    for info in pkgutil.walk_packages(whytrain.__path__, "whytrain."):
        if not info.ispkg or info.name.startswith(("whytrain.conf", "whytrain.app")):
            continue
        module = importlib.import_module(info.name)
        if names := getattr(module, "__all__", ()):
            summary = (inspect.getdoc(module) or "").splitlines()[0]
            listed = "\n".join(f"   ~{origin(module, name)}" for name in names if origin(module, name))
            parts.append(
                f"## {info.name}\n\n{summary}\n\n```{{eval-rst}}\n.. autosummary::\n   :toctree: api\n   :nosignatures:\n\n"
                f"{listed}\n```"
            )
    return page("Public modules", *parts)


def origin(module: object, name: str) -> str:
    """Return the full name of a class or function under which it is documented; empty for values."""
    value = getattr(module, name)
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return ""
    return f"{value.__module__}.{value.__qualname__}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the writing."""
    app.setup_extension("sphinx.ext.autosummary")
    app.add_directive("gallery", GalleryFigure)
    app.connect("builder-inited", write_pages, priority=200)
    return {"parallel_read_safe": True}
