"""What the targets of a config take, read from their source: a wrong value is told before torch is imported.

A target's module is imported only where its source does not say enough. What an annotation itself needs, such
as `Annotated`, `Ge` or a `TypedDict`, is small, and is evaluated.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_type_hints

from whytrain.errors import ConfigError

_Callable = ast.ClassDef | ast.FunctionDef
_Origin = tuple[str, str]  # the module that an import names, and what it takes from there; "": itself
_TAKE_NOTHING = {"ABC", "Protocol", "object"}  # as bases of a class
_Parameters = dict[str, tuple[str, ast.expr | None]]  # the module whose names an annotation has, and it


@dataclass(frozen=True)
class Signature:
    """What may be given.

    Attributes:
        parameters: their names.
        open_ended: any further names may be given, too.
        hint: returns the annotation of a parameter, `Any` where there is none.
    """

    parameters: Collection[str]
    open_ended: bool
    hint: Callable[[str], Any]


def signature_of(path: str) -> Signature:
    """Return what the class or function with a dotted path takes.

    Raises:
        ConfigError: there is no such module or no such name in it.
    """
    module, _, name = path.rpartition(".")
    if module not in sys.modules:
        try:
            return _read(path, *_find(module, name))
        except _UnclearError:
            pass
    return _imported(path)


def import_target(path: str) -> Callable[..., Any]:
    """Import the class or function with a dotted path.

    Raises:
        ConfigError: there is no such module or no such name in it.
    """
    module, _, name = path.rpartition(".")
    try:
        target: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"_target_ {path!r} cannot be imported: {error}") from error
    return target


def _imported(path: str) -> Signature:
    target = import_target(path)
    parameters = inspect.signature(target).parameters
    # A dataclass keeps its annotations itself; those of its generated constructor cannot be resolved.
    is_plain_class = inspect.isclass(target) and not is_dataclass(target)
    hints = get_type_hints(target.__init__ if is_plain_class else target, include_extras=True)
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return Signature(parameters, open_ended, lambda name: hints.get(name, Any))


def _read(path: str, module: str, definition: _Callable) -> Signature:
    parameters, open_ended = _parameters(module, definition)

    def hint(name: str) -> Any:
        where, annotation = parameters[name]
        if annotation is None:
            return Any
        try:
            return _names(where).evaluate(annotation)
        except Exception:  # whatever it is that the source alone cannot do
            return _imported(path).hint(name)

    return Signature(parameters, open_ended, hint)


class _UnclearError(Exception):
    """The source does not say it."""


class _Names:
    """The names of a module as its source defines them, each evaluated when it is first used."""

    def __init__(self, module: str, definitions: Mapping[str, ast.stmt | _Origin]) -> None:
        self.module, self.definitions = module, definitions
        self._values: dict[str, Any] = {"__name__": module}

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._value(name, self.definitions[name])
        return self._values[name]

    def evaluate(self, expression: ast.expr) -> Any:
        """Run an annotation of installed code, as an import of it would."""
        self._prepare(expression)
        return eval(compile(ast.Expression(expression), self.module, "eval"), self._values)  # noqa: S307

    def _prepare(self, node: ast.AST) -> None:
        for name in ast.walk(node):
            if isinstance(name, ast.Name) and name.id in self.definitions:
                self[name.id]

    def _value(self, name: str, definition: ast.stmt | _Origin) -> Any:
        if isinstance(definition, tuple):
            return _value_of(*definition)
        if isinstance(definition, (ast.Assign, ast.AnnAssign)) and definition.value is not None:
            return self.evaluate(definition.value)
        if isinstance(definition, ast.ClassDef) and "TypedDict" in map(ast.unparse, definition.bases):
            for part in [*definition.bases, *definition.body]:
                self._prepare(part)
            code = compile(ast.Module([definition], []), self.module, "exec", dont_inherit=True)
            exec(code, self._values)  # noqa: S102  (as above)
            return self._values[name]
        return getattr(importlib.import_module(self.module), name)


@cache
def _names(module: str) -> _Names:
    path = _source(module)
    if path is None:
        raise _UnclearError(module)
    return _Names(module, dict(_definitions(ast.parse(path.read_text("utf-8")).body)))


def _source(module: str) -> Path | None:
    """Return a module's file; the packages around it are not imported."""
    head, *inner = module.split(".")
    spec = find_spec(head) if head else None
    if spec is None or spec.origin is None or (inner and not spec.submodule_search_locations):
        return None
    path = Path(spec.origin)
    if inner:
        path = path.parent.joinpath(*inner)
        path = path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py")
    return path if path.suffix == ".py" and path.is_file() else None


def _definitions(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt | _Origin]]:
    """Yield what a module defines; of two definitions of a name the last one stands."""
    for node in body:
        if isinstance(node, ast.If):  # of TYPE_CHECKING: what holds at run time stands behind `else`
            yield from _definitions(node.body + node.orelse)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from ((alias.asname or alias.name, (node.module, alias.name)) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, (alias.name, "")) for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from ((name.id, node) for name in node.targets if isinstance(name, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node
        elif isinstance(node, _Callable):
            yield node.name, node


def _value_of(module: str, name: str) -> Any:
    """Return the value of a module's name; our own modules are read, if they are not imported anyway."""
    is_own = module.partition(".")[0] == __name__.partition(".")[0]
    if is_own and module not in sys.modules and name in _names(module).definitions:
        return _names(module)[name]
    imported = importlib.import_module(module)
    return getattr(imported, name) if name else imported


def _find(module: str, name: str) -> tuple[str, _Callable]:
    """Return which module defines a name, and how, wherever packages pass it on from."""
    definition = _names(module).definitions.get(name)
    if isinstance(definition, tuple):
        return _find(*definition)
    if not isinstance(definition, _Callable):
        raise _UnclearError(name)
    return module, definition


def _parameters(module: str, definition: _Callable) -> tuple[_Parameters, bool]:
    if isinstance(definition, ast.FunctionDef):
        return _of_function(module, definition)
    if any(ast.unparse(decorator).startswith("dataclass") for decorator in definition.decorator_list):
        return _of_fields(module, definition), False
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            parameters, open_ended = _of_function(module, node)
            return dict(list(parameters.items())[1:]), open_ended  # all but self
    for base in _bases(module, definition):
        return _parameters(*base)
    return {}, False


def _of_function(module: str, definition: ast.FunctionDef) -> tuple[_Parameters, bool]:
    if definition.decorator_list:
        raise _UnclearError(definition.name)
    given = definition.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return {argument.arg: (module, argument.annotation) for argument in every}, given.kwarg is not None


def _of_fields(module: str, definition: ast.ClassDef) -> _Parameters:
    """Return the fields of a dataclass, those of its bases first."""
    fields: _Parameters = {}
    for where, base in _bases(module, definition):
        assert isinstance(base, ast.ClassDef)
        fields |= _of_fields(where, base)
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and not ast.unparse(node.annotation).startswith("ClassVar"):
            fields[ast.unparse(node.target)] = (module, node.annotation)
    return fields


def _bases(module: str, definition: ast.ClassDef) -> list[tuple[str, _Callable]]:
    names = [name for name in map(ast.unparse, definition.bases) if name not in _TAKE_NOTHING]
    return [_find(module, name) for name in names]
