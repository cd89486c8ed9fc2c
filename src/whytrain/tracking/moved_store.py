"""A folder of runs that was moved, renamed or copied: MLflow's database names places absolutely."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from whytrain.errors import TrackingError
from whytrain.tracking.settings import ARTIFACTS

# Where MLflow keeps places, by table.
_PLACES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}
_log = logging.getLogger(__name__)


def rebase(database: Path) -> None:
    """Let a database name the artifacts beside it, where these are the ones that it names elsewhere.

    That they are is seen by the folders of its runs and models. A copy is on its own from then on: what it
    names is no longer what the first one names. Call it under the store's lock.

    Args:
        database: a SQLite store of MLflow.

    Raises:
        TrackingError: the store was moved, and cannot be written.
    """
    here = database.absolute().parent / ARTIFACTS
    if not here.is_dir():
        return
    with closing(sqlite3.connect(database)) as opened:
        for there in _former_places(opened, here):
            try:
                _rename(opened, there, here.as_uri())
            except sqlite3.Error as error:
                raise TrackingError(
                    f"the store {database} was moved from {_folder(there).parent} and has to note where its "
                    f"files are now, but cannot be written ({error}): make it writable"
                ) from error
            _log.warning("tracking: moved or copied from %s: files are read here now", _folder(there).parent)


def _former_places(opened: sqlite3.Connection, here: Path) -> Iterator[str]:
    """Yield the places of artifacts elsewhere of which some are here, or which are no longer there."""
    try:
        query = "SELECT DISTINCT artifact_location FROM experiments"
        places = [str(row[0]) for row in opened.execute(query)]
    except sqlite3.Error:  # of another form: MLflow will say so
        return
    for place in places:
        is_ours = place.startswith("file:") and _folder(place).name == ARTIFACTS and place != here.as_uri()
        if is_ours and (not _folder(place).exists() or any(_files_of(opened, place, here))):
            yield place


def _files_of(opened: sqlite3.Connection, there: str, here: Path) -> Iterator[bool]:
    """Tell of each run and model that is said to be there whether its files are here."""
    for table, column in (("runs", "artifact_uri"), ("logged_models", "artifact_location")):
        query = f"SELECT {column} FROM {table} WHERE substr({column}, 1, ?) = ?"  # noqa: S608  (names of ours)
        for (place,) in opened.execute(query, (len(there) + 1, f"{there}/")):
            yield (here / unquote(place[len(there) + 1 :])).is_dir()


def _rename(opened: sqlite3.Connection, there: str, here: str) -> None:
    for table, columns in _PLACES.items():
        for column in columns:
            opened.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608  (names of ours)
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (here, len(there) + 1, there, len(there) + 1, f"{there}/"),
            )
    opened.commit()


def _folder(place: str) -> Path:
    return Path(unquote(urlsplit(place).path))
