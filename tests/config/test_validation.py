"""A config is checked against the constructors that it names, and every mistake is told at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge
from typing_extensions import TypedDict

from whytrain.config.signatures import import_target
from whytrain.config.validation import check_config, did_you_mean, untrusted_targets
from whytrain.errors import ConfigError


class Inner(TypedDict):
    weight: Annotated[float, Ge(0)]
    kind: Literal["a", "b"]


class Plain:
    def __init__(self, *, size: Annotated[int, Ge(1)], inner: Inner, name: str | None) -> None:
        self.size = size


@dataclass(frozen=True, kw_only=True)
class Settings:
    share: Annotated[float, Ge(0)]
    mode: Literal["x", "y"] | bool


def anything(first: int, **others: Any) -> None:
    """Takes whatever comes."""


HERE = __name__
KEYS = {"seed": Annotated[int, Ge(0)]}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "checked_targets", sys.modules[HERE])


def config(**changes: Any) -> dict[str, Any]:
    plain = {
        "_target_": "checked_targets.Plain",
        "size": 3,
        "inner": {"weight": 0.5, "kind": "a"},
        "name": None,
    }
    dataclass_section = {"_target_": "checked_targets.Settings", "share": 1, "mode": "x"}
    return {"seed": 1, "model": plain, "group": {"one": dataclass_section}} | changes


def told(given: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        check_config(given, KEYS)
    return str(caught.value)


def test_a_right_config_passes():
    check_config(config(), KEYS)
    check_config(config(extra={"_target_": "checked_targets.anything", "first": 1, "other": "x"}), KEYS)


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("model", {"size": 0}, "model.size: input should be greater than or equal to 1; got 0"),
        ("model", {"size": "many"}, "model.size: input should be a valid integer"),
        ("model", {"size": 2.5}, "model.size: input should be a valid integer"),
        ("model", {"siz": 1}, "model.siz: no such key; did you mean size? choices: inner, name, size"),
        ("model", {"inner": {"weight": -1, "kind": "a"}}, "model.inner.weight: input should be greater"),
        (
            "model",
            {"inner": {"weight": 1, "kind": "c"}},
            "model.inner.kind: input should be 'a' or 'b'; got 'c'",
        ),
        ("model", {"inner": {"weight": 1}}, "model.inner.kind: field required"),
        (
            "model",
            {"inner": {"weight": 1, "kind": "a", "wait": 2}},
            "model.inner.wait: no such key; choices: kind, weight",
        ),
    ],
)
def test_wrong_values_are_named_with_what_is_allowed(section, changes, message):
    given = config()
    given[section] = given[section] | changes
    said = told(given)
    if "wait" in message:  # whether a word is close enough to be suggested is difflib's to say
        said = said.replace("did you mean weight? ", "")
    assert said.startswith(message)
    assert "\n" not in said


def test_sections_at_any_depth_and_dataclasses():
    given = config()
    given["group"]["one"] = given["group"]["one"] | {"mode": "z", "share": -1}
    said = told(given)
    assert "group.one.share: input should be greater than or equal to 0; got -1" in said
    assert "group.one.mode: input should be 'x' or 'y'; got 'z'" in said


def test_keys_without_a_section():
    assert told(config(seed=-1)) == "seed: input should be greater than or equal to 0; got -1"
    given = config(seed=-1)  # "share: ${seed}" in a section: what it takes from the top is told there
    given["group"]["one"] = given["group"]["one"] | {"share": -1}
    given["model"] = given["model"] | {"size": 0}
    assert told(given) == (
        "seed: input should be greater than or equal to 0; got -1; "
        "model.size: input should be greater than or equal to 1; got 0"
    )
    assert told(config(sed=1)) == "sed: no such key; did you mean seed? choices: group, model, seed"
    assert told({key: value for key, value in config().items() if key != "seed"}) == "seed: must be given"
    assert told(config(group={"one": 5})) == "group.one: no such key; choices: group, model, seed"
    given = config()
    given["group"]["on"] = {"share": 0.5}
    assert told(given) == "group.on.share: no such key; did you mean group.one? choices: group.one"
    many = told(config(group={"one": 5, "two": {"three": 6}}))
    assert many.startswith("group.one, group.two.three: no such key; ")
    assert many.count("choices: group, model, seed") == 1


def test_all_problems_are_told_at_once():
    given = config(seed="x")
    given["model"] |= {"size": 0, "nam": 1}
    assert len(told(given).split("; ")) >= 3
    assert all(name in told(given) for name in ("seed", "model.size", "model.nam"))


@pytest.mark.parametrize("path", ["whytrain.nothing.X", "whytrain.errors.Nothing", "nothing", ""])
def test_targets_that_are_not_there(path):
    with pytest.raises(ConfigError, match=r"_target_ .* cannot be imported"):
        import_target(path)


def test_targets_that_are():
    assert import_target("whytrain.errors.ConfigError") is ConfigError


def test_did_you_mean():
    assert did_you_mean("poolin", ["size", "pooling"]) == "did you mean pooling? choices: pooling, size"
    assert did_you_mean("zzz", ["size", "pooling"]) == "choices: pooling, size"


def test_untrusted_targets_are_found_at_any_depth() -> None:
    config = {
        "a": {"_target_": "good.One"},
        "b": [{"c": {"_target_": "bad.Two"}}, [{"_target_": "bad.Three"}]],
    }
    assert untrusted_targets(config, {"good.One"}) == ["bad.Three", "bad.Two"]
    assert untrusted_targets(config, {"good.One", "bad.Two", "bad.Three"}) == []
