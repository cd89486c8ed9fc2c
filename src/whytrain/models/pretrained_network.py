"""Networks of `transformers` as they were published: from a folder, from the hub's cache, or from the hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from whytrain.data.pretrained import library_reason, packaged_model
from whytrain.errors import ConfigError


def pretrained_network(
    auto_class: Any, name_or_path: str, *, key: str, what: str, **settings: Any
) -> tuple[Any, Mapping[str, Any]]:
    """Read a network with float32 weights.

    Args:
        auto_class: of `transformers`, such as `AutoModelForMaskedLM`.
        name_or_path: a folder with config.json and *.safetensors, or a name on the hub.
        key: of the config, for errors.
        what: is expected there, for errors.
        settings: further arguments of `from_pretrained`.

    Returns:
        The network, and which weights were missing or did not fit.

    Raises:
        ConfigError: there is no such network in safetensors form.
    """
    local = Path(name_or_path).expanduser()
    source = str(local) if local.exists() else str(packaged_model(name_or_path) or name_or_path)
    settings |= {
        "dtype": torch.float32,
        "use_safetensors": True,
        "trust_remote_code": False,
        "output_loading_info": True,
    }
    load = auto_class.from_pretrained
    found: tuple[Any, Mapping[str, Any]]
    try:
        with quiet_library():
            if Path(source).exists():
                found = load(source, **settings)
                return found
            try:
                found = load(source, local_files_only=True, **settings)
            except (OSError, ValueError):  # not in the hub's cache
                reach_hub(source)
                found = load(source, **settings)
    except Exception as error:  # the hub's client, transformers and safetensors raise their own
        raise ConfigError(
            f"{key}={name_or_path}: no {what} in safetensors form there ({library_reason(error)}); give a "
            "folder with config.json and *.safetensors, or a name on the hub"
        ) from error
    return found


def reach_hub(name: str) -> None:
    """Fail at once where a download would retry for a minute."""
    from huggingface_hub import HfApi

    HfApi().model_info(name, timeout=10)


@contextmanager
def quiet_library() -> Iterator[None]:
    """Keep the library's bars and its report on missing weights out of the terminal."""
    from transformers import utils

    logging: Any = utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
