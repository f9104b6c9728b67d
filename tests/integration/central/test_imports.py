"""CSV files: good rows stand, bad ones are told with line, field and reason, or none is there."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.central.connection import Central
from gateway.central.imports import Imported, ImportRefused, Order, Table, Taken, import_file
from gateway.central.values import DETAILS
from tests.integration.central.doubles import CODE

if TYPE_CHECKING:
    from gateway.central.pool import Connection


def a_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "sold.csv"
    path.write_text(text, encoding=encoding)
    return path


async def take(central: Central, path: Path, table: Table = "ticket") -> Imported:
    return await import_file(central, path, Order(table))


def rejects(imported: Imported) -> list[tuple[str, str, str]]:
    assert imported.rejects_file is not None
    with imported.rejects_file.open(newline="", encoding="utf-8") as file:
        return [
            (row["line"], row["field"], row["reason"])
            for row in csv.DictReader(file, delimiter=";")
        ]


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
async def test_a_file_is_taken_with_either_separator_and_with_or_without_a_mark(
    central: Central, sql: "Connection", tmp_path: Path, separator: str, encoding: str
) -> None:
    text = "code,product,valid_from,holder,persons,form_required,spaces\n"
    text += "krsx-g5ct-nvza-2,adult,2026-12-24T10:00:00+01:00,Zoë,2,yes,hall tower\n"
    path = a_file(tmp_path, text.replace(",", separator), encoding)

    assert await take(central, path) == Imported((Taken("ticket", 1, 1, 0, 0),), 0, None)

    row = await sql.fetchrow(
        "SELECT code, holder, persons, form_required, spaces, status FROM composteur.ticket"
    )
    assert row is not None
    assert tuple(row) == (CODE, "Zoë", 2, True, ["hall", "tower"], "active")


async def test_bad_rows_are_told_and_good_rows_stand(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    path = a_file(
        tmp_path,
        "code;product;session;valid_from;valid_until;persons;status;windows\n"
        "GOOD;adult;;;;;;\n"
        'NOWHERE;adlt;;;;;;\n"TWO\nLINES";adult;;;;;;\n'
        "NOSESSION;adult;s;;;;;\n"
        "NOOFFSET;adult;;2026-12-24T10:00:00;;;;\n"
        "BACKWARDS;adult;;2026-12-24T10:00:00Z;2026-12-23T10:00:00Z;;;\n"
        "MANY;adult;;;;lots;;\n"
        "NOBODY;adult;;;;0;;\n"
        "ODD;adult;;;;;sold;\n"
        "SHORT;adult\n"
        ";adult;;;;;;\n"
        "WIN;adult;;;;;;{}\n"
        "NOJSON;adult;;;;;;{\n"
        "LAST;adult;;;;3;unpaid;\n",
    )

    imported = await take(central, path)

    assert (imported.accepted, imported.rejected) == (2, 12)
    assert rejects(imported) == [
        ("3", "product", "there is no such product"),
        ("4", "code", "1 to 512 bytes without control characters"),
        ("6", "session", "there is no such session"),
        ("7", "valid_from", "an instant with its offset, as in 2026-12-24T10:00:00+01:00"),
        ("8", "valid_until", "an instant that is not before valid_from"),
        ("9", "persons", "a whole number"),
        ("10", "persons", "1 to 9999"),
        ("11", "status", "active, unpaid, on_hold, cancelled, replaced or blocked"),
        ("12", "", "2 cells instead of 8"),
        ("13", "code", "a value is needed"),
        (
            "14",
            "windows",
            DETAILS["ticket_windows"],
        ),
        ("15", "windows", "JSON"),
    ]
    rows = await sql.fetch("SELECT code, persons, status FROM composteur.ticket ORDER BY code")
    assert [tuple(row) for row in rows] == [("GOOD", 1, "active"), ("LAST", 3, "unpaid")]


async def test_a_second_import_updates_what_it_names_and_leaves_the_rest(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    await take(central, a_file(tmp_path, "code,product,holder,persons\nA,adult,Ada,2\n"))
    await sql.execute("INSERT INTO composteur.ticket_state (code, made) VALUES ('A', 1)")
    await take(central, a_file(tmp_path, "code,product,holder\nA,adult,Bea\nA,adult,Cid\n"))

    row = await sql.fetchrow(
        "SELECT holder, persons, made FROM composteur.ticket"
        " JOIN composteur.ticket_state USING (code)"
    )
    assert row is not None
    assert tuple(row) == ("Cid", 2, 1)


async def test_rejects_of_an_earlier_try_are_cleared_away(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    imported = await take(central, a_file(tmp_path, "code,product\nA,child\n"))
    assert imported.rejects_file is not None
    assert imported.rejects_file.exists()

    await take(central, a_file(tmp_path, "code,product\nA,adult\n"))
    assert not imported.rejects_file.exists()


async def test_products_and_sessions_are_imported_by_the_same_rules(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    products = a_file(tmp_path, "id,label,max_stamps,reentry\nten,Ten,10,free\nbad,Bad,0,none\n")
    imported = await take(central, products, "product")
    assert (imported.accepted, imported.rejected) == (1, 1)
    sessions = a_file(tmp_path, "id,product,starts_at\ns,ten,2026-12-24T10:00:00Z\nt,ten,\n")
    imported = await take(central, sessions, "session")
    assert (imported.accepted, imported.rejected) == (1, 1)
    assert await sql.fetchval("SELECT product FROM composteur.session") == "ten"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "does not name the column 'code'"),
        ("holder\nAda\n", "does not name the column 'code'"),
        ("code\nA\n", "does not name the column 'product'"),
        ("code,product,colour\nA,adult,red\n", "has no column 'colour'"),
        ("code,product,code\nA,adult,B\n", "twice"),
        ("code,product,rev\nA,adult,1\n", "has no column 'rev'"),
    ],
)
async def test_a_file_with_a_wrong_first_line_is_refused_as_a_whole(
    central: Central, sql: "Connection", tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(ImportRefused, match=problem):
        await take(central, a_file(tmp_path, text))


async def test_a_file_in_another_encoding_is_refused_and_leaves_nothing(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    rows = "".join(f"NR {n},adult,Ada\n" for n in range(9_000))
    path = a_file(tmp_path, f"code,product,holder\n{rows}X,adult,Zoë\n", "latin-1")

    with pytest.raises(ImportRefused, match="UTF-8"):
        await take(central, path)

    assert await sql.fetchval("SELECT count(*) FROM composteur.ticket") == 0


async def test_an_interrupted_import_leaves_nothing(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    rows = "".join(f"NR {n},adult\n" for n in range(12_000))
    path = a_file(tmp_path, f"code,product\n{rows}")
    read: list[int] = []

    def interrupt(count: int) -> None:
        read.append(count)
        if count >= 10_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_file(central, path, progress=interrupt)

    assert read == [5_000, 10_000]
    assert await sql.fetchval("SELECT count(*) FROM composteur.ticket") == 0
