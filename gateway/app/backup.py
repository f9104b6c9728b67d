"""Back the central database up, and restore it: what a venue must not lose is there.

PostgreSQL's own programs do it. A backup is the database at one instant, taken while everything
goes on. After a restore the entitlement store is put right from it, by the next gateway: what the
store still knows of events since the backup is saved first.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import asyncpg

from config import Site
from gateway.app.commands import stores_of
from gateway.central.pool import connect
from gateway.central.schema import migrate
from gateway.embedded import programs
from gateway.embedded.stores import Addresses
from gateway.entitlements.admin import StoreAdmin
from gateway.errors import AlreadyRunning, ComposteurError, StoreFailed
from gateway.venue import run_file

if TYPE_CHECKING:
    from gateway.central.pool import Connection

SCHEMA: Final = "composteur"
BEFORE: Final = "composteur_before"
"""Where the schema is while another is restored in its place."""
_ROLE: Final = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'composteur_seller') THEN
        CREATE ROLE composteur_seller NOLOGIN;
    END IF;
END $$"""


class NotRestored(ComposteurError):
    """The backup was not restored; the database is as it was."""


async def back_up(site: Site, file: Path) -> None:
    """Write a backup; the file is there whole, or as it was before.

    Raises:
        StoreFailed: `pg_dump` is not there, or did not succeed.
    """
    async with _stores(site) as addresses:
        new = file.with_name(file.name + ".new")
        try:
            await asyncio.to_thread(_make_private, new)
            await _run(
                "pg_dump", addresses.postgres, "--format=custom", f"--schema={SCHEMA}",
                "--no-owner", f"--file={new}",
            )  # fmt: skip
            await asyncio.to_thread(new.replace, file)
        finally:
            await asyncio.to_thread(new.unlink, missing_ok=True)


async def restore(site: Site, file: Path, *, replace: bool) -> None:
    """Put a backup in the place of the central database.

    Args:
        site: Whose; no gateway of it may run.
        file: The backup.
        replace: There may be a database already, which is lost.

    Raises:
        AlreadyRunning: A gateway runs.
        NotRestored: There is a database already, another gateway writes into it, or the backup will
            not do. Nothing has changed.
    """
    if running := run_file.find(site.stores.state_dir):
        raise AlreadyRunning(site.stores.state_dir, running.pid)
    async with _stores(site) as addresses:
        connection = await connect(addresses.postgres, timeout_s=5, command_timeout=60)
        try:
            await _put_aside(connection, site, replace=replace)
            try:
                await _run(
                    "pg_restore", addresses.postgres, "--exit-on-error", "--single-transaction",
                    "--no-owner", str(file),
                )  # fmt: skip
                await migrate(addresses.postgres)
            except ComposteurError as error:
                await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
                if replace:
                    await connection.execute(f"ALTER SCHEMA {BEFORE} RENAME TO {SCHEMA}")
                raise NotRestored(f"The database is as it was. {error}") from error
            await connection.execute(f"DROP SCHEMA IF EXISTS {BEFORE} CASCADE")
        finally:
            connection.terminate()
        await _distrust(site, addresses)


async def _put_aside(connection: "Connection", site: Site, *, replace: bool) -> None:
    lead = "SELECT pg_try_advisory_lock(hashtext('composteur.streamer'), hashtext($1))"
    if not await connection.fetchval(lead, site.id):
        raise NotRestored("Another gateway writes into this database; stop it first.")
    with suppress(asyncpg.InsufficientPrivilegeError):
        await connection.execute(_ROLE)
    there = await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", SCHEMA)
    if there and not replace:
        raise NotRestored("There is a central database already; --replace has it replaced.")
    await connection.execute(f"DROP SCHEMA IF EXISTS {BEFORE} CASCADE")
    if there:
        await connection.execute(f"ALTER SCHEMA {SCHEMA} RENAME TO {BEFORE}")


async def _distrust(site: Site, addresses: Addresses) -> None:
    """Have the next gateway put the store right: it may know tickets that the backup does not."""
    admin = StoreAdmin(addresses.redis, site.id)
    try:
        if (await admin.meta()).epoch:
            await admin.set_phase("stale")
    finally:
        await admin.close()


@asynccontextmanager
async def _stores(site: Site) -> AsyncIterator[Addresses]:
    running = run_file.find(site.stores.state_dir)
    if running is not None:
        yield Addresses(running.redis, running.postgres)
        return
    async with stores_of(site, lambda _: None) as addresses:
        yield addresses


async def _run(program: str, dsn: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a database; its password is not among its arguments."""
    found = await asyncio.to_thread(programs.postgres_tool, program)
    name, secret = _without_password(dsn)
    process = await asyncio.create_subprocess_exec(
        found,
        f"--dbname={name}",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **secret},
    )
    _, said = await process.communicate()
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise StoreFailed("PostgreSQL", lines[0] if lines else f"{program} failed")


def _without_password(dsn: str) -> tuple[str, Mapping[str, str]]:
    """Take the password out of an address, for the environment.

    >>> _without_password("postgresql://ada:s%40crt@host:5433/db")
    ('postgresql://ada@host:5433/db', {'PGPASSWORD': 's@crt'})
    """
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn, {}
    user, _, host = parts.netloc.rpartition("@")
    bare = parts._replace(netloc=f"{user.partition(':')[0]}@{host}")
    return bare.geturl(), {"PGPASSWORD": unquote(parts.password)}


def _make_private(file: Path) -> None:
    """Make a file for us alone: names of visitors and hashes of keys will be in it."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
