"""Files of other sellers, read by a mapping: again and again, with what changed and what went."""

import asyncio
import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from gateway.central.connection import Central
from gateway.central.imports import Imported, ImportRefused, Order, Taken, import_file
from gateway.central.imports.mapping import load

if TYPE_CHECKING:
    from gateway.central.pool import Connection

PARIS = ZoneInfo("Europe/Paris")
PRETIX = {
    "Event slug": "nuit",
    "Order code": "ABC23",
    "Position ID": "1",
    "Status": "paid",
    "Email": "ada@example.org",
    "Order date": "2026-11-01",
    "Order time": "09:30:00",
    "Date": "Night",
    "Start date": "2026-12-24 20:00:00",
    "End date": "2026-12-24 22:00:00",
    "Product": "Adult",
    "Variation": "",
    "Attendee name": "Ada",
    "Ticket secret": "vnz4cq8mh3cjstcqvfa8hbcsxb5y6vdg",
    "Blocked": "",
    "Valid from": "",
    "Valid until": "",
}


def a_position(secret: str, **more: str) -> dict[str, str]:
    named = {name.replace("_", " "): value for name, value in more.items()}
    return {**PRETIX, "Ticket secret": secret, **named}


def write_csv(path: Path, rows: list[dict[str, str]], **form: Any) -> Path:
    encoding = form.pop("encoding", "utf-8")
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), **form)
        writer.writeheader()
        writer.writerows(rows)
    return path


async def order(mapping: str, **more: Any) -> Order:
    return Order(mapping=await asyncio.to_thread(load, mapping), zone=PARIS, **more)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "nuit_orders.csv"


async def statuses(sql: "Connection") -> dict[str, str]:
    rows = await sql.fetch("SELECT code, status FROM composteur.ticket ORDER BY code")
    return {row["code"]: row["status"] for row in rows}


def figures(imported: Imported) -> dict[str, tuple[int, int, int, int]]:
    """New, changed, same, gone: by table."""
    return {each.table: (each.new, each.changed, each.same, each.gone) for each in imported.tables}


async def test_an_export_of_pretix_fills_products_sessions_and_tickets(
    central: Central, sql: "Connection", export: Path
) -> None:
    write_csv(
        export,
        [
            a_position("secret-1"),
            a_position("secret-2", Variation="Student", Status="pending"),
            a_position("secret-3", Status="canceled"),
            a_position("secret-4", Blocked="Yes", Valid_until="2026-12-24 21:00"),
        ],
    )

    imported = await import_file(central, export, await order("pretix"))

    assert imported.rejected == 0
    assert figures(imported) == {
        "product": (2, 0, 0, 0),
        "session": (2, 0, 0, 0),
        "ticket": (4, 0, 0, 0),
    }
    assert await statuses(sql) == {
        "secret-1": "active",
        "secret-2": "unpaid",
        "secret-3": "cancelled",
        "secret-4": "blocked",
    }
    row = await sql.fetchrow(
        "SELECT t.*, s.starts_at, s.ends_at, s.label, p.label AS product_label"
        "  FROM composteur.ticket t JOIN composteur.session s ON s.id = t.session"
        "  JOIN composteur.product p ON p.id = t.product WHERE code = 'secret-2'"
    )
    assert row is not None
    assert row["product_label"] == "Adult / Student"
    assert row["starts_at"] == datetime(2026, 12, 24, 19, tzinfo=UTC)
    assert row["ends_at"] == datetime(2026, 12, 24, 21, tzinfo=UTC)
    assert (row["label"], row["holder"], row["order_ref"]) == ("Night", "Ada", "ABC23")
    assert row["ordered_at"] == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    assert row["source"] == "pretix nuit"
    until = await sql.fetchval("SELECT valid_until FROM composteur.ticket WHERE code = 'secret-4'")
    assert until == datetime(2026, 12, 24, 20, tzinfo=UTC)


async def test_the_same_file_again_changes_nothing_and_reaches_no_gate(
    central: Central, sql: "Connection", export: Path
) -> None:
    write_csv(export, [a_position(f"secret-{n}") for n in range(5)])
    await import_file(central, export, await order("pretix"))
    await sql.execute("DELETE FROM composteur.change")
    await sql.execute("UPDATE composteur.product SET margin_before_s = 900 WHERE id = 'Adult'")
    await sql.execute("DELETE FROM composteur.change")

    again = await import_file(central, export, await order("pretix"))

    assert figures(again) == {
        "product": (0, 0, 1, 0),
        "session": (0, 0, 1, 0),
        "ticket": (0, 0, 5, 0),
    }
    assert await sql.fetchval("SELECT count(*) FROM composteur.change") == 0
    margin = await sql.fetchval("SELECT margin_before_s FROM composteur.product WHERE id = 'Adult'")
    assert margin == 900, "the rules of a product are the venue's"


async def test_changed_rows_are_changed_and_vanished_ones_told_or_cancelled(
    central: Central, sql: "Connection", export: Path
) -> None:
    write_csv(export, [a_position(f"secret-{n}") for n in range(5)])
    await import_file(central, export, await order("pretix"))
    await sql.execute("INSERT INTO composteur.ticket (code, product) VALUES ('OURS', 'adult')")
    moved = "2026-12-25 20:00:00"
    write_csv(
        export,
        [
            a_position("secret-0"),
            a_position("secret-1", Status="canceled"),
            a_position("secret-2", Start_date=moved, End_date=""),
        ],
    )

    told = await import_file(central, export, await order("pretix", trial=True))
    kept = await import_file(central, export, await order("pretix"))
    assert figures(told) == figures(kept)
    assert figures(kept)["ticket"] == (0, 2, 1, 2)
    assert (await statuses(sql))["secret-3"] == "active"

    cancelled = await import_file(central, export, await order("pretix", gone="cancel"))
    assert figures(cancelled)["ticket"] == (0, 0, 3, 2)
    assert await statuses(sql) == {
        "OURS": "active",
        "secret-0": "active",
        "secret-1": "cancelled",
        "secret-2": "active",
        "secret-3": "cancelled",
        "secret-4": "cancelled",
    }
    write_csv(export, [a_position(f"secret-{n}") for n in range(5)])
    await import_file(central, export, await order("pretix", gone="cancel"))
    assert set((await statuses(sql)).values()) == {"active"}


async def test_a_rejected_row_is_not_gone(
    central: Central, sql: "Connection", export: Path
) -> None:
    write_csv(export, [a_position("secret-0"), a_position("secret-1")])
    await import_file(central, export, await order("pretix"))
    write_csv(export, [a_position("secret-0"), a_position("secret-1", Status="lost")])

    kept = await import_file(central, export, await order("pretix"))
    imported = await import_file(central, export, await order("pretix", gone="cancel"))

    assert figures(kept)["ticket"] == figures(imported)["ticket"] == (0, 0, 1, 0)
    assert (await statuses(sql))["secret-1"] == "active"
    assert imported.rejects_file is not None
    with imported.rejects_file.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["line"], row["field"]) == ("3", "status")
    assert row["reason"].startswith("found 'lost', the mapping knows: paid, pending")
    assert row["Ticket secret"] == "secret-1"


async def test_a_file_cut_short_cancels_nothing(
    central: Central, sql: "Connection", export: Path
) -> None:
    write_csv(export, [a_position(f"secret-{n:02}") for n in range(30)])
    await import_file(central, export, await order("pretix"))
    write_csv(export, [a_position(f"secret-{n:02}") for n in range(3)])

    with pytest.raises(ImportRefused, match=r"27 of 30 tickets are not in the file.*--many-gone"):
        await import_file(central, export, await order("pretix", gone="cancel"))
    assert set((await statuses(sql)).values()) == {"active"}

    await import_file(central, export, await order("pretix", gone="cancel", many_gone=True))
    assert list((await statuses(sql)).values()).count("cancelled") == 27


async def test_a_trial_says_everything_and_changes_nothing(
    central: Central, sql: "Connection", export: Path
) -> None:
    write_csv(export, [a_position("secret-0"), a_position("secret-1", Status="lost")])

    imported = await import_file(central, export, await order("pretix", trial=True))

    assert (imported.accepted, imported.rejected) == (1, 1)
    assert imported.tables[-1] == Taken("ticket", 2, 1, 0, 0)
    assert await sql.fetchval("SELECT count(*) FROM composteur.ticket") == 0
    assert await sql.fetchval("SELECT count(*) FROM composteur.product") == 1


async def test_a_file_without_a_column_of_the_mapping_is_refused_by_its_name(
    central: Central, sql: "Connection", export: Path
) -> None:
    write_csv(export, [{"Secret": "x", "Product": "Adult", "Variation": ""}])

    with pytest.raises(ImportRefused, match=r"no column 'Ticket secret', from which ticket\.code"):
        await import_file(central, export, await order("pretix"))


async def test_a_list_of_a_french_box_office_is_read_in_its_own_way(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    head = {"N° billet": "0017", "Produit": "Visite guidée", "Date": "24/12/2026", "Heure": "14h30"}
    common = {"Prénom": "Zoë", "Nom": "Léger", "Nb personnes": "1", "Statut": "Validé"}
    rows = [
        head | common,
        head | common | {"N° billet": "0018", "Statut": "option", "Nb personnes": "4"},
        head | common | {"N° billet": "0019", "Statut": "Annulé", "Date": "24-12-2026"},
    ]
    path = write_csv(tmp_path / "liste.csv", rows, delimiter=";", encoding="cp1252")

    imported = await import_file(central, path, await order("awoo"))

    assert imported.rejected == 1
    found = await sql.fetch(
        "SELECT code, holder, persons, status, starts_at, source"
        "  FROM composteur.ticket t JOIN composteur.session s ON s.id = t.session ORDER BY code"
    )
    at = datetime(2026, 12, 24, 13, 30, tzinfo=UTC)
    assert [tuple(row) for row in found] == [
        ("0017", "Zoë Léger", 1, "active", at, "awoo"),
        ("0018", "Zoë Léger", 4, "on_hold", at, "awoo"),
    ]


async def test_a_spreadsheet_keeps_its_numbers_and_times(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([None])
    sheet.append(["code", "product", "valid_from", "valid_until", "persons", "form_required"])
    begins, ends = datetime(2026, 12, 24, 10, 0), datetime(2026, 12, 24)  # noqa: DTZ001 - a sheet's
    sheet.append([4711, "adult", begins, ends, 2, True])
    sheet["D3"].number_format = "dd/mm/yyyy"
    sheet.append(["1234567890123456", "adult"])
    sheet.append([1234567890123456, "adult"])
    path = tmp_path / "sold.xlsx"
    book.save(path)

    imported = await import_file(central, path, Order(zone=PARIS))

    assert (imported.accepted, imported.rejected) == (2, 1)
    assert imported.rejects_file is not None
    assert "keeps fifteen digits" in imported.rejects_file.read_text()
    row = await sql.fetchrow(
        "SELECT valid_from, valid_until, persons, form_required"
        "  FROM composteur.ticket WHERE code = '4711'"
    )
    assert row is not None
    assert tuple(row) == (
        datetime(2026, 12, 24, 9, tzinfo=UTC),
        datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC),
        2,
        True,
    )


async def test_rows_deep_in_json_know_what_they_lie_in(
    central: Central, sql: "Connection", tmp_path: Path
) -> None:
    mapping = tmp_path / "shop.toml"
    mapping.write_text(
        'rows = "shop.orders.tickets"\n[ticket]\ncode = "secret"\n'
        'product = { from = "kind.name", values = { A = "adult" } }\n'
        'order_ref = "orders.number"\nsource = { value = "shop" }\n'
    )
    path = tmp_path / "shop.json"
    ticket = {"secret": "J-1", "kind": {"name": "a"}, "price": 12.5}
    path.write_text(json.dumps({"shop": {"orders": [{"number": 7, "tickets": [ticket]}]}}))

    imported = await import_file(central, path, await order(str(mapping)))

    assert imported.rejected == 0
    row = await sql.fetchrow("SELECT code, product, order_ref, source FROM composteur.ticket")
    assert row is not None
    assert tuple(row) == ("J-1", "adult", "7", "shop")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sold.json", '[{"code": "A", "product": "adult", "spaces": ["hall"]}]', ""),
        ("sold.ndjson", '{"code": "A", "product": "adult", "persons": 2}\n\n', ""),
        ("sold.json", "[1]", "Each row must be an object"),
        ("sold.json", "{", "The file is not JSON"),
        ("sold.ndjson", '{"code": "A", "product": "adult"}\nno', "Line 2 is not JSON"),
        ("sold.xlsx", "code", "not a spreadsheet"),
    ],
)
async def test_json_and_spreadsheets_are_taken_or_told(  # noqa: PLR0917 - fixtures
    central: Central, sql: "Connection", tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    if said:
        with pytest.raises(ImportRefused, match=said):
            await import_file(central, path)
    else:
        assert (await import_file(central, path)).accepted == 1
