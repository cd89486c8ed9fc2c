"""The help of a command, from the comments of its config."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

WIDTH = 80
_KEY = re.compile(r"(?P<key>\w+): (?P<value>[^#]*?)\s*# (?P<comment>.*)")
_GROUP = re.compile(r"  - (?P<group>\w+): \[?(?P<chosen>\w+)")


def command_help(primary: Path) -> str:
    """Return what a command does, its groups with their choices, and its settings.

    Args:
        primary: the command's config file.
    """
    lines = primary.read_text("utf-8").splitlines()
    name = primary.stem
    head = [line.removeprefix("# ") for line in _leading_comments(lines)]
    parts = ["\n".join(_filled(line) for line in head)]
    groups = list(_groups(lines, primary.parent))
    if groups:
        parts.append("\n".join(["Groups (group=choice; * if nothing is given)", *groups]))
    sections = list(_sections(lines))
    settings = ["Settings (key=value)", *_settings(lines)]
    parts.append("\n".join(settings + ([_filled(f"  {'  '.join(sections)}")] if sections else [])))
    parts.append(
        f"whytrain {name} --cfg job    prints every setting with its value\n"
        f"whytrain {name} --hydra-help lists Hydra's flags"
    )
    return "\n\n".join(parts)


def _leading_comments(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line


def _groups(lines: list[str], conf: Path) -> Iterator[str]:
    for match in filter(None, map(_GROUP.match, lines)):
        files = sorted(path.stem for path in (conf / match["group"]).glob("*.yaml"))
        choices = [f"{name}*" if name == match["chosen"] else name for name in files]
        yield _filled(f"  {match['group']:<12}{', '.join(choices)}", 14)


def _settings(lines: list[str]) -> Iterator[str]:
    for match in filter(None, map(_KEY.match, lines)):
        setting = f"{match['key']}={match['value']}" if match["value"] else f"{match['key']}.…"
        yield _filled(f"  {setting:<22}{match['comment']}", 24)


def _sections(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if (match := re.fullmatch(r"(\w+):", line)) and match[1] not in {"defaults", "hydra"}:
            yield f"{match[1]}.…"


def _filled(text: str, indent: int = 2) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)
