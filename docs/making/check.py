"""Check a built site: links within it lead somewhere, nothing is loaded from elsewhere or told of the builder.

python docs/making/check.py docs/_build/html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
_LOADING_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "shortcut icon"}
# Where the site was built: paths that nobody else has, and that a printed environment would hold.
_BUILDER = {str(Path(__file__).resolve().parents[2]), sys.prefix, str(Path.home())} - {"/", "/usr"}
_STYLE_URL = re.compile(r"(?:url\(|@import)\s*[\"']?(?P<url>https?:[^\"')]+)")


class _Page(HTMLParser):
    """What a page links to, what it loads, which of its places can be linked to, and what it tells of the builder."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        text = path.read_text("utf-8")
        self.feed(text)
        self.builder = {folder for folder in _BUILDER if folder in text}
        self.loaded += [
            match["url"]
            for style in re.findall(r"<style.*?</style>", text, re.DOTALL)
            for match in _STYLE_URL.finditer(style)
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the links and names of a tag."""
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if (attribute := _LOADED.get(tag)) in given and (tag != "link" or given.get("rel") in _LOADING_LINKS):
            self.loaded.append(given[str(attribute)])


def faults(root: Path) -> Iterator[str]:
    """Yield what is wrong, a line each."""
    pages = {path: _Page(path) for path in sorted(root.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(root)
        for folder in sorted(page.builder):
            yield f"{where}: tells where it was built: {folder}"
        for url in page.loaded:
            if urlsplit(url).scheme in {"http", "https"} or url.startswith("//"):
                yield f"{where}: loads {url}"
        for link in [*page.links, *page.loaded]:
            if (wrong := _dead(link, path, root, pages)) is not None:
                yield f"{where}: {link}: {wrong}"
    for path in sorted(root.rglob("*.css")):
        for match in _STYLE_URL.finditer(path.read_text("utf-8")):
            yield f"{path.relative_to(root)}: loads {match['url']}"


def _dead(link: str, path: Path, root: Path, pages: dict[Path, _Page]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or link.startswith("#!"):
        return None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(root) or not target.exists():
        return "no such file"
    place = unquote(parts.fragment)
    if place and target in pages and place not in pages[target].places and "viewcode" not in str(target):
        return "no such place on that page"
    return None


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1]).resolve()))
    print(
        "\n".join(found)
        or "links lead somewhere, nothing is loaded from elsewhere, no page tells where it was built"
    )
    sys.exit(bool(found))
