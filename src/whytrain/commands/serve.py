"""Answer texts with their reasons over HTTP: whytrain serve run=ID (or model=models:/NAME@ALIAS)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from annotated_types import Ge, Gt, Interval
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries, trusted_targets
from whytrain.commands.explain import classifier_key
from whytrain.commands.hydra_command import CONF, HydraCommand

if TYPE_CHECKING:
    from whytrain.serving.settings import ServeSettings
    from whytrain.tracking.settings import TrackingSettings

LITERAL = (
    "run",
    "classifier",
    "host",
    "record",
    "traces",
    "method",
)  # may hold what Hydra's grammar would not take
# Settings of the server that are keys of the config.
_AS_GIVEN = (
    "check_every",
    "device",
    "max_texts",
    "max_characters",
    "max_words",
    "timeout",
    "method",
    "seed",
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A model to serve: its folder, its run and version, and whether that run keeps texts private."""

    folder: Path
    run: str
    version: str | None
    is_private: bool


def hydra_main(config: DictConfig) -> None:
    """Serve, and end with one line about what went wrong."""
    with job_errors(CONF / "serve.yaml"):
        serve(config)


def serve(config: DictConfig) -> None:
    """Find the model, say where it will answer, and serve it."""
    from whytrain.tracking.quick_look import known_run

    plain = _checked(config)
    tracking: TrackingSettings = instantiate(config.tracking)
    if plain["run"] is not None:
        known_run(tracking.address, plain["run"])
    # Imported here: --help and a wrong command line do without these seconds.
    from whytrain.serving.server import serve as serve_until_ended
    from whytrain.web.port import listening

    quiet_libraries()
    host, port, workers = plain["host"], plain["port"], plain["workers"]
    listening(host, port).close()  # now, not when the model is loaded
    settings = _settings(plain, tracking, _found(tracking, plain))
    for line in _opening(settings, plain):
        print(line, flush=True)
    serve_until_ended(settings, host=host, port=port, workers=workers)


def _settings(plain: dict[str, Any], tracking: TrackingSettings, found: _Found) -> ServeSettings:
    from whytrain.audit.answers import fingerprint
    from whytrain.serving.settings import ServeSettings
    from whytrain.tracking.traces import trace_experiment

    record = plain["record"]
    return ServeSettings(
        folder=str(found.folder),
        identity={"run": found.run, "version": found.version, "fingerprint": fingerprint(found.folder)},
        with_text=not found.is_private if plain["record_text"] is None else plain["record_text"],
        address=plain["classifier"],
        tracking_uri=tracking.address,
        trusted=tuple(sorted(trusted_targets(CONF))),
        record=None if record is None else str(Path(record).expanduser().resolve()),
        traces=None if plain["traces"] is None else trace_experiment(tracking, plain["traces"]),
        threads=max(1, (os.cpu_count() or 1) // plain["workers"]),
        hosts=_LOOPBACK if plain["host"] in _LOOPBACK else (),
        **{key: plain[key] for key in _AS_GIVEN},
    )


def _opening(settings: ServeSettings, plain: dict[str, Any]) -> Iterator[str]:
    """Say where it will answer, what is kept of its answers, and who can reach it."""
    host, record = plain["host"], settings.record
    name = plain["run"] or plain["classifier"]
    yield f"{name} will answer at http://{host}:{plain['port']}/ (how to ask: open it)"
    if record is not None:
        what = "texts" if settings.with_text else "no text (salted hashes stand for them)"
        yield f"record: {record}, with {what}; check it with: python -m whytrain.audit verify {record}"
    if settings.traces is not None:
        yield f"traces: experiment {plain['traces']} of MLflow, as many answers as it keeps up with"
    if not settings.hosts:
        yield f"host={host}: whoever reaches it may ask; put a proxy that knows people in front of it"
    yield "stop with Ctrl-C"


def _checked(config: DictConfig) -> dict[str, Any]:
    from whytrain.config.seed import Seed
    from whytrain.config.validation import check_config
    from whytrain.errors import ConfigError
    from whytrain.types import DeviceName

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    count, seconds = Annotated[int, Ge(1)], Annotated[float, Gt(0)]
    keys: dict[str, Any] = dict.fromkeys(("run", "classifier", "record", "traces", "method"), str | None)
    keys |= {"host": str, "port": Annotated[int, Interval(ge=1, le=65535)], "record_text": bool | None}
    keys |= dict.fromkeys(("workers", "max_texts", "max_characters", "max_words"), count)
    keys |= dict.fromkeys(("timeout", "check_every"), seconds) | {"seed": Seed, "device": DeviceName}
    check_config(plain, keys)
    if (plain["run"] is None) == (plain["classifier"] is None):
        raise ConfigError("give either run=ID_OR_NAME or model=models:/NAME@ALIAS")
    if plain["method"] is not None:
        from whytrain.config.choices import section_of

        section_of("explainer", plain["method"])
    return dict(plain)


def _found(tracking: TrackingSettings, plain: dict[str, Any]) -> _Found:
    """Find the model.

    Raises:
        ConfigError: there is no such run, or no such registered model.
        TrackingError: the run logged no model.
    """
    from whytrain.runs.config import is_private, kept_config
    from whytrain.runs.model import kept_model
    from whytrain.tracking.models.versions import registered_version, version_folder
    from whytrain.tracking.quick_look import known_run
    from whytrain.tracking.reader import find_run, saved_model

    if plain["classifier"] is not None:
        version = registered_version(tracking.address, plain["classifier"])
        run = find_run(tracking.address, version.run_id)
        return _Found(
            folder=version_folder(tracking.address, version),
            run=version.run_id,
            version=f"{version.name}/{version.version}",
            is_private=is_private(run),
        )
    run_id = known_run(tracking.address, plain["run"])
    kept = kept_model(tracking.root, tracking.address, run_id)
    if kept is not None:
        private = not kept_config(tracking.root, run_id)["tracking"]["log_text"]
        return _Found(folder=kept, run=run_id, version=None, is_private=private)
    run = find_run(tracking.address, run_id)
    return _Found(folder=saved_model(run), run=run.run_id, version=None, is_private=is_private(run))


COMMAND = HydraCommand(
    name="serve",
    task=hydra_main,
    text_keys=LITERAL,
    positional="a run is given as run={text}",
    renamed=classifier_key,
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
