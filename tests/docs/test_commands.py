"""Every command that the documentation shows can be composed: its words are keys and choices that there are."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from whytrain.commands.__main__ import COMMANDS
from whytrain.commands.job import _compose
from whytrain.commands.train import KEYS
from whytrain.config.validation import check_config
from whytrain.errors import WhytrainError

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs").glob("[tcn]*/*.md")),
]
_FENCE = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(whytrain \w+ [^`]+)`")
_START = re.compile(r"^\s*(whytrain |python )")


def shown(page: Path) -> Iterator[str]:
    """Yield the commands of a page, in blocks and within sentences, each in one line."""
    text = page.read_text("utf-8")
    for block in _FENCE.findall(text):
        lines = block.replace("\\\n", " ").splitlines()
        # A command in a program, such as python -c with quotation marks over lines, is none of ours.
        yield from (line.strip() for line in lines if _START.match(line) and '-c "' not in line)
    yield from (" ".join(match.split()) for match in _INLINE.findall(_FENCE.sub("", text)))


# One that stands on several pages is composed once.
FOUND = sorted(
    {command: page.relative_to(ROOT).as_posix() for page in PAGES for command in shown(page)}.items()
)


def words_of(command: str) -> list[str]:
    """Return a command's words up to a pipe or a redirection, as `whytrain NAME …`."""
    words = shlex.split(command, comments=True)
    ends = [place for place, word in enumerate(words) if word in {"|", ">", "2>", "&&", "…"}]
    words = words[: ends[0]] if ends else words
    if words[0] == "python" and words[1:3] == ["-m", "whytrain"]:
        return ["whytrain", *words[3:]]
    if words[0] == "python" and words[1].removesuffix(".py") in COMMANDS:
        return ["whytrain", words[1].removesuffix(".py"), *words[2:]]
    return words


def refuse(command: str) -> None:
    """Raise what is wrong with a command.

    Raises:
        WhytrainError: a key, value or choice is wrong.
    """
    program, name, *rest = words_of(command)
    if program == "python":
        if name == "-m":
            assert importlib.util.find_spec(rest[0]), command
        else:
            assert (ROOT / name).is_file(), command
        return
    if name.startswith("-") or set(rest) & {"--help", "--hydra-help", "COMMAND"}:
        return
    assert name in COMMANDS, f"no command {name}"
    swept = bool({"-m", "--multirun"} & set(rest))
    folder = "--config-dir" in rest  # of the reader's own, with choices of their own
    values = [
        word for word in rest if word not in {"-m", "--multirun", "--cfg", "job", "--config-dir", "my_conf"}
    ]
    overrides = importlib.import_module(f"whytrain.commands.{name}").COMMAND.checked(values, swept=swept)
    parsed = OverridesParser.create().parse_overrides(overrides)
    if folder:
        return
    single = [
        f"{o.get_key_element()}={next(o.sweep_string_iterator())}" if o.is_discrete_sweep() else o.input_line
        for o in parsed
        if not o.is_sweep_override() or o.is_discrete_sweep()
    ]
    config = _compose(name, single, ())
    if name == "train":
        del config.hydra
        plain: Any = OmegaConf.to_container(config, resolve=True)
        check_config(plain, KEYS)


@pytest.mark.parametrize(("command", "page"), FOUND)
def test_a_shown_command_is_right(command: str, page: str) -> None:
    try:
        refuse(command)
    except WhytrainError as error:
        pytest.fail(f"{page}: {command}\n{error}")


@pytest.mark.parametrize(
    "command",
    [
        "whytrain train trainer.max_epoch=3",
        "whytrain train model=bilstm_best",
        "whytrain trian model=bilstm",
        "whytrain explain run=first txt=…",
        "whytrain train objective.label_smoothing=2",
        "python benchmarks/nothing.py",
    ],
)
def test_a_wrong_one_is_seen(command: str) -> None:
    with pytest.raises(Exception, match=r"."):
        refuse(command)


def test_many_are_found() -> None:
    assert len(FOUND) > 80
    assert any("\\" not in command and "data.check_path" in command for command, _ in FOUND)
