"""Whether a store of this machine has a run, seen without MLflow, whose import takes seconds."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import quote

from whytrain.errors import MissingRunError
from whytrain.tracking.settings import sqlite_path
from whytrain.tracking.upload import LOCAL_ID_PREFIX

NAMES_SEARCHED = 1000  # the newest runs, among which close matches are looked for
_SHOWN = 5


def refuse_unknown(uri: str, id_or_name: str) -> None:
    """Raise where a SQLite store surely has no such run; other stores, and what is odd, MLflow has to tell.

    Args:
        uri: absolute tracking address.
        id_or_name: MLflow's id, or a name.

    Raises:
        MissingRunError: there is no such run, or no store.
    """
    database = sqlite_path(uri)
    if database is None or id_or_name.startswith(LOCAL_ID_PREFIX):
        return
    if not database.exists():
        raise no_store(uri)
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as opened:
            active = "FROM runs WHERE lifecycle_stage = 'active'"
            query = f"SELECT 1 {active} AND (run_uuid = ? OR name = ?)"
            if opened.execute(query, (id_or_name, id_or_name)).fetchone() is not None:
                return
            newest = f"SELECT name {active} ORDER BY start_time DESC LIMIT {NAMES_SEARCHED}"
            names = [str(name) for (name,) in opened.execute(newest)]
    except sqlite3.Error:  # of another form
        return
    raise no_run(uri, id_or_name, names)


def no_store(uri: str) -> MissingRunError:
    """Return the error of an address where nothing was ever tracked."""
    return MissingRunError(f"there are no tracked runs at {uri}: train one, or give the right tracking.uri")


def no_run(uri: str, id_or_name: str, names: Sequence[str]) -> MissingRunError:
    """Return the error of an unknown run, with what comes close to it among names, newest first."""
    known = list(dict.fromkeys(names))
    close = difflib.get_close_matches(id_or_name, known, n=_SHOWN)
    shown = ", ".join(close or known[:_SHOWN])
    hint = f"close to it: {shown}" if close else f"the newest are: {shown}"
    return MissingRunError(
        f"there is no run {id_or_name!r} at {uri}; {hint if shown else 'it has no runs at all'}"
    )
