"""The server of the app, on this machine alone."""

from __future__ import annotations

import secrets
import socket

import uvicorn

from whytrain.app.exploration import Exploration
from whytrain.app.server import make_app
from whytrain.errors import ConfigError

HOST = "127.0.0.1"


def serve(exploration: Exploration, port: int) -> None:
    """Say where, and answer until somebody ends it.

    Args:
        exploration: what is shown.
        port: to listen on; 0: one that is free.

    Raises:
        ConfigError: the port is taken.
    """
    token = secrets.token_urlsafe(24)
    server = uvicorn.Server(
        uvicorn.Config(make_app(exploration, token=token), log_level="warning", server_header=False)
    )
    with listening(port) as own:
        exploration.warm()
        address = f"http://{HOST}:{own.getsockname()[1]}/?token={token}"
        names = ", ".join(model.name for model in exploration.models)
        print(f"{names} is explored at\n{address}\nstop with Ctrl-C", flush=True)
        server.run(sockets=[own])


def listening(port: int) -> socket.socket:
    """Return a socket that listens on this machine.

    Raises:
        ConfigError: the port is taken.
    """
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((HOST, port))
    except OSError as error:
        own.close()
        raise ConfigError(f"port={port} is taken: give another, or port=0 for one that is free") from error
    return own
