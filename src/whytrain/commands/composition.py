"""Configs that come about beside the command line: those of a loop's runs, and those that follow a diagnosis.

It knows Hydra, as the scripts do that it serves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, read_write

from whytrain.commands.command_line import trusted_targets
from whytrain.config.validation import check_config, untrusted_targets
from whytrain.errors import ConfigError
from whytrain.sweeps.run_key import run_key


def compose_job(words: Sequence[str], conf: Path) -> DictConfig:
    """Compose the config of a job with this command line, and make the job the running one.

    Args:
        words: overrides; they may come from a run, and so are data: they cannot name a target of their own.
        conf: the config tree.

    Raises:
        ConfigError: the config names a `_target_` that no file of the tree does.
    """
    if not GlobalHydra.instance().is_initialized():  # in the processes of a parallel sweep
        initialize_config_dir(str(conf), version_base="1.3")
    mode = HydraConfig.get().mode  # how errors are told: by this process, or by its sweeper
    config = compose("train", list(words), return_hydra_config=True)
    with read_write(config.hydra):
        config.hydra.mode = mode
    HydraConfig.instance().set_config(config)
    del config.hydra
    plain: Any = OmegaConf.to_container(config)
    strangers = untrusted_targets(plain, trusted_targets(conf))
    if strangers:
        raise ConfigError(f"the overrides name {', '.join(strangers)}, which no file under conf/ does")
    return config


def follow_diagnosis(config: DictConfig, uri: str, conf: Path) -> tuple[DictConfig, list[str]]:
    """Return the config of `from_diagnosis=RUN` and its command line.

    It is that run's own command line with its recommendations, and what this command line says on top.

    Args:
        config: as composed from this command line.
        uri: absolute tracking address.
        conf: the config tree.

    Raises:
        TrackingError: there is no such run.
        ConfigError: the run has no diagnosis, or one that recommends nothing or what it may not.
    """
    from whytrain.runs.diagnosed_run import read_diagnosed

    words = read_diagnosed(uri, config.from_diagnosis).words(HydraConfig.get().overrides.task)
    return compose_job(words, conf), words


def close_loop(
    config: DictConfig, train: Callable[[DictConfig], object], keys: Mapping[str, Any], conf: Path
) -> float | None:
    """Run the closed loop that a config describes in `loop`.

    Args:
        config: as composed from the command line.
        train: trains one run.
        keys: types of the keys that belong to no section.
        conf: the config tree.

    Returns:
        None: many runs have no score of their own for a sweeper.
    """
    words = list(HydraConfig.get().overrides.task)
    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    check_config(plain, keys)
    if config.resume is not None or config.from_diagnosis is not None:
        raise ConfigError("the closed loop starts from a baseline: leave out resume and from_diagnosis")

    def train_one(given: list[str]) -> str:
        composed = compose_job(given, conf)
        train(composed)
        resolved: Any = OmegaConf.to_container(composed, resolve=True)
        return run_key(resolved)

    loop, tracking = instantiate(config.loop), instantiate(config.tracking)
    print(loop.run(train_one, words, tracking, plain))
    return None
