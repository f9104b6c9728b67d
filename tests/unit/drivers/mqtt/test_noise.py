"""Noise on MQTT, a million messages of it: no crash, no false yes, every message counted."""

import asyncio
import json
from collections.abc import Callable
from random import Random

import pytest
import structlog

from drivers.drops import Drops
from drivers.link import CommandFailed, Device, Surroundings
from drivers.mqtt import packets
from drivers.mqtt.board import BoardLink
from drivers.mqtt.broker import Broker
from drivers.mqtt.connection import Away, Connection, Target
from drivers.mqtt.dialects.dialect import Dialect
from drivers.mqtt.dialects.esphome import ESPHome
from drivers.mqtt.dialects.shelly import Shelly
from drivers.mqtt.dialects.tasmota import Tasmota
from drivers.mqtt.link import Gate
from drivers.mqtt.packets import Message
from drivers.mqtt.settings import MqttSettings
from drivers.signals import CodeRead, GateEvent, InputChanged, Signal, StateRead

SITE, NAME = "museum", "north"
AT = "2026-11-30T10:00:00.000Z"
WALL_MS = 1_796_032_800_000
"""`AT`, for the clock stands still: no scan is stale."""
FRAMES = [pytest.param(1_000_000, marks=pytest.mark.soak, id="a million"), 4_000]

type Said = dict[str, object] | str
"""A message, before it is written."""

WORDS: dict[str, dict[str, object]] = {
    "status": {"state": "online", "boot": "b7", "ts": AT},
    "state": {
        "boot": "b7", "seq": 91, "ts": AT, "modes": {"entry": "normal", "exit": "free"},
        "inputs": {"fire": False}, "counters": {"entry": 12, "exit": 7}, "battery": 80,
    },
    "scan": {"id": "s1", "direction": "entry", "symbology": "]Q1", "code": "TICKET", "ts": AT},
    "event": {"id": "b7-1", "type": "passed", "direction": "entry", "tx": "1-2-3", "ts": AT},
    "ack": {"id": "c1", "ok": True},
}  # fmt: skip
"""What a gate says, for each of its topics."""
SAID: dict[str, list[Said]] = {
    "shelly/rpc": [
        {"id": "c1", "src": "shelly", "result": {"was_on": False, "input:0": {"state": True}}},
        {"id": "c1", "src": "shelly", "error": {"code": -103, "message": "overpower"}},
    ],
    "shelly/events/rpc": [{"method": "NotifyStatus", "params": {"input:0": {"state": True}}}],
    "stat/board/RESULT": [{"POWER1": "ON"}, {"PulseTime1": {"Set": 5}}, {"Switch1": "ON"}],
    "tele/board/LWT": ["Online"],
    "board/switch/relay_1/state": ["ON"],
    "board/binary_sensor/input_2/state": ["OFF"],
}
"""What boards say, in their dialects."""
ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1e308,
    "",
    "x" * 600,
    [],
    [[]],
    {},
    "\x00",
    "\ud800",
    2**63,
    "free",
    "ok",
)


@pytest.fixture(autouse=True)
def _silent_log() -> None:
    """Say nothing of each: the counts are what is looked at."""
    structlog.configure(processors=[_drop])


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


class Heard:
    """A venue that takes what it is told; its broker is never connected to."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.drops = Drops()
        target = Target("mqtt://127.0.0.1:1")
        self.broker = Broker(target, "test", "status", lambda: WALL_MS, self.drops)

    def surroundings(self) -> Surroundings:
        devices = [Device(NAME, "turnstile")]
        return Surroundings(
            SITE, "main", None, devices, self.signals.append, lambda: WALL_MS, self.drops
        )


def damaged(dice: Random, said: Said) -> bytes:
    """Spoil a message in one way or another, or not at all."""
    if isinstance(said, dict):
        said = misspelt(dice, dict(said))
    text = bytearray(json.dumps(said).encode("utf-8", "surrogatepass"))
    match dice.randrange(8):
        case 0:
            text[:] = dice.randbytes(dice.randrange(200))
        case 1:
            del text[dice.randrange(len(text)) :]
        case 2:
            text[:] = b"[" * dice.randrange(1, 3000)
        case 3:
            for _ in range(dice.randrange(1, 4)):
                text[dice.randrange(len(text))] ^= 1 << dice.randrange(8)
        case _:
            pass
    return bytes(text)


def misspelt(dice: Random, said: dict[str, object]) -> dict[str, object]:
    """Say something else in it, or leave something out."""
    name = dice.choice(list(said))
    match dice.randrange(4):
        case 0:
            said[name] = dice.choice(ODD)
        case 1:
            del said[name]
        case _:
            pass
    return said


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", FRAMES)
async def test_what_a_gate_says_is_taken_or_counted_and_acknowledges_nothing_else(
    number: int,
) -> None:
    dice, heard = Random(1), Heard()
    gate = Gate(Device(NAME, "turnstile"), heard.surroundings(), heard.broker, MqttSettings())
    gate.presence.connected(0.0)
    release = gate.pending.expect("our-release")
    for each in range(number):
        leaf = dice.choice(list(WORDS))
        document = dict(WORDS[leaf])
        if "id" in document:
            document["id"] = f"{document['id']}-{each}"
        before = len(heard.signals), sum(heard.drops.counts.values())
        (hear,) = (hear for topic, hear in gate.hear.items() if topic.endswith(f"/{leaf}"))
        hear(damaged(dice, document), kept=dice.random() < 0.1)
        told = [signal for signal in heard.signals[before[0] :] if _is_said(signal)]
        counted = sum(heard.drops.counts.values()) - before[1]
        if leaf in {"scan", "event", "state"}:
            assert len(told) + counted == 1, (leaf, told)
        else:  # an acknowledgement is nobody's, and a status is no signal of its own
            assert (len(told), counted) in {(0, 0), (0, 1)}
            assert leaf == "status" or counted == 1
        for signal in told:
            if isinstance(signal, CodeRead):
                assert 0 < len(signal.code.encode()) <= 512
        if release.done():  # it has said that it is gone
            assert isinstance(release.exception(), CommandFailed)
            release = gate.pending.expect("our-release")
        del heard.signals[:]
        if each % 5_000 == 0:
            await asyncio.sleep(0)
    gate.pending.fail_all("over")

    assert heard.drops.counts["rejected"] > number / 4


def _is_said(signal: Signal) -> bool:
    return isinstance(signal, CodeRead | GateEvent | InputChanged | StateRead)


def dialects() -> list[Dialect]:
    return [
        Shelly("shelly", "shelly"),
        Tasmota("board"),
        ESPHome("board", {1: "relay_1"}, {2: "input_2"}, hardware_pulse=True),
    ]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", FRAMES)
async def test_what_boards_say_raises_nothing_and_acknowledges_nothing_else(number: int) -> None:
    dice, heard = Random(2), Heard()
    links = [
        BoardLink(MqttSettings(dialect="shelly", prefix="board"), heard.surroundings(),
                  heard.broker, dialect)
        for dialect in dialects()
    ]  # fmt: skip
    for link in links:
        link.connected()
    waiting = [link.pending.expect("our-release") for link in links]
    for each in range(number):
        topic = dice.choice(list(SAID))
        payload = damaged(dice, dice.choice(SAID[topic]))
        for link in links:
            link.heard(topic, payload, kept=dice.random() < 0.1)
        if each % 5_000 == 0:
            del heard.signals[:]
            await asyncio.sleep(0)
    for link, future in zip(links, waiting, strict=True):
        assert not future.done() or isinstance(future.exception(), CommandFailed)
        link.pending.fail_all("over")

    assert heard.drops.counts["rejected"] > number / 100


type Make = Callable[[Random], bytes]


def a_message(dice: Random) -> bytes:
    return packets.publish(
        Message(f"t/{dice.randrange(9)}", dice.randbytes(dice.randrange(40))), 3, modern=True
    )


OF_A_BROKER: tuple[Make, ...] = (
    a_message,
    lambda _: bytes.fromhex("40020003"),  # PUBACK
    lambda _: bytes.fromhex("9004000300 01".replace(" ", "")),  # SUBACK
    lambda _: bytes.fromhex("d000"),  # PINGRESP
    lambda _: bytes.fromhex("2003000000"),  # CONNACK
    lambda _: bytes.fromhex("e0020000"),  # DISCONNECT
)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", FRAMES)
async def test_a_broker_that_does_not_speak_mqtt_is_left_and_nothing_else_happens(
    number: int,
) -> None:
    dice, heard = Random(3), Heard()
    messages = left = 0

    def hear(message: Message) -> None:
        nonlocal messages
        messages += 1
        heard.broker._heard(message)

    connection = Connection(hear, modern=True)
    for each in range(number):
        if each % 20 == 0:  # else what claims to be a very long packet would swallow all the rest
            connection = Connection(hear, modern=True)
        packet = bytearray(dice.choice(OF_A_BROKER)(dice))
        if dice.random() < 0.7:
            packet[dice.randrange(len(packet))] ^= 1 << dice.randrange(8)
        connection.data_received(bytes(packet))
        if connection._lost.done():
            left += 1
            with pytest.raises(Away):
                connection.publish("cmd", b"open")
            connection = Connection(hear, modern=True)

    assert left > number / 100
    assert heard.drops.counts["topic"] == messages > number / 20
    assert not heard.signals
