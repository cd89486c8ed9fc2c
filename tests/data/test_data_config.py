"""Every config file of the package fits the constructor that it names."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import yaml

from whytrain.config.signatures import import_target
from whytrain.config.validation import check_config

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted([*CONF.glob("data/*.yaml"), *CONF.glob("tokenizer/*.yaml")])


def test_groups_are_complete() -> None:
    names = {f"{path.parent.name}/{path.stem}" for path in FILES}
    tokenizers = {"tokenizer/wordpiece", "tokenizer/bert", "tokenizer/huggingface"}
    assert names == {"data/snippets", "data/sst2", "data/csv", "data/huggingface"} | tokenizers


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_keys_values_and_comments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    section = yaml.safe_load(text)
    section = {key: "given.csv" if value == "???" else value for key, value in section.items()}
    check_config({"section": section}, {})
    target = import_target(section.pop("_target_"))
    parameters = inspect.signature(target).parameters
    assert set(section) == set(parameters)
    assert all(parameter.default is inspect.Parameter.empty for parameter in parameters.values())
    target(**section)
    lines = text.splitlines()
    assert lines[0].startswith("# ")
    assert all("  # " in line for line in lines[2:])
