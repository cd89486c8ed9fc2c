"""Which run of this machine's store is meant, seen without MLflow, whose import takes seconds."""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import quote

from whytrain.errors import MissingRunError
from whytrain.tracking.settings import sqlite_path
from whytrain.tracking.upload import LOCAL_ID_PREFIX

NAMES_SEARCHED = 1000  # the newest runs, among which close matches are looked for
OF_SEVERAL = ("kind", "sweep")  # tags of runs that trained nothing themselves
ID = re.compile(r"[0-9a-f]{32}")  # MLflow's, of a run
BEGINNING = re.compile(r"[0-9a-f]{6,31}")  # of an id, as people type it
_SHORT_ID = 8  # characters of an id where it is shown to be typed
_ONE_WORD = re.compile(r"[\w.:/-]+")  # a name that a list separates
_SHOWN = 5


def known_run(uri: str, said: str) -> str:
    """Return the id of the run that is meant if a SQLite store tells, else what was said: MLflow has to tell.

    Args:
        uri: absolute tracking address.
        said: MLflow's id or a beginning of it, or a name; see `find_run`.

    Raises:
        MissingRunError: there surely is no such run, or no store, or several ids begin like this.
    """
    database = sqlite_path(uri)
    if database is None or said.startswith(LOCAL_ID_PREFIX):
        return said
    if not database.exists():
        raise no_store(uri)
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as opened:
            active = "FROM runs WHERE lifecycle_stage = 'active'"
            query = f"SELECT run_uuid {active} AND (run_uuid = ? OR name = ?)"
            ids = [str(found) for (found,) in opened.execute(query, (said, said))]
            if ids:
                return ids[0] if len(ids) == 1 else said
            query = f"SELECT run_uuid {active} AND substr(run_uuid, 1, ?) = ?"
            like = [str(found) for (found,) in opened.execute(query, (len(said), said))]
            trained = "run_uuid NOT IN (SELECT run_uuid FROM tags WHERE key IN (?, ?))"
            newest = f"SELECT name {active} AND {trained} ORDER BY start_time DESC LIMIT {NAMES_SEARCHED}"
            names = [str(name) for (name,) in opened.execute(newest, OF_SEVERAL)]
    except sqlite3.Error:  # of another form
        return said
    begun = begins(said, like)
    if begun is None:
        raise no_run(uri, said, names)
    return begun


def begins(said: str, ids: Sequence[str]) -> str | None:
    """Return the one of the ids that begins like this; None if there is none, or it is too short to tell.

    Raises:
        MissingRunError: there are several.
    """
    found = [run_id for run_id in ids if run_id.startswith(said)] if BEGINNING.fullmatch(said) else []
    if len(found) > 1:
        shown = ", ".join(found[:_SHOWN])
        raise MissingRunError(f"{len(found)} runs have ids that begin with {said}; give more of it: {shown}")
    return found[0] if found else None


def short_id(run_id: str) -> str:
    """Return as much of an id as is typed; a name, or the id of a run that is not sent yet, as it is."""
    return run_id[:_SHORT_ID] if ID.fullmatch(run_id) else run_id


def no_store(uri: str) -> MissingRunError:
    """Return the error of an address where nothing was ever tracked."""
    return MissingRunError(f"there are no tracked runs at {uri}: train one, or give the right tracking.uri")


def no_run(uri: str, id_or_name: str, names: Sequence[str]) -> MissingRunError:
    """Return the error of an unknown run, with what comes close among names of trainings, newest first."""
    known = list(dict.fromkeys(names))
    close = difflib.get_close_matches(id_or_name, known, n=_SHOWN)
    shown = ", ".join(name if _ONE_WORD.fullmatch(name) else f"'{name}'" for name in close or known[:_SHOWN])
    hint = f"close to it: {shown}" if close else f"the newest are: {shown}"
    return MissingRunError(
        f"there is no run {id_or_name!r} at {uri}; {hint if shown else 'it has no runs at all'}"
    )
