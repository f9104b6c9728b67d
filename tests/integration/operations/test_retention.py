"""What is past its retention goes, and the books stay right."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config import Retention
from gateway.central.connection import Central
from gateway.central.purge import Removed
from gateway.central.rolling import Roller
from gateway.central.streamer import Streamer
from gateway.central.verify import differences
from gateway.entitlements.admin import StoreAdmin
from gateway.errors import PseudonymKeyMissing
from gateway.people.pseudonyms import PseudonymKey, read_key
from gateway.venue import retention
from gateway.venue.alarms import Alarms
from gateway.venue.audit import prove_audit
from gateway.venue.bus import Bus
from gateway.venue.privacy import About, Privacy
from gateway.venue.retention import Keeper, PseudonymKeys
from tests.integration.central.doubles import NOW, Stream, a_refusal, an_event

SITE = "museum"
THEN = datetime.fromtimestamp(NOW / 1000, UTC)
DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")
CODES = [f"{letter * 12}2" for letter in "ABCDEFGHIJKL"]


@dataclass
class Venue:
    """A database with a year behind it: a ticket stamped every month, refusals beside them."""

    central: Central
    keys: PseudonymKeys
    key_file: Path

    def keeper(self, **settings: object) -> Keeper:
        retention = Retention.model_validate(settings)
        return Keeper(self.central, SITE, lambda: retention, self.keys, UTC_ZONE)

    async def purge(self, at: datetime, **settings: object) -> Removed:
        removed = await self.keeper(**settings).purge(at, gently=False)
        assert removed is not None
        return removed

    async def count(self, query: str) -> int:
        async with self.central.acquire() as connection:
            found: int = await connection.fetchval(query)
        return found

    async def run(self, statement: str) -> None:
        async with self.central.acquire() as connection:
            await connection.execute(statement)

    async def everything(self) -> str:
        """Dump all tables as text, as a backup would hold them."""
        async with self.central.acquire() as connection:
            tables = await connection.fetch(
                "SELECT format('%I', relname) AS name FROM pg_class"
                " WHERE relnamespace = 'composteur'::regnamespace AND relkind = 'r'"
            )
            texts = [
                await connection.fetchval(
                    f"SELECT string_agg(t::text, E'\\n') FROM composteur.{table['name']} t"
                )
                for table in tables
            ]
        return "\n".join(text or "" for text in texts)

    async def clean(self) -> bool:
        return await differences(self.central, SITE) == []


async def stream(central: Central, events: Stream, new: int = 36) -> None:
    async def went_back() -> None:
        raise AssertionError

    streamer = Streamer(
        central, events, SITE, clock=lambda: NOW, timezone="UTC", store_went_back=went_back
    )
    task = asyncio.create_task(streamer.run())
    while streamer.counted < new or streamer.lag_events:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    await roll(central)


async def roll(central: Central) -> None:
    """Have reports sum up all hours that are over, as the streamer does in its time."""
    roller = Roller(central.queries, SITE, "UTC")
    connection = await central.connect(command_timeout=60)
    while await roller.step(connection, NOW):
        pass
    await connection.close()


def months_ago(number: int) -> int:
    return NOW - number * 31 * 24 * 3600 * 1000


@pytest.fixture
async def venue(database_url: str, tmp_path: Path) -> AsyncIterator[Venue]:
    async with Central(database_url) as central:
        await central.execute("sites.register", SITE)
        events = Stream()
        for number, code in enumerate(CODES):
            at = months_ago(number)
            events.write(
                an_event(at=at, ticket_code=code),
                a_refusal(at=at + 60_000, ticket_code=code, reason="no_stamps_left"),
                a_refusal(at=at + 61_000, ticket_code=code, override_reason="Ada Lovelace asked"),
            )
        await stream(central, events)
        file = tmp_path / "pseudonym.key"
        venue = Venue(central, PseudonymKeys(central, SITE, file), file)
        await venue.run("INSERT INTO composteur.product (id) VALUES ('adult')")
        await venue.run(
            "INSERT INTO composteur.ticket (code, product, holder, valid_until)"
            " SELECT code, 'adult', 'Holder of ' || code, last_at + interval '1 day'"
            " FROM composteur.ticket_state"
        )
        yield venue


async def test_old_events_name_no_ticket_and_the_books_stay_right(venue: Venue) -> None:
    removed = await venue.purge(THEN, scans_days=90)

    assert removed.pseudonymised == 27  # nine tickets are older
    for code in CODES[:3]:
        assert (
            await venue.count(
                f"SELECT count(*) FROM composteur.scan_event WHERE ticket_code = '{code}'"
            )
            == 3
        )
    for code in CODES[3:]:
        assert (
            await venue.count(
                f"SELECT count(*) FROM composteur.scan_event WHERE ticket_code = '{code}'"
            )
            == 0
        )
    assert (
        await venue.count(
            "SELECT count(*) FROM composteur.scan_event WHERE override_reason IS NOT NULL"
        )
        == 3
    )
    assert await venue.count("SELECT count(*) FROM composteur.ticket_state WHERE made = 1") == 12
    assert await venue.clean()


async def test_purge_runs_by_itself_at_its_hour_and_once_a_day(
    venue: Venue, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LOOK_S", 0.01)
    now = THEN

    def clock() -> int:
        return int(now.timestamp() * 1000)

    admin = StoreAdmin(redis_url, SITE)
    alarms = Alarms(Bus(admin, clock), gateway="main", clock=clock, show=str)
    keeper = venue.keeper(at="04:00")
    running = asyncio.create_task(keeper.run(clock, alarms))

    async def purged_at(expected: datetime) -> None:
        async with asyncio.timeout(20):
            while (last := await keeper.last_run()) is None or last[0] != expected:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    try:
        await purged_at(THEN)  # it had missed one
        now = THEN.replace(hour=3, minute=59) + DAY
        await asyncio.sleep(0.1)
        await purged_at(THEN)
        now = THEN.replace(hour=4, minute=0) + DAY
        await purged_at(now)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await admin.close()


async def test_visits_of_one_ticket_keep_one_pseudonym_that_only_the_key_leads_to(
    venue: Venue,
) -> None:
    await venue.purge(THEN, scans_days=90)

    key = await asyncio.to_thread(read_key, venue.key_file)
    assert key is not None
    async with venue.central.acquire() as connection:
        rows = await connection.fetch(
            "SELECT ticket_code, count(*) FROM composteur.scan_event"
            " WHERE composteur.is_pseudonym(ticket_code) GROUP BY 1"
        )
    assert {tuple(row) for row in rows} == {(key.of(code), 3) for code in CODES[3:]}
    assert not {PseudonymKey(bytes(32)).of(code) for code in CODES} & {row[0] for row in rows}
    assert key.secret.hex() not in await venue.everything()


async def test_destroyed_key_is_gone_and_another_is_made(venue: Venue) -> None:
    await venue.purge(THEN, scans_days=90)
    first = await asyncio.to_thread(read_key, venue.key_file)

    assert await venue.keys.destroy()
    assert not venue.key_file.exists()
    await venue.purge(THEN + 40 * DAY, scans_days=90)

    assert first is not None
    assert await asyncio.to_thread(read_key, venue.key_file) not in {None, first}
    assert await venue.clean()


async def test_gateway_without_the_key_purges_nothing_and_says_so(
    venue: Venue, tmp_path: Path
) -> None:
    await venue.purge(THEN, scans_days=90)
    venue.keys = PseudonymKeys(venue.central, SITE, tmp_path / "other.key")

    with pytest.raises(PseudonymKeyMissing, match=r"other\.key"):
        await venue.purge(THEN + 40 * DAY, scans_days=90)


async def test_dropped_months_leave_their_totals_and_verify_uses_them(venue: Venue) -> None:
    removed = await venue.purge(THEN, scans_days=35, pseudonymised_months=6)

    assert removed.months == ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    assert await venue.count("SELECT count(*) FROM composteur.scan_event") < 36
    assert await venue.count("SELECT sum(persons) FROM composteur.attendance") == 12
    assert await venue.clean()

    await venue.run(
        "UPDATE composteur.attendance SET persons = persons + 1"
        " WHERE minute = (SELECT min(minute) FROM composteur.attendance)"
    )
    told = await differences(venue.central, SITE)
    assert [each.what for each in told] == ["month"]


async def test_counts_go_with_what_reports_sum_up_of_them(venue: Venue) -> None:
    await venue.purge(THEN, pseudonymised_months=3, counts_months=6)

    old = f"< timestamptz '{datetime.fromtimestamp(months_ago(7) / 1000, UTC)}'"
    for table, moment in (
        ("attendance", "minute"),
        ("attendance_hour", "hour"),
        ("attendance_day", "day"),
        ("refusal_hour", "hour"),
    ):
        query = f"SELECT count(*) FROM composteur.{table}"
        assert await venue.count(f"{query} WHERE {moment} {old}") == 0
        assert await venue.count(query) > 0
    assert await venue.clean()


async def test_month_that_reports_have_not_summed_up_stays(venue: Venue) -> None:
    await venue.run("UPDATE composteur.site SET hours_until = now() - interval '400 days'")

    removed = await venue.purge(THEN, pseudonymised_months=3)

    assert removed.months == []


async def test_stamp_taken_from_a_purged_ticket_is_found(venue: Venue) -> None:
    await venue.purge(THEN, scans_days=35, pseudonymised_months=6)
    await venue.run(f"UPDATE composteur.ticket_state SET made = 0 WHERE code = '{CODES[10]}'")

    told = await differences(venue.central, SITE)

    assert [(each.what, each.key) for each in told] == [("stamps", CODES[10])]


async def test_second_purge_finds_nothing_and_a_late_event_is_swept_in_its_turn(
    venue: Venue,
) -> None:
    await venue.purge(THEN, scans_days=35, pseudonymised_months=6)
    again = await venue.purge(THEN, scans_days=35, pseudonymised_months=6)
    assert again.facts() == {}

    late = Stream()
    late.write(*[an_event(at=NOW)] * 36)  # those that were there already, by position
    late.write(
        an_event(
            at=months_ago(9), ticket_code=CODES[9], kind="u", of="0-1-1", made=0,
            counted_persons=-1, counted_stamps=-1,
        )
    )  # fmt: skip
    await stream(venue.central, late, new=1)
    assert await venue.clean()

    swept = await venue.purge(THEN, scans_days=35, pseudonymised_months=6)

    assert swept.pseudonymised == 1
    assert swept.months == ["2026-02"]
    assert await venue.clean()


async def test_names_and_tickets_go_when_the_site_says_so(venue: Venue) -> None:
    await venue.purge(THEN, scans_days=35, names_days=40)
    assert await venue.count("SELECT count(*) FROM composteur.ticket WHERE holder IS NOT NULL") == 2

    removed = await venue.purge(THEN, scans_days=35, tickets_days=40)

    assert removed.tickets == 10
    assert await venue.count("SELECT count(*) FROM composteur.ticket") == 2
    text = await venue.everything()
    # The stores are told by the to-do list; once they are, it is nowhere.
    await venue.run("DELETE FROM composteur.change")
    text = await venue.everything()
    assert [code for code in CODES if code in text] == CODES[:2]
    assert "Lovelace" not in text.replace("Ada Lovelace asked", "", 2)
    assert await venue.clean()


async def test_used_ticket_without_an_end_is_never_fresh_again(venue: Venue) -> None:
    await venue.run("UPDATE composteur.ticket SET valid_until = NULL")

    removed = await venue.purge(THEN, scans_days=35, pseudonymised_months=6, tickets_days=40)

    assert removed.tickets == 0
    assert await venue.count("SELECT count(*) FROM composteur.ticket_state WHERE made = 1") == 12


async def test_acts_name_their_ticket_no_longer_and_go_after_a_year(venue: Venue) -> None:
    for number, code in enumerate(CODES):
        at = datetime.fromtimestamp(months_ago(number + 6) / 1000, UTC)
        await venue.central.execute(
            "audit.add", SITE, [f"{99 - number:013d}-00000000"], [at], ["ada"], ["destroy"], [code],
            ['{"reason": "for Ada Lovelace"}'],
        )  # fmt: skip
    # the oldest is the first of the chain, as it would be
    await venue.run(
        "ALTER TABLE composteur.audit DISABLE TRIGGER ALL; DELETE FROM composteur.audit;"
        "DELETE FROM composteur.audit_head; ALTER TABLE composteur.audit ENABLE TRIGGER ALL"
    )
    for number, code in reversed(list(enumerate(CODES))):
        at = datetime.fromtimestamp(months_ago(number + 6) / 1000, UTC)
        await venue.central.execute(
            "audit.add", SITE, [f"{99 - number:013d}-00000000"], [at], ["ada"], ["destroy"], [code],
            ['{"reason": "for Ada Lovelace"}'],
        )  # fmt: skip

    removed = await venue.purge(THEN, scans_days=90)

    assert removed.acts_redacted == 12
    assert removed.acts > 0
    async with venue.central.acquire() as connection:
        acts = await connection.fetch("SELECT subject, details::text FROM composteur.audit")
    assert not [act for act in acts if act["subject"] in CODES or "Lovelace" in act["details"]]
    verdict = await prove_audit(venue.central, SITE)
    assert verdict.differing == ()


async def test_erased_ticket_is_found_nowhere_and_never_fresh_again(
    venue: Venue, redis_url: str, tmp_path: Path
) -> None:
    await venue.purge(THEN, scans_days=90)
    admin = StoreAdmin(redis_url, SITE)
    privacy = Privacy(venue.central, admin, venue.keys, lambda: NOW)
    young, old = CODES[0], CODES[8]
    try:
        await admin.begin(0)
        await admin.set_phase("ready")
        await venue.central.execute(
            "audit.add",
            SITE,
            ["0000000000001-00000000"],
            [THEN],
            ["ada"],
            ["undo"],
            [young],
            ["{}"],
        )
        exported = await privacy.export(About(holder=f"holder of {old.lower()}"), "office")
        assert [each["code"] for each in exported] == [old]
        assert len(exported[0]["events"]) == 3

        for code in (young, old):
            assert await privacy.erase(code, "office") == {"tickets": 1, "events": 3}
    finally:
        await admin.close()

    await venue.run("DELETE FROM composteur.change")
    text = await venue.everything()
    assert not [code for code in (young, old) if code in text]
    assert await venue.clean()
    assert (await prove_audit(venue.central, SITE)).clean
    key = await asyncio.to_thread(read_key, venue.key_file)
    assert key is not None
    assert key.of(old) not in text

    await venue.run(f"INSERT INTO composteur.ticket (code, product) VALUES ('{young}', 'adult')")
    assert (
        await venue.count(
            f"SELECT count(destroyed_at) FROM composteur.ticket_state WHERE code = '{young}'"
        )
        == 1
    )
