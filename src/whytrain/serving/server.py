"""Starting the server's worker processes; uvicorn replaces one that dies."""

from __future__ import annotations

import os
import socket
import tempfile

import uvicorn

from whytrain.errors import ConfigError
from whytrain.serving.settings import MEASURES_VARIABLE, ServeSettings

_GRACE = 30  # seconds that answers get to end when the server is told to


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
        )


def free_port(host: str, port: int) -> None:
    """Refuse a port that is taken.

    Raises:
        ConfigError: it is, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"port={port}: cannot listen on {host}:{port} ({error.strerror}); give another one, such as "
                f"port={port + 1}"
            ) from error
