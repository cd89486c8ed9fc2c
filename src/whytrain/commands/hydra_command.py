"""A command whose settings Hydra composes: its words are checked, made literal, and handed to Hydra."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from whytrain.config.moved_keys import refuse_moved
from whytrain.config.override_words import key_of, literal, literal_list, split_word
from whytrain.config.trust import trust
from whytrain.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONF = Path(__file__).parents[1] / "conf"
_DATA_FILES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".arrow", ".txt", ".xlsx", ".gz")


def _refuse_option(message: str) -> NoReturn:
    """Tell in a line what is wrong with words that begin with a dash, instead of all options there are."""
    if not (found := re.fullmatch(r"unrecognized arguments: (.+)", message)):
        raise ConfigError(message)
    words = [word.lstrip("-") for word in found[1].split() if "=" in word]
    hint = f"; write {' '.join(words)}" if words else ""
    raise ConfigError(f"{found[1]}: no such option{hint}")


@dataclass(frozen=True, kw_only=True)
class HydraCommand:
    """How a command is started.

    Attributes:
        name: of the command and of its file in `conf/`.
        task: what is done with the composed config.
        positional: what to write instead of words that set nothing, `{text}` or, with commas, `{listed}`.
        text_keys: keys whose values are people's words.
        list_keys: keys whose values are lists of people's words.
        renamed: keys that this command knows under another name.
    """

    name: str
    task: Callable[[DictConfig], Any]
    positional: str
    text_keys: Collection[str] = ()
    list_keys: Collection[str] = ()
    renamed: Callable[[str], str] = str

    def main(self, words: Sequence[str] | None = None) -> NoReturn:
        """Run the command with these words (None: those of this process) and end with its exit code."""
        given = list(sys.argv[1:] if words is None else words)
        if {"--help", "-h"} & set(given):
            from whytrain.commands.help import command_help

            print(command_help(CONF / f"{self.name}.yaml"))
            sys.exit(0)
        from whytrain.commands.command_line import run_command

        sys.exit(run_command(lambda: self._start(given), CONF / f"{self.name}.yaml"))

    def _start(self, given: Sequence[str]) -> None:
        from hydra import version
        from hydra._internal.utils import _run_hydra, get_args_parser

        from whytrain.commands.command_line import trusted_targets

        version.setbase("1.3")
        parser = get_args_parser()
        parser.error = _refuse_option  # type: ignore[method-assign]  # it prints a page of usage
        arguments = parser.parse_intermixed_args(given)  # -m may stand anywhere
        if arguments.config_dir:  # whose classes the user names on this very command line
            trust(trusted_targets(Path(arguments.config_dir)))
        arguments.overrides = self.checked(arguments.overrides, swept=arguments.multirun)
        _run_hydra(arguments, parser, self.task, str(CONF), self.name)

    def checked(self, overrides: Sequence[str], *, swept: bool) -> list[str]:
        """Return overrides as Hydra's grammar takes them; what it would make a riddle of is refused.

        Args:
            overrides: as a person wrote them.
            swept: with several jobs, where commas separate values.

        Raises:
            ConfigError: a word sets nothing, has an old key, or a file where a choice should stand.
        """
        loose = [word for word in overrides if "=" not in word and not word.startswith("~")]
        if loose:
            hint = self.positional.format(text=" ".join(loose), listed=",".join(loose))
            raise ConfigError(f"{' '.join(loose)}: no key=value; {hint}")
        refuse_moved(map(key_of, overrides))
        for key, value in map(split_word, overrides):
            if steps := re.fullmatch(r"(\d+)\.\.(\d+)", value):
                first, last = map(int, steps.groups())
                raise ConfigError(f"{key}={value}: no value; write -m '{key}=range({first},{last + 1})'")
            if key == "data" and (value.lower().endswith(_DATA_FILES) or os.sep in value):
                raise ConfigError(f"data={value}: data is a kind of source; write data=csv data.path={value}")
        named = map(self.renamed, overrides)
        return [self._literal(word, swept=swept) for word in named]

    def _literal(self, word: str, *, swept: bool) -> str:
        key, value = split_word(word)
        if key in self.list_keys and value.startswith("[") and value.endswith("]"):
            return literal_list(word, self.list_keys)
        return literal(word, self.text_keys, swept=swept)
