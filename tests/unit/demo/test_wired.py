"""The turnstile on wires: its people act by what its relays do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.modbus.profile import load
from drivers.modbus.simulated_line import TcpSocket
from drivers.mqtt.simulator import Behaviour
from drivers.serial.profile import profiles
from gateway.demo import museum, signs, wired


@pytest.fixture(scope="module", autouse=True)
def _profiles_read() -> None:
    """Read the profiles' files before a loop runs."""
    profiles()
    load(museum.BOARD)


@pytest.fixture
async def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[wired.Turnstile]:
    for name in ("WALK_S", "DENY_S", "WIRED_OPEN_S"):
        monkeypatch.setattr(museum, name, 0.01)
    for name in ("BEHIND_S", "LEAVES_S"):
        monkeypatch.setattr(signs, name, 0.01)
    monkeypatch.setattr(signs, "PATIENCE_S", 0.2)
    monkeypatch.setattr(wired, "CLOSED_S", 0.01)
    async with wired.turnstile(tmp_path) as made:
        yield made


async def answered(
    gate: wired.Turnstile, relay: str, does: Behaviour = Behaviour.PASS
) -> tuple[str, int]:
    """Send somebody in, and answer with a relay; return what became of them, and who passed."""
    visit = asyncio.create_task(gate.visit("CODE", does=does), name="visit")
    await asyncio.sleep(0)
    gate.board.switch(museum.RELAYS[relay], on=True)
    return (await visit).outcome, gate.counters["entry"]


@pytest.mark.parametrize(
    ("relay", "does", "outcome", "through"),
    [
        ("release_entry", Behaviour.PASS, "passed", 1),
        ("release_entry", Behaviour.TAILGATE, "passed", 2),
        ("release_entry", Behaviour.GIVE_UP, "gave_up", 0),
        ("denied", Behaviour.PASS, "refused", 0),
        ("release_exit", Behaviour.PASS, "unanswered", 0),
        ("granted", Behaviour.PASS, "unanswered", 0),
        ("denied", Behaviour.FORCE, "forced", 1),
    ],
)
async def test_people_go_by_the_relays_and_whoever_passes_closes_the_contact(
    gate: wired.Turnstile, relay: str, does: Behaviour, outcome: str, through: int
) -> None:
    closings = gate.board.inputs.copy()

    assert await answered(gate, relay, does) == (outcome, through)

    assert gate.board.inputs == closings  # and it is open again
    assert gate.counters["exit"] == 0


async def test_its_modes_are_how_its_contacts_are_held(gate: wired.Turnstile) -> None:
    assert gate.modes == {"entry": "normal", "exit": "normal"}

    gate.board.switch(museum.RELAYS["free_exit"], on=True)
    gate.board.switch(museum.RELAYS["lock_entry"], on=True)

    assert gate.modes == {"entry": "locked", "exit": "free"}
    await gate.walk_through("exit")
    assert gate.counters == {"entry": 0, "exit": 1}


async def test_the_gateway_is_told_where_its_cables_are(
    gate: wired.Turnstile, tmp_path: Path
) -> None:
    cables = gate.cables

    assert set(cables.engines.values()) == {tmp_path / name for name in gate.readers}
    assert all(path.is_symlink() for path in cables.engines.values())
    assert isinstance(gate.plug, TcpSocket)
    assert cables.board == f"tcp://127.0.0.1:{gate.plug.port}"
