"""Pages and parts of pages, made of templates; all text is escaped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from whytrain.app.exploration import Exploration
from whytrain.counted import counted
from whytrain.errors import ConfigError
from whytrain.pages.html import visible
from whytrain.presentation import palette, wording
from whytrain.presentation.wording import shortened

HERE = Path(__file__).parent
VIEWS = ("sentence", "words", "data", "retrain", "compare")
_MOST_FIELDS = 50  # of a form


class Pages:
    """Makes pages of one exploration."""

    def __init__(self, exploration: Exploration) -> None:
        """Read no template yet."""
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "visible": lambda text: visible(str(text)),
            "percent": wording.percent,
            "signed": wording.signed,
            "points": wording.points,
            "url": lambda values: urlencode(values, doseq=True),
        }
        self._templates.globals |= {
            "exploration": exploration,
            "models": exploration.models,
            "views": VIEWS,
            "counted": counted,
            "listed": wording.listed,
        }

    def page(self, view: str, **values: object) -> HTMLResponse:
        """Return a whole page."""
        return HTMLResponse(self.text(view, view=view, **values))

    def part(self, name: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return a part of a page."""
        return HTMLResponse(self.text(name, **values), status)

    def text(self, name: str, **values: object) -> str:
        """Return what a template makes of values."""
        return self._templates.get_template(f"{name}.html").render(**values)


class WrongPartError(ConfigError):
    """A part of an address says what the page does not know."""


def check_part(part: str, value: str, choices: Collection[str]) -> None:
    """Refuse a part of an address that names none of the choices.

    Raises:
        WrongPartError: naming the part and the choices.
    """
    if value not in choices:
        raise WrongPartError(f"{part}={shortened(value)}: expected {' or '.join(choices)}")


def about_part(error: Mapping[str, Any]) -> str:
    """Say what FastAPI holds against a part of an address: its name, what came, what was expected."""
    part = error["loc"][-1]
    if error["type"] == "missing":
        return f"{part} must be given"
    expected = error.get("ctx", {}).get("expected", "a whole number").replace("'", "")
    return f"{part}={shortened(str(error['input']))}: expected {expected}"


def palette_sheet() -> str:
    """Return the house's colors as variables of a style sheet."""
    light = {"for": palette.POSITIVE, "against": palette.NEGATIVE, "size": palette.SIZE}
    light |= {"right": palette.RIGHT, "wrong": palette.WRONG, "ink": palette.INK}
    variables = "".join(f"--{name}:{color};" for name, color in light.items())
    return f":root{{{variables}}}"


async def form_of(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form that a browser sent.

    Raises:
        ConfigError: there are more than any form of ours has.
    """
    body = (await request.body()).decode("utf-8", "replace")
    try:
        sent = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise ConfigError(f"The form has more than {_MOST_FIELDS} fields.") from error
    fields: dict[str, list[str]] = {}
    for name, value in sent:
        fields.setdefault(name, []).append(value)
    return fields


def first_of(fields: dict[str, list[str]], name: str, otherwise: str = "") -> str:
    """Return the first value of a field."""
    return fields.get(name, [otherwise])[0]
