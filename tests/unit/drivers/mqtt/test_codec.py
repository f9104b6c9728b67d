"""Payloads of our own gates: what is taken, and what every wrong one is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.commands import (
    Buzzer,
    Command,
    Light,
    Ping,
    Pulse,
    Release,
    Revoke,
    SetMode,
    ShowDecision,
    Text,
)
from drivers.mqtt import codec
from drivers.mqtt.codec import Ack, Rejected, Status
from drivers.signals import CodeRead, GateEvent, GateEventType, InputChanged, StateRead

AT = 1795341600250
TS = "2026-11-22T10:00:00.250Z"


def _bytes(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_a_scan_is_a_code_with_its_nonce_and_the_gates_own_time() -> None:
    read = codec.read_scan(
        "north-1", _bytes(id="n1", direction="exit", symbology="]Q1", code="ABC", ts=TS)
    )

    assert read == CodeRead("north-1", "ABC", "n1", "exit", "]Q1", AT)


def test_a_gate_without_a_clock_and_with_words_of_its_own_is_understood() -> None:
    read = codec.read_scan("north-1", _bytes(id="n1", code="ABC", firmware="2.1"))

    assert read == CodeRead("north-1", "ABC", "n1")


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"", "payload"),
        (b"\xff\xfe\x00", "payload"),
        (b"[]", "payload"),
        (b"{", "payload"),
        (b'{"id":"a","code":"\xff"}', "payload"),
        (b'{"id":"a","code":"\\ud800"}', "payload"),
        (b"[" * 100_000, "payload"),
        (b'{"id":"' + b"x" * 1_000_000 + b'","code":"A"}', "payload"),
        (_bytes(code="A"), "id"),
        (_bytes(id="", code="A"), "id"),
        (_bytes(id=7, code="A"), "id"),
        (_bytes(id="a"), "code"),
        (_bytes(id="a", code=None), "code"),
        (_bytes(id="a", code=""), "code"),
        (_bytes(id="a", code="é" * 300), "code"),
        (_bytes(id="a", code="A", direction="in"), "direction"),
        (_bytes(id="a", code="A", ts="yesterday"), "ts"),
        (_bytes(id="a", code="A", ts="2026-11-22T10:00:00"), "ts"),
        (_bytes(id="a", code="A", ts=1795341600), "ts"),
    ],
)
def test_a_wrong_scan_is_rejected_with_its_field(payload: bytes, field: str) -> None:
    read = codec.read_scan("north-1", payload)

    assert isinstance(read, Rejected)
    assert read.field == field


def test_status_state_and_ack_are_read() -> None:
    state = _bytes(
        boot="b7",
        seq=9,
        ts=TS,
        modes={"entry": "free"},
        inputs={"fire": False},
        counters={"entry": 12, "exit": 3},
        battery=87,
    )

    assert codec.read_status(_bytes(state="online", boot="b7", ts=TS)) == Status(True, "b7", AT)
    assert codec.read_status(b'{"state":"offline"}') == Status(online=False)
    assert codec.read_ack(_bytes(id="1", ok=True)) == Ack("1", True)
    assert codec.read_ack(_bytes(id="1", ok=False, error="late")) == Ack("1", False, "late")
    assert codec.read_state("north-1", state) == StateRead(
        "north-1",
        boot="b7",
        modes={"entry": "free"},
        inputs={"fire": False},
        counters={"entry": 12, "exit": 3},
        battery=87,
        at=AT,
    )


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (_bytes(modes={"entry": "closed"}), "modes[...]"),
        (_bytes(modes={"north": "free"}), "modes"),
        (_bytes(inputs={"fire": 1}), "inputs[...]"),
        (_bytes(counters={"entry": -1}), "counters[...]"),
        (_bytes(battery=101), "battery"),
    ],
)
def test_a_wrong_state_is_rejected_with_its_field(payload: bytes, field: str) -> None:
    read = codec.read_state("north-1", payload)

    assert isinstance(read, Rejected)
    assert read.field == field


@pytest.mark.parametrize("kind", list(GateEventType))
def test_every_kind_of_event_is_read(kind: GateEventType) -> None:
    read = codec.read_event(
        "north-1", _bytes(id="b7-4", type=kind, direction="entry", tx="e1", ts=TS)
    )

    assert read == GateEvent("north-1", kind, "b7-4", "entry", "e1", AT)


def test_inputs_and_counters_come_as_events_too() -> None:
    assert codec.read_event(
        "north-1", _bytes(id="b7-5", type="input", name="fire", value=True)
    ) == InputChanged("north-1", "fire", True, "b7-5")
    assert codec.read_event(
        "north-1", _bytes(id="b7-6", type="counters", counters={"entry": 4})
    ) == StateRead("north-1", boot="b7", counters={"entry": 4})


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (_bytes(id="b7-5", type="danced"), "type"),
        (_bytes(id="b7-5", type="input", value=True), "name"),
        (_bytes(id="b7-5", type="input", name="fire"), "value"),
        (_bytes(type="passed"), "id"),
        (_bytes(id="b7-5", type="passed", tx=5), "tx"),
    ],
)
def test_a_wrong_event_is_rejected_with_its_field(payload: bytes, field: str) -> None:
    read = codec.read_event("north-1", payload)

    assert isinstance(read, Rejected)
    assert read.field == field


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (
            Release("entry", 500, 2, "e1"),
            {"do": "release", "direction": "entry", "pulse_ms": 500, "persons": 2, "tx": "e1"},
        ),
        (Revoke("e1"), {"do": "revoke", "tx": "e1"}),
        (SetMode("exit", "free"), {"do": "mode", "direction": "exit", "mode": "free"}),
        (Light("denied"), {"do": "light", "pattern": "denied"}),
        (Text(("Bon", "jour"), 2000), {"do": "text", "lines": ["Bon", "jour"], "ms": 2000}),
        (Buzzer("granted"), {"do": "buzzer", "pattern": "granted"}),
        (Ping(), {"do": "ping"}),
    ],
)
def test_arguments_of_a_command_stand_beside_do(
    command: Command, fields: dict[str, object]
) -> None:
    written = codec.write_command(command, "c1", AT)

    assert written is not None
    assert json.loads(written) == {"id": "c1", "not_after": TS, **fields}


def test_a_gate_is_not_told_to_switch_outputs() -> None:
    assert codec.write_command(Pulse("release_entry", 500), "c1", AT) is None


def test_a_decision_has_the_scans_id_and_no_holder() -> None:
    document = {"decision": "granted", "ticket": {"code": "A", "holder": "Anne"}}

    written = json.loads(codec.write_decision(ShowDecision("n1", document)))

    assert written == {"id": "n1", "decision": "granted", "ticket": {"code": "A"}}
    assert document["ticket"] == {"code": "A", "holder": "Anne"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "id",
            "code",
            "ts",
            "type",
            "direction",
            "tx",
            "name",
            "value",
            "counters",
            "battery",
            "ok",
        ]
    ),
    _JSON | st.sampled_from(["entry", "passed", "input", TS, "online"]),
)


@given(st.binary() | (_FIELDS | _JSON).map(lambda value: json.dumps(value).encode()))
def test_no_payload_whatever_raises(payload: bytes) -> None:
    codec.read_status(payload)
    codec.read_state("d", payload)
    codec.read_scan("d", payload)
    codec.read_ack(payload)
    codec.read_event("d", payload)


@given(st.integers(min_value=0, max_value=253402300799999))
def test_instants_come_back_as_they_went(at: int) -> None:
    read = codec.read_scan("d", _bytes(id="a", code="A", ts=codec.to_text(at)))

    assert isinstance(read, CodeRead)
    assert read.at == at
