"""The way to the central database: a pool that says at once when nobody answers.

A scan never waits here: whoever asks gets a connection within two seconds or `DatabaseUnavailable`,
and the next one who asks tries anew. So the gateway comes back by itself when the database does.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from gateway.central.queries import Queries
from gateway.errors import DatabaseUnavailable

if TYPE_CHECKING:
    type Connection = asyncpg.Connection[asyncpg.Record]
    type PooledConnection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    type AnyConnection = Connection | PooledConnection

_AWAY = (
    OSError,  # includes TimeoutError
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby answers while another becomes the primary
    asyncpg.InterfaceError,  # the connection was closed meanwhile
    asyncpg.InternalClientError,
)
"""What asyncpg and the system raise when the database is not there."""

_SETTINGS = {
    "application_name": "composteur",
    "timezone": "UTC",
    # Our own statements are short; planning them for the machine code compiler costs more.
    "jit": "off",
}


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn what drivers and systems raise when the database is away into our one error."""
    try:
        yield
    except _AWAY as error:
        problem = str(error)[:200] or type(error).__name__
        raise DatabaseUnavailable(f"The central database does not answer: {problem}") from error


def told(error: Exception) -> str:
    """Tell an error of the database for the log: never its values, which may be codes and names."""
    if not isinstance(error, asyncpg.PostgresError):
        return type(error).__name__
    names = ("sqlstate", "table_name", "constraint_name")
    facts = [type(error).__name__, *(getattr(error, name, None) for name in names)]
    return " ".join(str(fact) for fact in facts if fact)


async def connect(
    dsn: str, *, timeout_s: float = 5, command_timeout: float | None = 10
) -> "Connection":
    """Open a connection of one's own, for migrations, listening, streaming.

    Raises:
        DatabaseUnavailable: No connection could be made.
    """
    with unavailable():
        try:
            return await asyncpg.connect(
                dsn,
                timeout=timeout_s,
                command_timeout=command_timeout,
                server_settings=_SETTINGS,
            )
        except asyncpg.PostgresError as error:  # wrong password, no such database
            raise DatabaseUnavailable(f"The central database refuses us: {error}") from error


class Pool:
    """Connections to the central database, and its named queries.

    Args:
        dsn: ``postgresql://…``.
        size: Connections kept at most for short questions; feed and streamer have their own.
        acquire_timeout_s: How long somebody may wait for a connection.
    """

    def __init__(
        self, dsn: str, *, size: int = 8, acquire_timeout_s: float = 2, command_timeout: float = 10
    ) -> None:
        self.dsn = dsn
        self.queries: Queries
        self._size = size
        self._acquire_timeout_s = acquire_timeout_s
        self._command_timeout = command_timeout
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> Self:
        """Read the queries and prepare the pool; the database need not be there yet."""
        self.queries = await asyncio.to_thread(Queries)
        self._pool = await asyncpg.create_pool(
            self.dsn,
            min_size=0,
            max_size=self._size,
            max_inactive_connection_lifetime=300,
            timeout=self._acquire_timeout_s,
            command_timeout=self._command_timeout,
            server_settings=_SETTINGS,
        )
        return self

    async def close(self) -> None:
        """Close all connections; those in use get a moment to finish."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        try:
            async with asyncio.timeout(2):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def acquire(self) -> "AsyncIterator[PooledConnection]":
        """Lend a connection.

        Raises:
            DatabaseUnavailable: None was to be had in time, or it broke while in use.
        """
        if self._pool is None:
            raise DatabaseUnavailable("The central database is not open.")
        with unavailable():
            try:
                connection = await self._pool.acquire(timeout=self._acquire_timeout_s)
            except asyncpg.PostgresError as error:
                raise DatabaseUnavailable(f"The central database refuses us: {error}") from error
            try:
                yield connection
            finally:
                await self._pool.release(connection)

    async def fetch(self, name: str, *args: Any) -> list[asyncpg.Record]:
        """Answer the rows of a named query."""
        async with self.acquire() as connection:
            return await connection.fetch(self.queries[name], *args)

    async def fetchrow(self, name: str, *args: Any) -> asyncpg.Record | None:
        """Answer the first row of a named query."""
        async with self.acquire() as connection:
            return await connection.fetchrow(self.queries[name], *args)

    async def fetchval(self, name: str, *args: Any) -> Any:
        """Answer the first value of a named query."""
        async with self.acquire() as connection:
            return await connection.fetchval(self.queries[name], *args)

    async def execute(self, name: str, *args: Any) -> str:
        """Run a named query and answer PostgreSQL's command tag."""
        async with self.acquire() as connection:
            return await connection.execute(self.queries[name], *args)

    async def connect(self, *, command_timeout: float | None = 10) -> "Connection":
        """Open a connection outside the pool; whoever asks for it closes it."""
        return await connect(
            self.dsn, timeout_s=self._acquire_timeout_s, command_timeout=command_timeout
        )
