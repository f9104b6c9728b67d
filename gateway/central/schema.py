"""Brings the central database to the schema this gateway was written for.

Plain SQL files in ``schema/``, applied in order of their numbers, each in a transaction of its own,
forward only. Several gateways may start at once: one migrates, the others wait for it. A file that
was applied never changes again; one that did is refused, because nobody can say what it would do.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from gateway.central.pool import connect
from gateway.errors import SchemaRefused

FOLDER = Path(__file__).parent / "schema"

# Any number will do that no other program on this database uses.
_LOCK = 7_266_867_801


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of the schema."""

    id: str
    sql: str

    @property
    def checksum(self) -> str:
        """The file's sha256 in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read the files of the schema in their order."""
    return [
        Migration(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("[0-9]*.sql"))
    ]


async def migrate(dsn: str, *, folder: Path = FOLDER, wait_s: float = 60) -> list[str]:
    """Apply the files that this database has not seen, and name them.

    Raises:
        SchemaRefused: An applied file has changed, or the database is newer than this gateway.
        DatabaseUnavailable: The database does not answer.
    """
    wanted = await asyncio.to_thread(migrations, folder)
    connection = await connect(dsn, command_timeout=None)
    try:
        await connection.execute(f"SET lock_timeout = '{round(wait_s * 1000)}'")
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _applied(connection)
        _compare(wanted, applied)
        pending = wanted[len(applied) :]
        for migration in pending:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO composteur.migration (id, sha256) VALUES ($1, $2)",
                    migration.id,
                    migration.checksum,
                )
        await _partitions(connection)
        return [migration.id for migration in pending]
    finally:
        await connection.close()


async def _applied(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, str]:
    # Not `IF NOT EXISTS` alone: that asks for the right to create even where nothing is to be made.
    if not await connection.fetchval("SELECT to_regclass('composteur.migration') IS NOT NULL"):
        async with connection.transaction():
            await connection.execute(
                "CREATE SCHEMA IF NOT EXISTS composteur;"
                "CREATE TABLE composteur.migration ("
                "    id          text PRIMARY KEY,"
                "    sha256      text NOT NULL,"
                "    applied_at  timestamptz NOT NULL DEFAULT now())"
            )
    rows = await connection.fetch("SELECT id, sha256 FROM composteur.migration ORDER BY id")
    return {row["id"]: row["sha256"] for row in rows}


def _compare(wanted: list[Migration], applied: dict[str, str]) -> None:
    known = {migration.id: migration.checksum for migration in wanted}
    for number, (id_, checksum) in enumerate(applied.items()):
        if id_ not in known:
            raise SchemaRefused(
                f"The database has the migration {id_}, which this gateway does not know. "
                "It was made by a newer one: install that."
            )
        if known[id_] != checksum:
            raise SchemaRefused(
                f"The migration {id_} was applied and has changed since. "
                "Put the file back as it was and write the change as a new migration."
            )
        if wanted[number].id != id_:
            raise SchemaRefused(
                f"The migration {wanted[number].id} comes before {id_}, which is applied already. "
                "Give it a number after the last one."
            )


async def _partitions(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make the partitions of this month and the next, so that the first scan finds its own."""
    await connection.execute(
        "SELECT composteur.make_scan_event_partition(now()),"
        "       composteur.make_scan_event_partition(now() + interval '1 month')"
    )
