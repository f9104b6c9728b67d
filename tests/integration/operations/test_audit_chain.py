"""The audit is only added to, and whatever is done to it all the same is found."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from gateway.central.connection import Central
from gateway.entitlements.admin import StoreAdmin
from gateway.people.chain import Anchor
from gateway.venue.audit import Anchors, AuditVerdict, head_of, prove_audit

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
TAMPER = "ALTER TABLE composteur.audit DISABLE TRIGGER ALL; "
SWAP = """
    UPDATE composteur.audit SET seq = 90 - seq WHERE seq IN (2, 3);
    UPDATE composteur.audit SET seq = seq - 85 WHERE seq = 88;
    UPDATE composteur.audit SET seq = seq - 85 WHERE seq = 87;
"""


@pytest.fixture
async def central(database_url: str) -> AsyncIterator[Central]:
    async with Central(database_url) as central:
        await add(central, *range(6))
        yield central


async def add(central: Central, *numbers: int) -> None:
    ids = [f"{number:013d}-00000000" for number in numbers]
    many = len(ids)
    await central.execute(
        "audit.add", "museum", ids, [NOON] * many, ["ada"] * many, ["destroy"] * many,
        [f"TICKET{number}" for number in numbers], ['{"b": 1, "a": "é"}'] * many,
    )  # fmt: skip


async def run(central: Central, statement: str) -> None:
    async with central.acquire() as connection:
        await connection.execute(statement)


async def proven(central: Central, *anchors: Anchor) -> AuditVerdict:
    return await prove_audit(central, "museum", anchors)


async def test_chain_nobody_touched_is_whole(central: Central) -> None:
    verdict = await proven(central)

    assert (verdict.differing, verdict.acts) == ((), 6)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE composteur.audit SET who = 'eve' WHERE seq = 2",
        "DELETE FROM composteur.audit WHERE seq = 6",
        "TRUNCATE composteur.audit",
    ],
)
async def test_acts_are_neither_changed_nor_removed(central: Central, statement: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="only added to"):
        await run(central, statement)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE composteur.audit SET who = 'eve' WHERE seq = 2", "act 2 .* was changed"),
        ("UPDATE composteur.audit SET subject = 'OTHER' WHERE seq = 6", "act 6 .* was changed"),
        ("UPDATE composteur.audit SET details = '{}' WHERE seq = 1", "act 1 .* was changed"),
        ("DELETE FROM composteur.audit WHERE seq = 3", "acts 3 to 3 are missing"),
        ("DELETE FROM composteur.audit WHERE seq <= 2", "acts 1 to 2 are missing"),
        ("DELETE FROM composteur.audit WHERE seq > 4", "ends at act 4, and should at act 6"),
        (
            SWAP,
            "does not follow",
        ),
        (
            "UPDATE composteur.audit SET salt = NULL, redacted_at = now() WHERE seq = 4",
            "act 4 was redacted, and no act tells",
        ),
    ],
)
async def test_tampering_is_found(central: Central, statement: str, told: str) -> None:
    await run(central, TAMPER + statement)

    verdict = await proven(central)

    assert not verdict.clean
    assert re.search(told, "\n".join(verdict.differing)), verdict.differing


async def test_cut_off_end_is_found_by_its_anchor(central: Central) -> None:
    anchor = await head_of(central, "museum")
    assert anchor is not None
    await run(
        central,
        TAMPER + "DELETE FROM composteur.audit WHERE seq > 4;"
        "UPDATE composteur.audit_head h SET seq = a.seq, hash = a.hash"
        " FROM composteur.audit a WHERE a.seq = 4",
    )

    assert (await proven(central)).clean
    assert (await proven(central, anchor)).differing == ("acts 5 to 6 are missing at the end",)


async def test_chain_made_anew_is_found_by_its_anchor(central: Central) -> None:
    anchor = await head_of(central, "museum")
    assert anchor is not None
    await run(central, TAMPER + "DELETE FROM composteur.audit; DELETE FROM composteur.audit_head")
    await add(central, *range(100, 107))

    assert (await proven(central)).clean
    assert (await proven(central, anchor)).differing == (
        "act 6 is not the one that was written down",
    )


async def test_several_gateways_add_to_one_chain(central: Central, database_url: str) -> None:
    async with Central(database_url) as other:
        await asyncio.gather(
            *(add(central, *range(10 * n, 10 * n + 10)) for n in range(1, 6)),
            *(add(other, *range(10 * n, 10 * n + 10)) for n in range(1, 9)),
        )

    verdict = await proven(central)

    assert (verdict.differing, verdict.acts) == ((), 86)


async def test_anchor_is_written_and_never_goes_back(
    central: Central, redis_url: str, tmp_path: Path
) -> None:
    admin = StoreAdmin(redis_url, "museum")
    try:
        anchors = Anchors(admin, tmp_path / "audit.anchor")
        await anchors.write(central)
        written = await anchors.read()
        await run(
            central, TAMPER + "DELETE FROM composteur.audit; DELETE FROM composteur.audit_head"
        )
        await add(central, 900)
        await Anchors(admin, tmp_path / "audit.anchor").write(central)

        assert [each.seq for each in written] == [6, 6]
        assert await anchors.read() == written
    finally:
        await admin.close()


async def test_acts_from_before_the_chain_are_its_beginning(database_url: str) -> None:
    from gateway.central.schema import FOLDER  # noqa: PLC0415

    async with Central(database_url) as central:
        await run(
            central,
            "DROP SCHEMA composteur CASCADE; CREATE SCHEMA composteur;"
            + (FOLDER / "0001_catalogue.sql").read_text()
            + (FOLDER / "0002_gate.sql").read_text()
            + (FOLDER / "0005_audit.sql").read_text(),
        )
        await run(
            central,
            "INSERT INTO composteur.audit SELECT s, lpad(n::text, 13, '0') || '-00000000', now(),"
            " 'ada', 'mode', 'hall', '{}'"
            "  FROM generate_series(1, 3) n, unnest('{museum,pool}'::text[]) s",
        )
        await run(central, (FOLDER / "0006_audit_chain.sql").read_text())

        for site in ("museum", "pool"):
            verdict = await prove_audit(central, site)
            assert (verdict.differing, verdict.acts) == ((), 3)
