"""MQTT's packets: against the standards' own bytes, in pieces, and against garbage."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt import packets
from drivers.mqtt.packets import Filter, Malformed, Message, Packet, Splitter, Welcome, Will


def _only(data: bytes) -> Packet:
    (packet,) = Splitter().feed(data)
    return packet


def test_a_connect_of_version_5_has_session_limit_will_user_and_password() -> None:
    sent = packets.connect(
        "me",
        modern=True,
        keepalive_s=5,
        session_s=3600,
        will=Will("w", b"gone"),
        username="u",
        password="p",
        packet_limit=65536,
    )

    assert sent.hex(" ") == (
        "10 29 00 04 4d 51 54 54 05 ec 00 05 0a 11 00 00 0e 10 27 00 01 00 00 00 02 6d 65 "
        "00 00 01 77 00 04 67 6f 6e 65 00 01 75 00 01 70"
    )


def test_a_connect_of_version_3_begins_anew_where_no_session_is_wanted() -> None:
    sent = packets.connect("me", modern=False, keepalive_s=5, session_s=0)

    assert sent.hex(" ") == "10 0e 00 04 4d 51 54 54 04 02 00 05 00 02 6d 65"


def test_a_command_says_how_long_it_may_wait() -> None:
    sent = packets.publish(Message("a/b", b"x", expiry_s=2), 7, modern=True)

    assert sent.hex(" ") == "32 0e 00 03 61 2f 62 00 07 05 02 00 00 00 02 78"


def test_version_5_is_asked_not_to_send_what_it_kept() -> None:
    filters = [Filter("a", kept=True), Filter("b", queued=False)]

    assert packets.subscribe(1, filters, modern=True)[-8:].hex() == "0001610100016220"
    assert packets.subscribe(1, filters, modern=False)[-8:].hex() == "0001610100016200"


@pytest.mark.parametrize("modern", [True, False])
@given(
    topic=st.text(max_size=50).filter(lambda text: text.isprintable()),
    payload=st.binary(max_size=300),
    kept=st.booleans(),
    number=st.integers(0, 0xFFFF),
)
def test_messages_come_back_as_they_went(
    *, modern: bool, topic: str, payload: bytes, kept: bool, number: int
) -> None:
    sent = packets.publish(Message(topic, payload, kept), number, modern=modern)
    kind, flags, body = _only(sent)

    assert kind == packets.PUBLISH
    assert packets.read_message(flags, body, modern=modern) == Message(topic, payload, kept, number)


@given(st.lists(st.binary(max_size=300), max_size=10), st.data())
def test_packets_are_found_however_the_stream_is_cut(
    payloads: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(packets.publish(Message("t", one), modern=False) for one in payloads)
    splitter = Splitter()
    found: list[Packet] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:size])
        stream = stream[size:]

    assert [packet.body[3:] for packet in found] == payloads


@given(st.binary(), st.booleans())
def test_garbage_is_malformed_and_nothing_else(data: bytes, modern: bool) -> None:
    with suppress(Malformed):
        Splitter(limit=1000).feed(data)
    for read in (packets.read_welcome, packets.read_granted):
        with suppress(Malformed):
            read(data, modern=modern)
    with suppress(Malformed):
        packets.read_message(2, data, modern=modern)
    packets.read_refusal(data)
    packets.read_number(data)


def test_a_length_that_is_none_is_refused() -> None:
    with pytest.raises(Malformed, match="does not end"):
        Splitter().feed(b"\x30\xff\xff\xff\xff\x01")
    with pytest.raises(Malformed, match="bytes"):
        Splitter(limit=100).feed(b"\x30\x80\x01")


def test_a_welcome_of_version_5_tells_how_much_the_broker_takes() -> None:
    body = bytes.fromhex("00 00 0b 21 00 14 13 00 3c 1f 00 02 6f 6b".replace(" ", ""))

    assert packets.read_welcome(body, modern=True) == Welcome(receive_maximum=20, keepalive_s=60)


@pytest.mark.parametrize(
    ("code", "wrong_version"), [(1, True), (0x84, True), (5, False), (0x87, False), (0x99, False)]
)
def test_a_refusal_says_why(code: int, wrong_version: bool) -> None:
    welcome = packets.read_welcome(bytes([0, code]), modern=True)

    assert welcome.refused
    assert welcome.wrong_version is wrong_version


def test_topics_that_may_not_be_heard_are_told_apart() -> None:
    assert packets.read_granted(b"\x00\x01\x00\x01\x87\x00", modern=True) == [True, False, True]
    assert packets.read_granted(b"\x00\x01\x01\x80\x00", modern=False) == [True, False, True]
