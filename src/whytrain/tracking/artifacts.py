"""Files that are added to a tracked run after its end."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from whytrain.errors import TrackingError
from whytrain.tracking.backoff import in_one_line
from whytrain.tracking.connection import connect
from whytrain.tracking.reader import RunRecord


def write_artifact(run: RunRecord, path: str, text: str) -> None:
    """Write a text as an artifact of a run, in place of what is there.

    Args:
        run: the run.
        path: below its artifacts.
        text: the content.

    Raises:
        TrackingError: the store cannot be reached or written.
    """
    target = PurePosixPath(path)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / target.name
            file.write_text(text, "utf-8")
            parent = None if str(target.parent) == "." else str(target.parent)
            connect(run.uri).log_artifact(run.run_id, str(file), parent)
    except TrackingError:
        raise
    except Exception as error:  # MLflow, requests, SQLAlchemy and the operating system raise their own
        raise TrackingError(f"cannot write {path} of run {run.name}: {in_one_line(error)}") from error
