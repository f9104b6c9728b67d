import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from gateway.central import schema
from gateway.central.connection import Central
from gateway.central.schema import migrate
from gateway.central.values import DETAILS
from gateway.errors import DatabaseUnavailable, SchemaRefused

CATALOG = """
SELECT 'column', table_name, column_name, data_type, column_default, is_nullable
  FROM information_schema.columns WHERE table_schema = 'composteur'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL
  FROM pg_constraint WHERE connamespace = 'composteur'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef, NULL, NULL
  FROM pg_indexes WHERE schemaname = 'composteur'
UNION ALL
SELECT 'function', proname, pg_get_functiondef(oid), proacl::text, NULL, NULL
  FROM pg_proc WHERE pronamespace = 'composteur'::regnamespace
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), NULL, NULL
  FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'relation', relname, relkind::text, relacl::text, array_to_string(reloptions, ' '), NULL
  FROM pg_class WHERE relnamespace = 'composteur'::regnamespace
UNION ALL
SELECT 'view', viewname, definition, NULL, NULL, NULL FROM pg_views WHERE schemaname = 'composteur'
ORDER BY 1, 2, 3, 4
"""

FILES = [migration.id for migration in schema.migrations()]

numbers = itertools.count(1)


@pytest.fixture
async def empty_url(database_url: str) -> AsyncIterator[str]:
    """A database without anything of ours."""
    name = f"empty_{urlsplit(database_url).path[1:]}_{next(numbers)}"
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield urlsplit(database_url)._replace(path=f"/{name}").geturl()
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def catalog(url: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(CATALOG)]
    finally:
        await connection.close()


async def test_a_fresh_schema_equals_one_that_grew_file_by_file(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    for path in sorted(schema.FOLDER.glob("*.sql")):
        shutil.copy(path, tmp_path)
        with suppress(asyncpg.UndefinedFunctionError):  # no partitions before there are events
            assert await migrate(empty_url, folder=tmp_path) == [path.stem]
    assert await migrate(empty_url) == []

    assert await catalog(database_url) == await catalog(empty_url)


async def test_of_several_gateways_that_start_at_once_one_migrates(empty_url: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_url) for _ in range(4)))

    assert sorted(applied) == [[], [], [], FILES]


def change(path: Path) -> None:
    path.write_text(path.read_text() + "\n-- a thought\n")


async def test_a_file_that_was_applied_and_changed_is_refused(
    empty_url: str, tmp_path: Path
) -> None:
    shutil.copytree(schema.FOLDER, tmp_path, dirs_exist_ok=True)
    await migrate(empty_url, folder=tmp_path)
    change(tmp_path / f"{FILES[0]}.sql")

    with pytest.raises(SchemaRefused, match="has changed since"):
        await migrate(empty_url, folder=tmp_path)


async def test_a_database_newer_than_the_gateway_is_refused(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO composteur.migration (id, sha256) VALUES ('9999_future', 'x')"
    )
    await connection.close()

    with pytest.raises(SchemaRefused, match="9999_future"):
        await migrate(database_url)


async def test_a_file_that_fails_leaves_nothing_of_itself(empty_url: str, tmp_path: Path) -> None:
    shutil.copytree(schema.FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "9000_broken.sql").write_text("CREATE TABLE composteur.half (); SELECT 1 / 0;")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_url, folder=tmp_path)

    assert await migrate(empty_url) == []
    assert "half" not in str(await catalog(empty_url))


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable):
        await migrate("postgresql://nobody:secret@/nothing?host=/nowhere")


async def test_the_partitions_of_this_month_and_the_next_are_there(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    parts = await connection.fetchval(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'composteur.scan_event'::regclass"
    )
    await connection.close()

    assert parts == 2


async def test_every_constraint_on_a_value_has_a_sentence(central: Central) -> None:
    async with central.acquire() as connection:
        names = await connection.fetch(
            "SELECT conname FROM pg_constraint WHERE connamespace = 'composteur'::regnamespace"
            " AND contype IN ('c', 'f') AND conrelid::regclass::text NOT LIKE '%scan_event%'"
        )

    assert {row["conname"] for row in names} <= set(DETAILS)
