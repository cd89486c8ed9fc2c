"""The generated reference says what the code does."""

from __future__ import annotations

import doctest
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from making import config_keys, markdown
from making.config_keys import CONF, config_page, keys_of
from making.markdown import table
from making.registries import commands_page, findings_page, metrics_page

from whytrain.commands.__main__ import COMMANDS
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.metrics import METRICS, MULTILABEL_METRICS

FILES = sorted(CONF.rglob("*.yaml"))


def leaves(node: object, where: str = "") -> set[str]:
    """Names of the values of a YAML file."""
    if isinstance(node, dict) and node:
        return {
            name
            for key, value in node.items()
            for name in leaves(value, f"{where}.{key}" if where else str(key))
        }
    return {where}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONF).as_posix())
def test_every_key_of_a_file_is_there_with_its_default(path: Path) -> None:
    content = yaml.safe_load(path.read_text("utf-8")) or {}
    for section in ("defaults", "hydra"):
        content.pop(section, None)
    group = (
        ""
        if path.parent == CONF or "@package _global_" in path.read_text("utf-8")
        else f"{path.parent.name}."
    )
    wanted = {
        f"{group}{name}" for name in leaves(content) if name and not name.endswith(("_target_", "_convert_"))
    }
    found = {key.name: key for key in keys_of(path)}
    shown = {name for name in wanted if not any(name.startswith(f"{key}.") for key in found)}
    assert found.keys() >= shown
    assert found.keys() <= wanted | {name.rpartition(".")[0] for name in wanted}


def test_values_and_what_may_stand_there() -> None:
    keys = {key.name: key for path in FILES for key in keys_of(path)}
    smoothing = keys["optimizer.weight_decay"]
    assert (smoothing.default, smoothing.allowed) == ("0.01", "number ≥ 0")
    assert "weight matrices" in smoothing.comment
    assert keys["guidance.targets"].allowed == "explained, random"
    assert (
        keys["distillation.augmentation.copies"].allowed == "whole number ≥ 0"
    )  # of a section within a section
    assert keys["explainer.shapley.budget"].default == "1024"


def test_every_value_says_what_it_is() -> None:
    bare = [f"{path.name}: {key.name}" for path in FILES for key in keys_of(path) if not key.comment]
    assert not bare


def test_pages_name_all_there_is() -> None:
    commands, metrics, findings = commands_page(), metrics_page(), findings_page()
    assert all(f"\n## {name}\n" in commands for name in COMMANDS)
    assert all(f"| `{m.name}` | {m.label}" in metrics for m in (*METRICS, *MULTILABEL_METRICS))
    assert all(f"\n### {name}\n" in findings for name in DETECTORS if name in findings)
    assert "`objective.label_smoothing +0.1 (to 0.2)`" in findings
    assert config_page().count("\n### ") > 30


def test_a_bar_ends_no_cell() -> None:
    assert table(["a"], [["null | file"]]).endswith("| null \\| file |")


@pytest.mark.parametrize("module", [config_keys, markdown])
def test_examples(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
