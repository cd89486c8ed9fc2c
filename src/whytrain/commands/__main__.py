"""The command `whytrain`: which commands there are."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

# What each does, and an example; `whytrain.commands.<name>` has its `main(words)`.
COMMANDS = {
    "train": ("train, explain and track one run, or many (-m)", "whytrain train model=bilstm_opt seed=1"),
    "explain": ("explain text with a tracked run's model", 'whytrain explain run=NAME text="a fine film"'),
    "score": ("say which explanation to believe on a run's model", "whytrain score run=NAME"),
    "inspect": ("look inside a run's model, and at what taught it", "whytrain inspect run=NAME"),
    "explore": ("ask a run in the browser, mark wrong reasons, retrain", "whytrain explore run=NAME"),
    "amortize": ("teach a network to explain a run's model at once", "whytrain amortize run=NAME"),
    "compare": ("put tracked runs side by side", "whytrain compare runs=[FIRST,SECOND]"),
    "diagnose": ("say again what is wrong with a run, and what to change", "whytrain diagnose run=NAME"),
    "export": ("give a run's model to other tools: Hugging Face, ONNX", "whytrain export run=NAME"),
    "serve": ("answer texts with their reasons over HTTP, on the record", "whytrain serve run=NAME"),
    "ui": ("show tracked runs in MLflow's UI, on this machine", "whytrain ui port=5001"),
    "doctor": ("say what is fit for use here, and what to type if not", "whytrain doctor run=NAME"),
}


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command that the first word names, with the words behind it."""
    given = list(sys.argv[1:] if words is None else words)
    if not given or given[0] in {"--help", "-h", "help"}:
        print(_overview())
        sys.exit(0 if given else 2)
    if given[0] == "--version":
        from importlib.metadata import version

        print(f"whytrain {version('whytrain')}")
        sys.exit(0)
    name = given[0]
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        print(f"error: {name}: no such command; {hint}choices: {', '.join(COMMANDS)}", file=sys.stderr)
        sys.exit(2)
    importlib.import_module(f"whytrain.commands.{name}").main(given[1:])
    raise AssertionError("a command exits")


def _overview() -> str:
    lines = ["Train text classifiers that explain themselves; track and compare the runs.", ""]
    for name, (what, example) in COMMANDS.items():
        lines += [f"  {name:<9}{what}", f"  {'':<9}  {example}"]
    lines += ["", "whytrain COMMAND --help lists a command's settings."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
