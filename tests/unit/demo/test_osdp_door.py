"""The side door: its people act by what its readers' lights say."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from drivers.mqtt.simulator import Behaviour
from drivers.osdp.face import led, output, timed_output
from drivers.osdp.settings import read_key
from gateway.demo import museum, osdp_door, signs
from gateway.demo.gates import Gate


@pytest.fixture
async def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[osdp_door.Door]:
    pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")
    for name in ("WALK_S", "DENY_S", "WIRED_OPEN_S"):
        monkeypatch.setattr(museum, name, 0.01)
    monkeypatch.setattr(osdp_door, "STANDS_OPEN_S", 0.01)
    monkeypatch.setattr(signs, "LEAVES_S", 0.01)
    monkeypatch.setattr(signs, "PATIENCE_S", 0.2)
    async with osdp_door.door(tmp_path) as made:
        assert made is not None
        yield made


def tell(door: osdp_door.Door, command: Any, reader: int = 0) -> None:
    door.line.readers[reader]._obey(dict(command))


@pytest.mark.parametrize(
    ("colour", "does", "outcome", "through"),
    [
        ("green", Behaviour.PASS, "passed", 1),
        ("green", Behaviour.GIVE_UP, "gave_up", 0),
        ("red", Behaviour.PASS, "refused", 0),
        ("amber", Behaviour.PASS, "refused", 0),
        ("blue", Behaviour.PASS, "unanswered", 0),
    ],
)
async def test_people_go_by_the_light(
    door: osdp_door.Door, colour: str, does: Behaviour, outcome: str, through: int
) -> None:
    visit = asyncio.create_task(door.visit("CODE", does=does), name="visit")
    await asyncio.sleep(0)
    tell(door, led(colour, ((1_000, 0),)))

    assert (await visit).outcome == outcome
    assert door.counters == {"entry": through, "exit": 0}
    assert door.line.readers[0].inputs == [False, False]  # and it is closed again


async def test_whoever_leaves_shows_their_ticket_inside(door: osdp_door.Door) -> None:
    visit = asyncio.create_task(door.visit("CODE", "exit"), name="visit")
    await asyncio.sleep(0)
    tell(door, led("green", ((1_000, 0),)), reader=1)

    assert (await visit).outcome == "passed"
    assert door.counters == {"entry": 0, "exit": 1}


async def test_it_is_free_while_its_strike_is_held_and_not_for_a_moments_opening(
    door: osdp_door.Door,
) -> None:
    gate: Gate = door
    assert gate.modes == {"entry": "normal", "exit": "normal"}

    tell(door, timed_output(museum.STRIKE, 3_000, on=True))
    assert door.strike
    assert gate.modes["entry"] == "normal"
    tell(door, output(museum.STRIKE, on=True))
    assert gate.modes == {"entry": "free", "exit": "free"}


async def test_its_keys_are_made_anew_for_nobody_else_to_read(door: osdp_door.Door) -> None:
    keys = [read_key(file.read_text()) for file in door.keys.values()]

    assert keys == [reader.key for reader in door.line.readers]
    assert keys[0] != keys[1]
    assert {file.stat().st_mode & 0o777 for file in door.keys.values()} == {0o600}
