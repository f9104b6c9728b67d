"""The course of a day, from what real stores have counted."""

from datetime import UTC, datetime, timedelta

from tests.integration.http.conftest import House

DAY = datetime(2026, 11, 27, tzinfo=UTC)
COUNTED = """
INSERT INTO composteur.attendance
    (minute, site, space, product, audience, reader, direction, persons, stamps)
VALUES ($1, 'museum', $2, '', 'individual', 'r', $3, $4, 0)
"""


async def ask(house: House, path: str) -> dict[str, object]:
    response = await house.client.get(
        path, headers={"Authorization": f"Bearer {house.keys['viewer']}"}
    )
    assert response.status == 200, await response.text()
    document: dict[str, object] = await response.json()
    return document


async def test_day_is_told_beside_what_was_sold_and_the_week_before(house: House) -> None:
    async with house.central.acquire() as connection:
        await connection.executemany(
            COUNTED,
            [
                (DAY + timedelta(hours=9, minutes=5), "hall", "entry", 30),
                (DAY + timedelta(hours=9, minutes=14), "hall", "entry", -2),
                (DAY + timedelta(hours=9, minutes=20), "hall", "exit", 7),
                (DAY + timedelta(hours=9, minutes=5), "vault", "entry", 99),
                (DAY - timedelta(days=7) + timedelta(hours=9), "hall", "entry", 11),
            ],
        )
        await connection.execute(
            "INSERT INTO composteur.product (id, label, kind, margin_before_s)"
            " VALUES ('tour', 'Tour', 'timed', 900)"
        )
        await connection.execute(
            "INSERT INTO composteur.session (id, product, starts_at, space)"
            " VALUES ('t1', 'tour', $1, 'hall')",
            DAY + timedelta(hours=13),
        )
        await connection.execute(
            "INSERT INTO composteur.ticket (code, product, session, persons, status) VALUES"
            " ('SOLD', 'tour', 't1', 24, 'active'), ('GONE', 'tour', 't1', 5, 'cancelled')"
        )

    course = await ask(house, "/v1/ingress?day=2026-11-27")

    def steps(name: str) -> dict[int, float]:
        figures = course[name]
        assert isinstance(figures, list)
        assert len(figures) == 96
        return {step: figure for step, figure in enumerate(figures) if figure}

    # Paris is an hour ahead of UTC in November; the vault lies behind the hall's door
    assert steps("entries") == {40: 28}
    assert steps("exits") == {41: 7}
    assert steps("before") == {40: 11}
    assert steps("expected") == {55: 24.0}
    assert (course["sold"], course["compared_with"], course["now_step"]) == (24, "2026-11-20", None)


async def test_last_hours_inside_begin_with_the_gateway(house: House) -> None:
    trend = await ask(house, "/v1/spaces/trend")

    assert trend["next"] is None
    assert isinstance(trend["items"], list)
