"""A PostgreSQL cluster in a folder of ours: on 127.0.0.1 alone, with a password, stopped with its server."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from whytrain.errors import TrackingError

USER = "whytrain"
_SYSTEM_USER = "postgres"  # Debian's; PostgreSQL refuses to run as root


class Postgres:
    """The cluster in `directory`, which it makes on first use.

    Args:
        directory: its folder; its parents must be open to the user that PostgreSQL runs as.
        port: on 127.0.0.1.
        password: of the user `whytrain`.
        passfile: libpq's password file, by which clients connect without a password in their command line.
    """

    def __init__(self, directory: Path, port: int, password: str, passfile: Path) -> None:
        """Remember where; nothing is started yet."""
        self.directory, self.port, self.passfile = directory, port, passfile
        self._password = password
        self._binaries = _binaries()
        self._as_user = _SYSTEM_USER if os.geteuid() == 0 else None

    def url(self, database: str) -> str:
        """Return SQLAlchemy's address of a database; the password is in the file that PGPASSFILE names."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self, databases: Sequence[str]) -> None:
        """Start the cluster, after the end of one that was left running, and see that the databases exist.

        Raises:
            TrackingError: if the folder cannot be entered or PostgreSQL does not start.
        """
        if not (self.directory / "data" / "PG_VERSION").exists():
            self._create()
        self.stop()
        options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -p {self.port}"
        log = self.directory / "log"
        self._run("pg_ctl", "start", "--wait", f"--log={log}", f"--options={options}", hint=f"see {log}")
        self._create_missing(databases)

    def stop(self) -> None:
        """Stop the cluster; open transactions are rolled back."""
        if (self.directory / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "--wait", "--mode=fast", check=False)

    def _create(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if self._as_user is not None:
            account = _account(self._as_user)
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            entered = subprocess.run(["test", "-w", str(self.directory)], user=self._as_user, check=False)
            if entered.returncode != 0:
                raise TrackingError(
                    f"PostgreSQL runs as {self._as_user}, not as root, and {self._as_user} cannot enter "
                    f"{self.directory}: give --directory a folder whose parents are open to it"
                )
        password = self.directory / "password"
        try:
            with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(self._password)
            if self._as_user is not None:
                os.chown(password, account.pw_uid, account.pw_gid)
            access = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}"]
            self._run("initdb", "--encoding=UTF8", "--locale=C.UTF-8", *access)
        finally:
            password.unlink()

    def _create_missing(self, databases: Sequence[str]) -> None:
        import psycopg
        from psycopg import sql

        known = f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres passfile='{self.passfile}'"
        with psycopg.connect(known, autocommit=True) as connection:
            there = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            for name in databases:
                if name not in there:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _run(self, program: str, *arguments: str, check: bool = True, hint: str = "") -> None:
        command = [str(self._binaries / program), f"--pgdata={self.directory / 'data'}", *arguments]
        # pg_ctl's child would keep a pipe open for ever: what it says goes to a file or nowhere.
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            text=True,
            cwd="/",
            user=self._as_user,
            group=_account(self._as_user).pw_gid if self._as_user else None,
            extra_groups=[] if self._as_user else None,
            check=False,
        )
        if check and done.returncode != 0:
            reason = " ".join((done.stderr or hint).split())[-300:]
            raise TrackingError(f"PostgreSQL: {program} failed in {self.directory}: {reason}")


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise TrackingError(
            f"PostgreSQL does not run as root, and there is no user {name}: install Debian's postgresql"
        ) from None


def _binaries() -> Path:
    """Return the folder of initdb: Debian keeps one per version, elsewhere it is on the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    if found is None:
        raise TrackingError("there is no PostgreSQL on this machine: apt-get install postgresql")
    return Path(found).resolve().parent
