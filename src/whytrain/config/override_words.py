r"""Words of the command line: `key=value`, Hydra's signs before the key, and values that are people's words.

A value of people's words (a path, a column, a name) may hold anything. `literal` quotes it where Hydra's
grammar would read it in another way; what is plain stays as it is: recorded command lines stay readable.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# What Hydra's grammar takes as one string and YAML as no number.
_PLAIN = re.compile(r"(?!(?:null|true|false|nan|inf)$)(?:[a-z_/]|\.{1,2}/)[\w./:-]*(?<!:)", re.ASCII | re.I)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_SWEPT = re.compile(r"(choice|range|interval|glob|shuffle|sort|tag)\(.*\)")


def split_word(word: str) -> tuple[str, str]:
    r"""Return key and value of an override; the value is empty where nothing is set.

    >>> split_word("+model.dropout=0.1"), split_word("a=b=c"), split_word("~callbacks.explanations")
    (('model.dropout', '0.1'), ('a', 'b=c'), ('callbacks.explanations', ''))
    >>> split_word(r"run_name='it\'s mine'")
    ('run_name', "it's mine")
    """
    key, _, value = word.lstrip("+~").partition("=")
    return key, _unquoted(value)


def key_of(word: str) -> str:
    """Return the key of an override.

    >>> key_of("+loop.seeds=[0,1]"), key_of("~callbacks")
    ('loop.seeds', 'callbacks')
    """
    return split_word(word)[0]


def values_of(words: Iterable[str]) -> dict[str, str]:
    """Return the value of each key; the last of one key stands.

    >>> values_of(["seed=0", "model=bilstm", "seed=1"])
    {'seed': '1', 'model': 'bilstm'}
    """
    return dict(map(split_word, words))


def last_of_each(words: Sequence[str]) -> list[str]:
    """Return overrides with only the last one of each key, in order.

    >>> last_of_each(["seed=0", "model=bilstm", "seed=1"])
    ['model=bilstm', 'seed=1']
    """
    last = {key_of(word): number for number, word in enumerate(words)}
    return [word for number, word in enumerate(words) if last[key_of(word)] == number]


def words_of(values: Mapping[str, Any]) -> list[str]:
    """Return plain Python values as overrides.

    >>> words_of({"model.layer_norm": True, "run_name": "my run", "loop.seeds": [0, 1], "resume": None})
    ['model.layer_norm=true', "run_name='my run'", 'loop.seeds=[0,1]', 'resume=null']
    """
    return [f"{key}={_written(value)}" for key, value in values.items()]


def literal(word: str, keys: Collection[str], *, swept: bool = False) -> str:
    r"""Quote the value of `key=value` where Hydra's and OmegaConf's grammars would not take it as it is.

    Words with other keys, and a value of `null`, stay as they are.

    Args:
        word: of the command line.
        keys: those whose values are people's words.
        swept: with several jobs: commas separate values, `choice(…)` is Hydra's, and quotes around a value
            are the grammar's.

    >>> literal("text=It's fine, ${really}!", ["text"])
    "text='It\\'s fine, \\${really}!'"
    >>> literal("data.path=my data (v2).csv,b.csv", ["data.path"], swept=True)
    "data.path='my data (v2).csv',b.csv"
    """
    key, equals, value = word.partition("=")
    if not equals or key.lstrip("+") not in keys or value == "null":
        return word
    if (
        not swept or value == "," or Path(value).expanduser().is_file()
    ):  # a file whose name has a comma is one value
        return f"{key}={_as_text(value)}"
    if _SWEPT.fullmatch(value):
        return word
    members = re.findall(rf"(?:{_QUOTED.pattern}|[^,])+", value)
    kept = (m if _QUOTED.fullmatch(m) or m == "null" else _as_text(m) for m in members)
    return f"{key}={','.join(kept)}"


def literal_list(word: str, keys: Collection[str]) -> str:
    """Quote the members of `key=[a,b]`, so that names of digits stay names; quoted ones stay as they are.

    >>> literal_list("runs=[123, 4e5f, one]", ["runs"])
    "runs=['123','4e5f',one]"
    """
    key, equals, value = word.partition("=")
    if not equals or key not in keys or not re.fullmatch(r"\[[^\[\]'\"]+\]", value):
        return word
    return f"{key}=[{','.join(_as_text(member.strip()) for member in value[1:-1].split(','))}]"


def quoted(value: str) -> str:
    r"""Return text as Hydra's grammar takes it literally.

    >>> print(quoted('{"a": "it\'s"}'), quoted("back\\"))
    '{"a": "it\'s"}' 'back\\'
    """
    # Backslashes count only before a quote, so those there, and at the end, are doubled.
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
    return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"


def without_interpolations(value: str) -> str:
    r"""Return text that OmegaConf takes as it is: a backslash keeps an interpolation from being one.

    >>> print(without_interpolations("${oc.env:HOME} costs 5 $"))
    \${oc.env:HOME} costs 5 $
    """
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value)


def _as_text(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return quoted(without_interpolations(value))


def _unquoted(value: str) -> str:
    if not _QUOTED.fullmatch(value):
        return value
    plain = re.sub(rf"(\\+)(?={value[0]})", lambda found: "\\" * (len(found[1]) // 2), value[1:-1])
    return re.sub(r"(\\+)$", lambda found: "\\" * (len(found[1]) // 2), plain)


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{_written(v)}' for key, v in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_written, value))}]"
    return _as_text(value) if isinstance(value, str) else str(value)
