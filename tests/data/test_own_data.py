"""What docs/own_data.md shows can be read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from whytrain.commands.train import TEXT_KEYS
from whytrain.config.override_words import literal, split_word
from whytrain.config.signatures import import_target
from whytrain.config.validation import check_config
from whytrain.data.source import Source

ROOT = Path(__file__).parents[2]
COMMANDS = re.findall(
    r"^whytrain train (.*)$", (ROOT / "docs" / "own_data.md").read_text("utf-8"), re.MULTILINE
)
HEADERS = {"survey.csv": ("Review Text", "Overall Rating (1-5)")}


def source_of(words: list[str]) -> Source:
    values = dict(split_word(literal(word, TEXT_KEYS)) for word in words)
    section: dict[str, Any] = yaml.safe_load(
        (ROOT / "conf" / "data" / f"{values.pop('data')}.yaml").read_text()
    )
    section |= {
        key.removeprefix("data."): yaml.safe_load(value) if value.startswith("{") else value
        for key, value in values.items()
    }
    check_config({"data": section}, {})
    made: Source = import_target(section.pop("_target_"))(**section)
    return made


def write_rows(path: Path) -> None:
    names = HEADERS.get(path.name, ("text", "label"))
    separator = "\t" if path.suffix == ".tsv" else ","
    rows = [(f"{path.stem} number {row}", f"{row % 2}") for row in range(40)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{separator.join(row)}\n" for row in [names, *rows]))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    for name in re.findall(r"[\w/]+\.[ct]sv", command):
        write_rows(Path(name))
    Path("fix.csv").write_text("id,label\nrow-2,1\n")  # the corrections
    write_rows(Path("folder/train.csv"))
    if "ag_news" in command:
        words = ["data.name=folder" if word.startswith("data.name=") else word for word in words]
    corpus = source_of(words).load()
    assert corpus.class_names == ("0", "1")
    assert len(corpus.train) > 20
