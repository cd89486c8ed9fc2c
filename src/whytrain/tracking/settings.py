"""Where the runs of this machine are tracked."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from whytrain.errors import ConfigError

ARTIFACTS = "artifacts"  # the folder of the runs' artifacts, beside that of the runs
_SQLITE = "sqlite:///"


@dataclass(frozen=True, kw_only=True)
class TrackingSettings:
    """Where runs are tracked, under which experiment, and whether raw text may be stored.

    Attributes:
        uri: MLflow's tracking address: http(s)://host:port, or a database such as sqlite:///runs.db;
            None for the SQLite store in `directory`.
        experiment: Name of the MLflow experiment that holds the runs.
        log_text: Whether raw text may reach the artifacts; where not, hashes stand for it.
        directory: Folder of this machine's part: run folders (checkpoints, log, spool) and, unless `uri`
            is a server's, artifacts; relative to the working directory.
        register: Name in the model registry under which a run's model becomes the next version; None: none.

    Raises:
        ConfigError: If the address is of a kind that MLflow does not serve, or the experiment has no name.
    """

    uri: str | None
    experiment: str
    log_text: bool
    directory: str
    register: str | None

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        if not self.experiment.strip():
            raise ConfigError("tracking.experiment is empty: give the experiment a name")
        if self.register is not None and (not self.register.strip() or set(self.register) & set("/:")):
            raise ConfigError(f"tracking.register={self.register}: expected null or a name without / and :")
        if self.uri is None and (odd := re.search(r"\?|%[0-9a-fA-F]{2}", str(self.root))):
            raise ConfigError(
                f"tracking.directory={self.directory}: no database's address may hold {odd[0]}, give another"
            )
        if self.uri is not None and (not urlsplit(self.uri).scheme or self.uri.startswith("file:")):
            raise ConfigError(
                f"tracking.uri={self.uri}: expected null (SQLite under {self.directory}/), "
                "sqlite:///PATH/runs.db or http://HOST:PORT; MLflow no longer writes plain folders"
            )

    @property
    def root(self) -> Path:
        """The folder as an absolute path."""
        return Path(self.directory).resolve()

    @property
    def address(self) -> str:
        """The tracking address with everything relative made absolute."""
        if self.uri is None:
            return sqlite_address(self.root / "mlflow.db")
        if self.uri.startswith(_SQLITE):
            return sqlite_address(Path(self.uri.removeprefix(_SQLITE)).resolve())
        return self.uri.rstrip("/")

    @property
    def artifact_location(self) -> str | None:
        """Where a new experiment keeps its artifacts; None leaves that to the server."""
        return None if is_server(self.address) else (self.root / ARTIFACTS).as_uri()


def is_server(uri: str) -> bool:
    """Tell whether an address is an HTTP server's rather than a database's.

    >>> is_server("http://127.0.0.1:5000"), is_server("sqlite:////tmp/runs.db")
    (True, False)
    """
    return urlsplit(uri).scheme in {"http", "https"}


def sqlite_address(database: Path) -> str:
    """Return the address of a SQLite database."""
    return f"{_SQLITE}{database}"


def sqlite_path(uri: str) -> Path | None:
    """Return the database file of a SQLite address, None for any other."""
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def place(uri: str) -> str:
    """What a command needs beside a run's id to find it at a tracking address: nothing at the default one.

    Of a store in a folder of its own it is the folder, so that a run that follows is kept there, too.
    """
    default = f"sqlite:///{Path('mlruns/mlflow.db').absolute()}"
    if uri == default:
        return ""
    own = re.fullmatch(r"sqlite:///(.+)/mlflow\.db", uri)
    return " " + shlex.quote(f"tracking.directory={own[1]}" if own else f"tracking.uri={uri}")
