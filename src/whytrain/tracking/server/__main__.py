"""An MLflow server for a team: python -m whytrain.tracking.server [--port 5000] [--directory mlruns/server].

PostgreSQL and the artifacts lie in one folder. Everything listens on 127.0.0.1 and wants a password, which
is made on the first start and kept in files that only their owner can read.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from whytrain.errors import ConfigError, Interrupted, TrackingError, WhytrainError
from whytrain.extras import require
from whytrain.tracking.server.postgres import USER, Postgres
from whytrain.typed_commands import typed

ADMIN = "admin"
_RUNS, _USERS = "mlflow", "mlflow_users"
_START_S = 300.0  # a loaded machine takes minutes to create all tables


@contextlib.contextmanager
def running_server(directory: Path, port: int, postgres_port: int, workers: int) -> Iterator[str]:
    """Run PostgreSQL and MLflow until the end of the block; gives the address.

    Args:
        directory: where databases, artifacts and secrets lie.
        port: of MLflow, on 127.0.0.1; 0 for a free one.
        postgres_port: of PostgreSQL, on 127.0.0.1; 0 for a free one.
        workers: processes that answer requests.

    Raises:
        TrackingError: if the folder is in use, a port is taken, or one of the two does not start.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o711)  # PostgreSQL's user must get through
    try:
        with FileLock(directory / ".lock", timeout=0):
            known = _secrets(directory, port := port or free_port())
            _refuse_taken(port)
            passfile = _write_secret(directory / "pgpass", f"127.0.0.1:*:*:{USER}:{known['postgres']}\n")
            postgres = Postgres(
                directory / "postgres", postgres_port or free_port(), known["postgres"], passfile
            )
            try:
                postgres.start([_RUNS, _USERS])
                with _mlflow(directory, port, workers, postgres, known):
                    yield f"http://127.0.0.1:{port}"
            finally:
                postgres.stop()
    except Timeout:
        raise TrackingError(f"{directory} is in use by another server: stop it first") from None


def client_environment(directory: Path) -> dict[str, str]:
    """Return the variables by which MLflow's clients log in; `client.env` sets them in a shell."""
    known = json.loads((directory / "secrets.json").read_text("utf-8"))
    return {"MLFLOW_TRACKING_USERNAME": ADMIN, "MLFLOW_TRACKING_PASSWORD": known["admin"]}


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise TrackingError(
                f"port {port} is taken: give another one with --port (PORT=… make server)"
            ) from error


def _secrets(directory: Path, port: int) -> dict[str, str]:
    path = directory / "secrets.json"
    if not path.exists():
        made = {name: secrets.token_urlsafe(24) for name in ("postgres", "admin", "sessions")}
        _write_secret(path, json.dumps(made))
    known: dict[str, str] = json.loads(path.read_text("utf-8"))
    lines = [f"MLFLOW_TRACKING_USERNAME={ADMIN}", f"MLFLOW_TRACKING_PASSWORD={known['admin']}"]
    _write_secret(directory / "client.env", "".join(f"export {line}\n" for line in lines))
    return known


def _write_secret(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path


@contextlib.contextmanager
def _mlflow(
    directory: Path, port: int, workers: int, postgres: Postgres, known: dict[str, str]
) -> Iterator[None]:
    settings = directory / "auth.ini"
    lines = ["[mlflow]", "default_permission = READ", f"database_uri = {postgres.url(_USERS)}"]
    # Hashing a password takes longer than most requests: seen ones are remembered for a minute.
    lines += [f"admin_username = {ADMIN}", "auth_cache_ttl_seconds = 60", ""]
    settings.write_text("\n".join(lines), "utf-8")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--app-name", "basic-auth", "--workers", str(workers), "--serve-artifacts"]
    command += ["--backend-store-uri", postgres.url(_RUNS)]
    command += ["--artifacts-destination", str(directory / "artifacts")]
    environment = os.environ | {
        "PGPASSFILE": str(postgres.passfile),
        "MLFLOW_AUTH_CONFIG_PATH": str(settings),
        "MLFLOW_AUTH_ADMIN_PASSWORD": known["admin"],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": known["sessions"],
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with (directory / "mlflow.log").open("w") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process, directory / "mlflow.log")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=5)  # what was answered is in the database
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  (our own server)
            return
        time.sleep(0.2)
    raise TrackingError(f"MLflow did not start: see {log}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m whytrain.tracking.server", description="MLflow on PostgreSQL, on 127.0.0.1."
    )
    parser.add_argument(
        "--directory", default="mlruns/server", help="databases, artifacts, secrets (%(default)s)"
    )
    parser.add_argument("--port", type=int, default=5000, help="of MLflow (%(default)s)")
    parser.add_argument("--postgres-port", type=int, default=0, help="of PostgreSQL (a free one)")
    parser.add_argument("--workers", type=int, default=2, help="processes that answer requests (%(default)s)")
    options = parser.parse_args(arguments)
    directory = Path(options.directory).resolve()
    signal.signal(signal.SIGTERM, _stop)
    try:
        require("psycopg")
        with running_server(directory, options.port, options.postgres_port, options.workers) as address:
            print(f"MLflow on PostgreSQL at {address}; stop it with Ctrl-C", flush=True)
            print(f"log in, for the shell that trains: . {directory / 'client.env'}")
            print(f"train: {typed('train')} tracking=server tracking.uri={address}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 130
    except Interrupted as stopped:
        return 128 + stopped.signal_number
    except WhytrainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


if __name__ == "__main__":
    sys.exit(main())
