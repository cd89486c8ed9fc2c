"""What is read from source is what an import says, for everything that a config can name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from typing_extensions import is_typeddict

from whytrain.commands.hydra_command import CONF
from whytrain.config import signatures
from whytrain.config.signatures import Signature, signature_of
from whytrain.errors import ConfigError

TARGETS = sorted(
    {
        target
        for path in CONF.rglob("*.yaml")
        for target in re.findall(r"^\s*_target_:\s*(whytrain\.\S+)", path.read_text("utf-8"), re.MULTILINE)
    }
)


def read(path: str) -> Signature:
    module, _, name = path.rpartition(".")
    return signatures._read(path, *signatures._find(module, name))


def shown(hint: object) -> str:
    """A TypedDict that was read is another object than the imported one: its fields are compared."""
    fields = get_type_hints(hint, include_extras=True) if is_typeddict(hint) else None
    return str({name: shown(field) for name, field in fields.items()}) if fields else str(hint)


@pytest.mark.parametrize("target", TARGETS)
def test_source_and_import_say_the_same(target: str) -> None:
    source, imported = read(target), signatures._imported(target)
    assert list(source.parameters) == list(imported.parameters)
    assert source.open_ended == imported.open_ended
    for name in imported.parameters:
        assert shown(source.hint(name)) == shown(imported.hint(name)), name


READ = """
import sys
from whytrain.config.signatures import signature_of
for target in {targets}:
    signature = signature_of(target)
    for name in set(signature.parameters) - {{"network", "reading"}}:
        signature.hint(name)
print(sorted({{"torch", "pytorch_lightning", "mlflow", "matplotlib", "pandas"}} & set(sys.modules)))
"""


def test_reading_imports_nothing_heavy(tmp_path: Path) -> None:
    script = READ.format(targets=TARGETS)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


OWN = """
from __future__ import annotations
from typing import Annotated, TypedDict
from annotated_types import Ge
from own_sizes import LEAST as SMALLEST

class Sizes(TypedDict):
    width: Annotated[int, Ge(SMALLEST)]

class Model:
    def __init__(self, *, sizes: Sizes, untyped, **others) -> None: ...

class Inherits(Model): ...

def decorated(function): return function

class Unclear(decorated(Model)): ...

raise RuntimeError("imported")
"""


def test_a_module_of_a_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_model_source.py").write_text(OWN)
    (tmp_path / "own_sizes.py").write_text("LEAST = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    signature = signature_of("own_model_source.Model")
    assert list(signature.parameters) == ["sizes", "untyped"]
    assert signature.open_ended
    assert "Ge(ge=3)" in shown(signature.hint("sizes"))
    assert str(signature.hint("untyped")) == "typing.Any"
    assert list(signature_of("own_model_source.Inherits").parameters) == ["sizes", "untyped"]
    with pytest.raises(RuntimeError, match="imported"):  # nothing but an import tells
        signature_of("own_model_source.Unclear")


@pytest.mark.parametrize(
    "path", ["whytrain.nothing.X", "whytrain.errors.Nothing", "nothing", "", "nowhere.Mine"]
)
def test_what_is_not_there(path: str) -> None:
    with pytest.raises(ConfigError, match=r"_target_ .* cannot be imported"):
        signature_of(path)
