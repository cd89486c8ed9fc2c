"""The server of the app, on this machine alone."""

from __future__ import annotations

import secrets

import uvicorn

from whytrain.app.exploration import Exploration
from whytrain.app.server import make_app
from whytrain.web.port import listening

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
    with listening(HOST, port) as own:
        exploration.warm()
        address = f"http://{HOST}:{own.getsockname()[1]}/?token={token}"
        names = ", ".join(model.name for model in exploration.models)
        print(f"{names} is explored at\n{address}\nstop with Ctrl-C", flush=True)
        server.run(sockets=[own])
