"""The dialects' words, as their makers' documents have them, and garbage for each."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.codec import Rejected
from drivers.mqtt.dialects.dialect import Answered, Dialect, Level, Present
from drivers.mqtt.dialects.esphome import ESPHome
from drivers.mqtt.dialects.shelly import Shelly
from drivers.mqtt.dialects.tasmota import Tasmota
from drivers.mqtt.settings import MqttSettings

SOURCE = "composteur/v1/museum/gateway/main/shelly-1"


def shelly() -> Shelly:
    return Shelly("shelly-1", SOURCE)


def esphome(*, hardware_pulse: bool = True) -> ESPHome:
    return ESPHome("board", {1: "relay_1"}, {2: "input_2"}, hardware_pulse=hardware_pulse)


def test_a_pulse_of_a_shelly_is_one_request_that_it_ends_itself() -> None:
    (step,) = shelly().pulse(0, 500, "c1", on=True)

    assert (step.topic, step.key) == ("shelly-1/rpc", "c1")
    assert json.loads(step.payload) == {
        "id": "c1",
        "src": SOURCE,
        "method": "Switch.Set",
        "params": {"id": 0, "on": True, "toggle_after": 0.5},
    }


def test_a_shelly_answers_by_the_requests_id() -> None:
    topic = f"{SOURCE}/rpc"
    fine = b'{"id":"c1","src":"shelly-1","dst":"us","result":{"was_on":false}}'
    wrong = b'{"id":"c1","src":"shelly-1","error":{"code":-103,"message":"overpower"}}'

    assert list(shelly().understand(topic, fine)) == [Answered("c1")]
    assert list(shelly().understand(topic, wrong)) == [Answered("c1", False, "overpower")]
    assert list(shelly().understand(topic, b"{}")) == [Rejected("id", "missing")]


def test_a_shelly_notifies_of_its_inputs_and_of_much_else() -> None:
    said = b"""{"src":"shelly-1","dst":"shelly-1/events","method":"NotifyStatus","params":
        {"ts":1708180040.62,"input:0":{"id":0,"state":true},"input:1":{"id":1,"state":null},
         "switch:0":{"id":0,"output":false},"sys":{"cfg_rev":20}}}"""
    event = b'{"method":"NotifyEvent","params":{"events":[{"component":"sys"}]}}'

    assert list(shelly().understand("shelly-1/events/rpc", said)) == [Level(0, True, 1708180040620)]
    assert list(shelly().understand("shelly-1/events/rpc", event)) == []
    assert list(shelly().understand("shelly-1/online", b"true")) == [Present(True)]


def test_a_tasmota_is_armed_first_then_switched_and_not_armed_twice() -> None:
    board = Tasmota("relay")
    steps = board.pulse(2, 500, "c1", on=True)
    assert steps is not None
    assert [(step.topic, step.payload) for step in steps] == [
        ("cmnd/relay/PulseTime2", b"5"),
        ("cmnd/relay/POWER2", b"ON"),
    ]
    assert list(
        board.understand("stat/relay/RESULT", b'{"PulseTime2":{"Set":5,"Remaining":0}}')
    ) == [Answered("PulseTime2=5")]
    again = board.pulse(2, 500, "c2", on=True)
    assert again is not None
    assert [step.topic for step in again] == ["cmnd/relay/POWER2"]
    assert [step.payload for step in board.switch(2, "c3", on=True)] == [b"0", b"ON"]
    assert [step.payload for step in board.switch(2, "c3", on=False)] == [b"OFF"]
    board.forget()
    anew = board.pulse(2, 500, "c4", on=True)
    assert anew is not None
    assert len(anew) == 2


def test_a_tasmota_cannot_be_pulsed_off() -> None:
    assert Tasmota("relay").pulse(1, 500, "c1", on=False) is None


@pytest.mark.parametrize(
    ("topic", "payload", "said"),
    [
        ("stat/relay/RESULT", b'{"POWER":"ON"}', [Answered("POWER1=ON")]),
        ("stat/relay/RESULT", b'{"POWER3":"OFF"}', [Answered("POWER3=OFF")]),
        ("stat/relay/RESULT", b'{"Switch1":{"Action":"ON"}}', [Level(1, True)]),
        ("tele/relay/SENSOR", b'{"Time":"x","Switch2":"OFF"}', [Level(2, False, live=False)]),
        (
            "stat/relay/STATUS10",
            b'{"StatusSNS":{"Time":"x","Switch1":"ON"}}',
            [Answered("STATUS10"), Level(1, True, live=False)],
        ),
        ("tele/relay/LWT", b"Offline", [Present(False)]),
        ("stat/relay/RESULT", b'{"Command":"Unknown"}', []),
    ],
)
def test_a_tasmota_is_understood(topic: str, payload: bytes, said: list[object]) -> None:
    assert list(Tasmota("relay").understand(topic, payload)) == said


def test_an_esphome_is_switched_by_name_and_confirms_by_its_state() -> None:
    (step,) = esphome().pulse(1, 500, "c1", on=True) or ()

    assert (step.topic, step.payload) == ("board/switch/relay_1/command", b"ON")
    assert list(esphome().understand("board/switch/relay_1/state", b"ON")) == [Answered(step.key)]
    assert list(esphome().understand("board/binary_sensor/input_2/state", b"ON")) == [
        Level(2, True)
    ]
    assert list(esphome().understand("board/status", b"online")) == [Present(True)]
    assert esphome(hardware_pulse=False).pulse(1, 500, "c1", on=True) is None


@pytest.mark.parametrize("dialect", [shelly(), Tasmota("relay"), esphome()])
@given(
    payload=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "ts", "result", "params", "error", "method", "input:0", "input:x", "Set"]
                )
                | st.sampled_from(["POWER1", "Switch1", "PulseTime1", "StatusSNS", "Action"])
                | st.text(),
                inner | st.sampled_from(["NotifyStatus", "ON"]),
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_payload_whatever_raises(dialect: Dialect, payload: bytes) -> None:
    for one in dialect.filters:
        list(dialect.understand(one.topic, payload))


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"dialect": "shelly"}, "prefix is missing"),
        ({"prefix": "x"}, "has no prefix"),
        ({"tls_cert": "a.pem"}, "belong together"),
        ({"dialect": "esphome", "prefix": "x", "switch_name": "relay"}, "must have {} once"),
        ({"ack_ms": 2000}, "less than or equal to 900"),
        ({"dialect": "shelly", "prefix": "a/#"}, "pattern"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(keys: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        MqttSettings.model_validate(keys)


def test_a_gate_of_ours_has_no_channels_and_reports_passages() -> None:
    ours, board = MqttSettings(), MqttSettings(dialect="shelly", prefix="x")

    assert ours.channels("turnstile") == {}
    assert ours.reports_passages("turnstile", ())
    assert not ours.reports_passages("reader", ())
    assert board.channels("door")["lock"].required
    assert not board.reports_passages("turnstile", ["release_entry"])
    assert board.reports_passages("turnstile", ["passage_entry"])
