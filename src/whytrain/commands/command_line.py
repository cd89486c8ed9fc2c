"""Errors of a command as one readable line and an exit code."""

from __future__ import annotations

import logging
import os
import re
import select
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import yaml
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, OmegaConfBaseException

from whytrain.config.moved_keys import keys_within
from whytrain.config.trust import trust
from whytrain.config.validation import did_you_mean
from whytrain.errors import ConfigError, Interrupted, LeftOut, WhytrainError, ending_signals
from whytrain.extras import absent

DONE, FAILED, WRONG_CONFIG = 0, 1, 2
NOBODY_READS = 128 + signal.SIGPIPE  # what shells know of a command whose output was cut off

# Names that other tools have for our keys.
_ALSO_CALLED = {
    "lr": "optimizer.learning_rate",
    "epochs": "trainer.max_epochs",
    "num_train_epochs": "trainer.max_epochs",
    "bs": "data.batch_size",
    "max_length": "data.max_tokens",
    "gpus": "trainer.devices",
    "name": "run_name",
    "log_text": "tracking.log_text",
    "experiment_name": "tracking.experiment",
}


def run_command(command: Callable[[], object], primary: Path) -> int:
    """Run a Hydra command and return its exit code; what went wrong is one line on stderr.

    0 done; 1 the run failed; 2 the command line or the config is wrong; 128 + n after signal n, the end of
    whoever read the output included.

    Args:
        command: the function that `hydra.main` made.
        primary: the command's config file, whose groups and keys are the choices that a message lists.
    """
    quiet_libraries()
    trust(trusted_targets(primary.parent))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then lets its exceptions through instead of exiting with 1
    in_main_thread = threading.current_thread() is threading.main_thread()
    ends = ending_signals() if in_main_thread else []
    defaults = {number: signal.signal(number, terminate) for number in ends}
    try:
        command()
        sys.stdout.flush()
    except Exception as error:
        return tell(error, primary)
    except KeyboardInterrupt:
        return tell(Interrupted(signal.SIGINT), primary)
    finally:
        for number, default in defaults.items():
            signal.signal(number, default)
    return DONE


@contextmanager
def job_errors(primary: Path, *, in_sweep: bool = False) -> Iterator[None]:
    """End the process with one line about an error; in a sweep leave a failed job to the sweeper.

    A signal ends the whole sweep.
    """
    trust(trusted_targets(primary.parent))  # a sweep's job may run in a process of its own
    try:
        yield
    except Exception as error:
        if not in_sweep or isinstance(error, Interrupted):
            sys.exit(tell(error, primary))
        raise


@contextmanager
def readable_errors(primary: Path) -> Iterator[None]:
    """Turn what Hydra says of a wrong config into a ConfigError with the line that a command would print."""
    try:
        yield
    except InstantiationException as error:
        raise error.__cause__ or error from None  # what the constructor itself raised
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_config_message(error, primary)) from error


def tell(error: Exception, primary: Path) -> int:
    """Print one line about an error and return the exit code that belongs to it."""
    if isinstance(error, InstantiationException) and isinstance(error.__cause__, Exception):
        return tell(error.__cause__, primary)  # what the constructor itself raised
    if isinstance(error, Interrupted):
        return _say(str(error), 128 + error.signal_number)
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what Python still holds of the output goes nowhere
        return NOBODY_READS
    if isinstance(error, WhytrainError):
        return _say(str(error), WRONG_CONFIG if isinstance(error, ConfigError) else FAILED)
    if isinstance(error, (HydraException, OmegaConfBaseException)) or _is_group_number(error):
        return _say(_config_message(error, primary), WRONG_CONFIG)
    log = _write_traceback(error)
    return _say(f"{type(error).__name__}: {_one_line(str(error))} (traceback in {log})", FAILED)


def terminate(number: int, frame: FrameType | None) -> None:
    """Let a signal unwind the stack, as Ctrl-C does: a run is then marked KILLED wherever it stood."""
    raise Interrupted(number)


def quiet_libraries() -> None:
    """Silence what libraries say about themselves; warnings about the user's own doing remain."""
    for name in (
        "pytorch_lightning.utilities.rank_zero",  # the package's own logger is set to INFO by its import
        "pytorch_lightning.trainer.connectors.checkpoint_connector",
        "pytorch_lightning.trainer.connectors.signal_connector",
        "lightning_fabric.utilities.rank_zero",
        "mlflow",
        "alembic",
    ):
        logging.getLogger(name).setLevel(logging.ERROR)
    for pattern in (
        r".*does not have many workers.*",
        r".*Any type hint is inferred as AnyType.*",
        r".*TF32 acceleration on top of oneDNN.*",
        r".*isinstance\(treespec, LeafSpec\).*",
        r"The number of unique classes is greater than 50%.*",  # scikit-learn, of many classes in few rows
        r"lbfgs failed to converge.*",
    ):
        warnings.filterwarnings("ignore", pattern)
    warnings.formatwarning = _warning


def trusted_targets(conf: Path) -> frozenset[str]:
    """All `_target_` values of a config tree: what a config that comes from elsewhere may name."""
    text = "\n".join(path.read_text("utf-8") for path in sorted(conf.rglob("*.yaml")))
    return frozenset(re.findall(r"^\s*_target_:\s*(\S+)", text, flags=re.MULTILINE))


_library_warning = warnings.formatwarning


def _warning(message: Warning | str, category: type[Warning], *place: Any, **line: Any) -> str:
    """Write a warning; of ours the line alone, without its place in the code."""
    return (
        f"note: {message}\n" if category is LeftOut else _library_warning(message, category, *place, **line)
    )


def _nobody_reads() -> bool:
    """Whether standard output is a pipe whose reader has gone; connections to servers break, too."""
    poll = select.poll()
    poll.register(1, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _say(message: str, code: int) -> int:
    print(f"error: {message}" if code < 128 else message, file=sys.stderr)
    return code


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _write_traceback(error: Exception) -> Path:
    path = Path("mlruns") / "last-error.log"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), "utf-8")
    except OSError:
        traceback.print_exception(error)
    return path


def _is_group_number(error: Exception) -> bool:
    """Whether it is Hydra's answer to model=1, a bare ValueError."""
    return str(error).startswith("Config group override must be")


def _config_message(error: Exception, primary: Path) -> str:
    cause = error.__cause__
    if isinstance(error, MissingConfigException):
        return _missing_choice(str(error), primary)
    if isinstance(error, ConfigCompositionException) and isinstance(cause, OmegaConfBaseException):
        return _wrong_key(cause, primary) or _one_line(str(error))
    if match := re.search(r"Could not override '([^']+)'", str(error)):
        return _no_such_key(match.group(1), primary)
    if match := re.search(r"Interpolation key '([^']+)' not found", str(error)):
        return f"{match.group(1)}: must be given, {error.full_key} refers to it"  # type: ignore[attr-defined]  # OmegaConf's errors have it
    if "Missing mandatory value: " in str(error):
        behind = re.search(r"interpolation: Missing mandatory value: (\S+)", str(error))
        key = behind.group(1) if behind else error.full_key  # type: ignore[attr-defined]  # OmegaConf's errors have it
        return f"{key} must be given: add {key}=VALUE"
    return _about_word(error, primary) or _one_line(str(error))


def _about_word(error: Exception, primary: Path) -> str | None:
    """Say what is wrong with a word of the command line as such; None where it is something else."""
    if isinstance(error, OverrideParseException):
        return f"{error.override}: cannot be read; close all brackets and quotes, and quote what is no value"
    if isinstance(error, ConfigAttributeError) and "not in struct" in str(error):
        return f"{error.full_key}: must be given; leave ~{error.full_key} out"
    if match := re.search(r"Could not delete from config\. '([^']+)'", str(error)):
        return _nothing_to_leave_out(match.group(1), primary)
    if match := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '(.+?)'", str(error)):
        return _several_values(match.group(1), primary)
    return None


def _nothing_to_leave_out(key: str, primary: Path) -> str:
    """Say why ~key is refused: Hydra finds no key that is null."""
    if key in (*_choices(primary), *_nested_keys(primary)):
        return f"{key}: has no value that could be left out; leave ~{key} out"
    return _no_such_key(key, primary)


def _several_values(word: str, primary: Path) -> str:
    key, _, values = word.partition("=")
    swept = ["-m for a run of each"] if primary.stem == "train" else []
    a_list = [] if "(" in values else [f"{key}=[{values}] where a list is meant"]
    return f"{word}: several values where one is expected; write {', or '.join([*swept, *a_list])}"


def _missing_choice(message: str, primary: Path) -> str:
    found = re.search(r"Could not (?:find|load) '([^']+)'", message)
    group, _, choice = (found.group(1) if found else "").rpartition("/")
    if not group:
        return _one_line(message)
    if choice.startswith("submitit"):  # Hydra's own plugin, which brings its choices
        return absent("hydra-submitit-launcher")
    choices = [path.stem for path in (primary.parent / group).glob("*.yaml")]
    return f"{group}={choice}: no such choice; {did_you_mean(choice, choices)}"


def _wrong_key(cause: OmegaConfBaseException, primary: Path) -> str | None:
    parent, key = getattr(cause, "parent_node", None), getattr(cause, "key", None)
    full_key = getattr(cause, "full_key", None) or str(key)
    if not (isinstance(parent, DictConfig) and "not in struct" in str(cause)):
        return None
    if parent._get_parent() is None:
        return _no_such_key(str(full_key), primary)
    names = [str(name) for name in parent if not str(name).startswith("_")]
    others = _choices_with(str(full_key), primary)
    if others or not names:
        where = f"it belongs to {' and '.join(others)}" if others else "leave it out"
        return f"{full_key}: no such key here; {where}"
    return f"{full_key}: no such key; {did_you_mean(str(key), names)}"


def _choices_with(full_key: str, primary: Path) -> list[str]:
    """Return the choices of a key's group, such as `task=multilabel`, whose file has the key."""
    group, _, key = full_key.rpartition(".")
    found = []
    for path in sorted((primary.parent / group).glob("*.yaml")) if group else []:
        content = yaml.safe_load(path.read_text("utf-8")) or {}
        if key in (content.get(group) or content):  # a recipe's own keys are under its group
            found.append(f"{group}={path.stem}")
    return found


def _no_such_key(key: str, primary: Path) -> str:
    """Name what may have been meant: a key of this name in a section, or the closest one at the top."""
    choices = _choices(primary)
    nested = [name for name in _nested_keys(primary) if name.rpartition(".")[2] == key]
    meant = _ALSO_CALLED.get(key) or " or ".join(nested)
    if meant and meant.partition(".")[0] in choices:
        return f"{key}: no such key; did you mean {meant}? choices: {', '.join(choices)}"
    return f"{key}: no such key; {did_you_mean(key, choices)}"


def _nested_keys(primary: Path) -> list[str]:
    """Return the full names of the keys in a command's sections and in its groups' default files."""
    sections = yaml.safe_load(primary.read_text("utf-8"))
    for entry in sections.pop("defaults"):
        for group, chosen in entry.items() if isinstance(entry, dict) else ():
            path = primary.parent / group / f"{chosen}.yaml"
            if path.is_file():
                content = yaml.safe_load(path.read_text("utf-8")) or {}
                sections[group] = content.get(group, content)  # a recipe's own keys are under its group
    return [key for key in keys_within(sections) if not key.startswith("hydra")]


def _choices(primary: Path) -> list[str]:
    """Return the groups and keys of a command's config."""
    config = yaml.safe_load(primary.read_text("utf-8"))
    groups = [name for entry in config["defaults"] if isinstance(entry, dict) for name in entry]
    return sorted({*groups, *config} - {"defaults", "hydra"} - {g for g in groups if " " in g})
