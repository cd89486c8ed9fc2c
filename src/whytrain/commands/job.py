"""A job: the composed config of one run and what else decides how it is trained, made once at the edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import setup_globals
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import trusted_targets
from whytrain.config.moved_keys import refuse_moved
from whytrain.config.override_words import key_of, without_interpolations
from whytrain.config.trust import trust
from whytrain.config.validation import untrusted_targets
from whytrain.errors import ConfigError

CONF = Path(__file__).parents[1] / "conf"
_FEW_CALLBACKS = {"none", "predictions"}  # choices that leave out some, or all


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one run is trained by.

    Attributes:
        config: as composed, interpolations included.
        words: the overrides that it was composed with.
        choices: the chosen file of each config group.
        in_sweep: a sweeper hears of errors, and goes on with the next job.
        parent_run_id: the run of the sweep or loop that this one is part of; None outside.
        conf_folders: further folders of configs, searched behind the package's own.
    """

    config: DictConfig
    words: tuple[str, ...]
    choices: Mapping[str, str]
    in_sweep: bool = False
    parent_run_id: str | None = None
    conf_folders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Leave out what an experiment sets of callbacks that are not wanted."""
        if self.choices.get("callbacks") in _FEW_CALLBACKS:
            whole = {name: node for name, node in self.config.callbacks.items() if "_target_" in node}
            self.config.callbacks = whole

    @classmethod
    def of_hydra(cls, config: DictConfig, parent_run_id: str | None) -> Job:
        """Return the job that Hydra's main function was called for."""
        hydra: Any = HydraConfig.get()
        sources = hydra.runtime.config_sources
        return cls(
            config=config,
            words=tuple(hydra.overrides.task),
            choices=dict(hydra.runtime.choices),
            in_sweep=hydra.mode != RunMode.RUN,
            parent_run_id=parent_run_id,
            conf_folders=tuple(source.path for source in sources if source.provider == "command-line"),
        )

    @classmethod
    def of_record(cls, plain: Mapping[str, Any], choices: Mapping[str, str]) -> Job:
        """Return the job of a config that a run kept: data, in which no interpolation is one."""
        return cls(config=OmegaConf.create(_literal(plain)), words=(), choices=choices)

    def resolved(self) -> dict[str, Any]:
        """Return the config as plain containers.

        Raises:
            MissingMandatoryValue: a value that must be given is not.
        """
        plain: Any = OmegaConf.to_container(self.config, resolve=True, throw_on_missing=True)
        return dict(plain)

    def following(self, words: Sequence[str], parent_run_id: str | None) -> Job:
        """Return a job of other words, composed from the same folders.

        The words may come from a run, and so are data: they cannot name a target of their own.

        Raises:
            ConfigError: the config names a `_target_` that no file of the tree does.
        """
        job = compose_job(
            words, in_sweep=self.in_sweep, parent_run_id=parent_run_id, conf_folders=self.conf_folders
        )
        # Resolved: an interpolation such as ${oc.create:…} makes sections that are no such before.
        strangers = untrusted_targets(job.resolved(), trusted_targets(CONF))
        if strangers:
            raise ConfigError(f"the overrides name {', '.join(strangers)}, which no file under conf/ does")
        return job


def compose_job(
    words: Sequence[str],
    *,
    in_sweep: bool = False,
    parent_run_id: str | None = None,
    conf_folders: Sequence[str] = (),
) -> Job:
    """Compose the job of a command line; Hydra's globals are neither needed nor touched.

    Args:
        words: overrides, such as `model=bilstm_opt`.
        in_sweep: see `Job`.
        parent_run_id: see `Job`.
        conf_folders: see `Job`.

    Raises:
        ConfigError: a word has a key that has moved.
        HydraException: the words cannot be composed; `command_line.tell` makes one line of it.
    """
    refuse_moved(map(key_of, words))
    config = _compose("train", words, conf_folders)
    words_used, choices = tuple(config.hydra.overrides.task), dict(config.hydra.runtime.choices)
    del config.hydra
    return Job(
        config=config,
        words=words_used,
        choices=choices,
        in_sweep=in_sweep,
        parent_run_id=parent_run_id,
        conf_folders=tuple(conf_folders),
    )


def _literal(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _literal(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_literal(value) for value in node]
    return without_interpolations(node) if isinstance(node, str) else node


def _compose(name: str, words: Sequence[str], folders: Sequence[str]) -> DictConfig:
    version.setbase("1.3")
    setup_globals()  # the resolvers of interpolations such as ${now:…}
    trust(trusted_targets(CONF))
    path = create_config_search_path(str(CONF))
    for folder in folders:
        path.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="schema"))
    loader = ConfigLoaderImpl(config_search_path=path)
    return loader.load_configuration(name, list(words), run_mode=RunMode.RUN, from_shell=False)
