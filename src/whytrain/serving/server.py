"""Starting the server's worker processes; uvicorn replaces one that dies."""

from __future__ import annotations

import os
import tempfile

import uvicorn

from whytrain.serving.settings import MEASURES_VARIABLE, ServeSettings

_GRACE = 30  # seconds that answers get to end when the server is told to
_IDLE = 75  # seconds that a connection may be idle: longer than proxies keep theirs
_SILENT = 30  # seconds after which a worker that says nothing is replaced: on a busy machine 5 are soon over


def serve(settings: ServeSettings, *, host: str, port: int, workers: int) -> None:
    """Serve until somebody ends it.

    Args:
        settings: of the workers.
        host: address to listen on.
        port: of it; free.
        workers: processes, each with the model.
    """
    settings.to_environment()
    with tempfile.TemporaryDirectory(prefix="whytrain-measures-") as counts:
        os.environ[MEASURES_VARIABLE] = counts
        uvicorn.run(
            "whytrain.serving.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
            timeout_keep_alive=_IDLE,
            timeout_worker_healthcheck=_SILENT,
        )
