import asyncio
from collections.abc import Callable

import asyncpg
import redis

from tests.system.gateways import SITE, Gateway, Load, settings_of, until


def change(gateway: Gateway, statement: str) -> None:
    """Change the database behind the gateway's back."""

    async def run() -> None:
        connection = await asyncpg.connect(gateway.run_file["postgres"])
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def test_books_agree_under_load_and_what_is_in_flight_is_named(gateway: Gateway) -> None:
    with Load(gateway, gateway.sell(6000)) as load:
        until(lambda: len(load.granted) > 100, what="the load")
        verdict = gateway.run("verify")

    assert "store = events = attendance ✓" in verdict


def test_two_sites_of_one_database_prove_their_own_books(
    make_gateway: Callable[..., Gateway],
) -> None:
    museum = make_gateway().start().with_key()
    castle = make_gateway(
        "castle", settings_of(museum, SITE).replace('"museum"', '"castle"')
    ).start()
    castle.with_key()
    here, there, both = museum.sell(3)
    until(lambda: castle.ask("GET", f"/v1/tickets/{both}")[0] == 200, what="the feed")

    assert museum.decide(here) == "granted"
    assert castle.decide(there) == "granted"
    assert {museum.decide(both), castle.decide(both)} == {"granted"}

    for gateway in museum, castle:
        assert "store = events = attendance ✓  (2 events, 2 stamps)" in gateway.run("verify")
    with redis.Redis.from_url(castle.run_file["redis"]) as store:
        store.delete(f"{{castle}}t:{there}")
    assert f"ticket {there}: 0 stamps in the store" in castle.run("verify", fails=True)
    assert "✓" in museum.run("verify")


def test_an_attendance_that_is_wrong_is_found(gateway: Gateway) -> None:
    assert gateway.decide(gateway.sell(1)[0]) == "granted"
    assert "✓" in gateway.run("verify")

    change(gateway, "UPDATE composteur.attendance SET persons = persons + 1")

    assert "differences ✗\nattendance " in gateway.run("verify", fails=True)


def test_a_stamp_missing_in_the_store_is_found(gateway: Gateway) -> None:
    (code,) = gateway.sell(1)
    assert gateway.decide(code) == "granted"
    assert "✓" in gateway.run("verify")

    with redis.Redis.from_url(gateway.run_file["redis"]) as store:
        store.delete(f"{{museum}}t:{code}")

    found = gateway.run("verify", fails=True)
    assert f"ticket {code}: 0 stamps in the store, 1 in the database" in found


def test_rebuild_fills_the_store_anew_beside_a_running_gateway(gateway: Gateway) -> None:
    used, fresh = gateway.sell(2)
    assert gateway.decide(used) == "granted"

    assert "the store is ready" in gateway.run("rebuild")

    until(lambda: gateway.ready()[0] == 200, what="the store")
    assert gateway.decide(used) == "no_stamps_left"
    assert gateway.decide(fresh) == "granted"
    assert "✓" in gateway.run("verify")


def test_a_csv_is_imported_and_bad_rows_are_put_aside(gateway: Gateway) -> None:
    gateway.sell(1)
    path = gateway.folder / "tickets.csv"
    path.write_text("code,product\nKRSXG5CTNVZA2,day\nKRSXG5CTNVZA3,nothing\n")

    said = gateway.run("import", str(path), fails=True)

    assert "1 new, 0 changed" in said
    assert "KRSXG5CTNVZA3,nothing" in (gateway.folder / "tickets.csv.rejected.csv").read_text()
    until(lambda: gateway.ask("GET", "/v1/tickets/KRSXG5CTNVZA2")[0] == 200, what="the feed")
    assert gateway.decide("krsx-g5ct-nvza-2") == "granted"
