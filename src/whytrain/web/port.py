"""A port to listen on."""

from __future__ import annotations

import socket

from whytrain.errors import ConfigError


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address of this machine: who asks early waits, and is not refused.

    Args:
        host: the address.
        port: 0: one that is free.

    Raises:
        ConfigError: the port is taken, or the address is not this machine's.
    """
    own = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((host, port))
        own.listen()
    except OSError as error:
        own.close()
        raise ConfigError(
            f"port={port}: cannot listen on {host}:{port} ({error.strerror}); give another one, such as "
            f"port={port + 1}"
        ) from error
    return own
