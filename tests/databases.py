"""Databases for tests: each as if it were new, few of them really made.

To make a database and to drop it costs PostgreSQL more than most tests do. So one that comes back
is emptied and lent again, unless the test changed its structure: then it is dropped.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

TEMPLATE: Final = "template_of_tests"

# Catalogues keep the number of the transaction that wrote a row last: whatever changes the
# structure leaves a higher one, or another number of rows.
_STRUCTURE: Final = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}"
    for name in (
        "pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_index", "pg_inherits",
        "pg_proc", "pg_rewrite", "pg_trigger", "pg_type",
    )
)  # fmt: skip

_TABLES: Final = """
SELECT c.oid::regclass::text AS name, c.relispartition AS partition
  FROM pg_class c WHERE c.relnamespace = 'composteur'::regnamespace AND c.relkind IN ('r', 'p')
"""

_OTHERS_GONE: Final = """
SELECT count(pg_terminate_backend(pid, 5000))
  FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_SEQUENCES: Final = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
  FROM pg_sequences WHERE last_value IS NOT NULL
"""


class Databases:
    """Lends databases with our schema in them, and nothing else but what migrations write."""

    def __init__(self, runner: asyncio.Runner, server: str) -> None:
        """Lend databases of a server; call `make_template` first."""
        self._runner = runner
        self._server = server
        self._numbers = count(1)
        self._clean: list[str] = []
        self._structure: Sequence[Any] = ()
        self._tables: set[str] = set()
        self._written: set[str] = set()
        """Tables that migrations write to: what they hold is compared, not deleted."""

    async def make_template(self) -> None:
        """Make what the databases are copies of."""
        from gateway.central.schema import migrate  # noqa: PLC0415 - only for tests that need it

        await self._execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(self._url(TEMPLATE))
        connection = await asyncpg.connect(self._url(TEMPLATE))
        try:
            self._tables = {row["name"] for row in await connection.fetch(_TABLES)}
            self._written = {
                name
                for name in self._tables
                if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})")
            }
            self._structure = await self._look(connection)
        finally:
            await connection.close()

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Lend a database; give its address."""
        name = self._clean.pop() if self._clean else self._new()
        yield self._url(name)
        if self._runner.run(self._emptied(name)):
            self._clean.append(name)
        else:
            self._runner.run(self._execute(f"DROP DATABASE {name} WITH (FORCE)"))

    def _new(self) -> str:
        name = f"test_{next(self._numbers)}"
        self._runner.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
        return name

    async def _emptied(self, name: str) -> bool:
        """Empty a database; tell whether it is as it was when it was new."""
        with suppress(asyncpg.PostgresError):  # a test took a table away, or the schema
            return await self._empty(name)
        return False

    async def _empty(self, name: str) -> bool:
        connection = await asyncpg.connect(self._url(name))
        try:
            await connection.execute(_OTHERS_GONE)
            tables = await connection.fetch(_TABLES)
            months = [t["name"] for t in tables if t["partition"] and t["name"] not in self._tables]
            rest = [t["name"] for t in tables if t["name"] not in (*months, *self._written)]
            # As a replica: nothing is told to gates, no key is looked up.
            script = ["SET session_replication_role = replica"]
            script += [f"DROP TABLE {name}" for name in months]
            script += [f"DELETE FROM {name}" for name in rest]
            await connection.execute(";".join([*script, _SEQUENCES]))
            return await self._look(connection) == self._structure
        finally:
            await connection.close()

    async def _look(self, connection: "asyncpg.Connection[asyncpg.Record]") -> Sequence[Any]:
        """Return what tells whether a database has changed, but for the rows that tests write."""
        seen: list[Any] = [tuple(row) for row in await connection.fetch(_STRUCTURE)]
        for table in sorted(self._written):
            rows = f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} t"
            seen.append(await connection.fetchval(rows))
        return seen

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _url(self, name: str) -> str:
        return urlsplit(self._server)._replace(path=f"/{name}").geturl()
