"""A real PostgreSQL for tests of SQL, with an administrator like Aurora's."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Query = Callable[..., str]


def programs() -> Path | None:
    """The folder of PostgreSQL's programs: initdb is often beside the server only."""
    found = shutil.which("initdb") or shutil.which("postgres")
    return Path(found).resolve().parent if found is not None else None


@contextmanager
def postgres() -> Iterator[Query]:
    """`query(user, database, script)` -> what psql prints. The server has Aurora's administrator and its role `rds_iam`."""
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL server on this machine")
    # PostgreSQL refuses to run as root.
    owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    root = Path(tempfile.mkdtemp(prefix="ps-"))
    shutil.chown(root, owner)

    def run(*command: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            command, user=owner if os.geteuid() == 0 else None, cwd=root, input=stdin, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    data = str(root / "data")
    run(str(folder / "initdb"), "-D", data, "-U", "root_user", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={root} -c fsync=off"
    run(str(folder / "pg_ctl"), "-D", data, "-o", options, "-l", str(root / "log"), "-w", "start")

    def ask(user: str, database: str, script: str) -> str:
        psql = (str(folder / "psql"), "-h", str(root), "-U", user, "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt")
        return run(*psql, "-f", "-", stdin=script)

    try:
        ask(
            "root_user",
            "postgres",
            "CREATE ROLE platform_admin LOGIN CREATEROLE CREATEDB; CREATE ROLE rds_iam;"
            "GRANT rds_iam TO platform_admin WITH ADMIN OPTION; CREATE DATABASE platform OWNER platform_admin;",
        )
        yield ask
    finally:
        run(str(folder / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(root)
