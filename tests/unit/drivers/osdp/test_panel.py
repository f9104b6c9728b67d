"""What libosdp does and must not: one panel for one reader, without a line."""

import gc
import weakref
from collections import deque
from typing import Any

import pytest

from drivers.osdp.face import led
from drivers.osdp.framing import CAPABILITIES, CRC, ID, REPLY, Frame, write
from drivers.osdp.panel import Panel, _taking

WHO = bytes.fromhex("a05dc0 01 01 07000000 010203")
CAN = bytes.fromhex("030101 040401 050201 060201 080100")


@pytest.fixture
def panel() -> Panel:
    pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")
    return Panel(3, None)


def asked(panel: Panel) -> int:
    said = panel.turn()
    return -1 if said is None else Frame.of(said).id


def answer(panel: Panel, number: int, id_: int, data: bytes = b"") -> None:
    panel.hear(write(3 | REPLY, CRC | number, id_, data))


def bring_up(panel: Panel) -> None:
    assert asked(panel) == ID
    answer(panel, 0, 0x45, WHO)
    assert asked(panel) == CAPABILITIES
    answer(panel, 1, 0x46, CAN)
    assert panel.online


def test_a_reader_says_who_it_is_and_what_it_can(panel: Panel) -> None:
    bring_up(panel)
    found = panel.identity

    assert (found.vendor, found.serial, found.firmware) == ("A0-5D-C0", 7, "1.2.3")
    assert (found.leds, found.buzzers, found.rows) == (1, 1, 2)
    assert (found.outputs, found.inputs, found.secure) == (0, 0, False)


def test_a_reader_that_is_silent_is_asked_when_we_say_and_not_in_300_s(panel: Panel) -> None:
    assert asked(panel) == ID
    panel.fail()
    assert asked(panel) == -1

    assert panel.begin_anew()
    assert asked(panel) == ID


def test_a_command_that_is_not_answered_has_failed_and_is_not_sent_again(panel: Panel) -> None:
    bring_up(panel)
    assert panel.submit(led("green", ((100, 0),)))
    assert asked(panel) == 0x69
    panel.fail()

    assert [obeyed for _, obeyed in panel.completed] == [False]
    assert panel.begin_anew()
    assert asked(panel) == ID


def test_a_refusal_takes_a_reader_off_and_it_is_back_as_soon_as_it_is_asked(panel: Panel) -> None:
    bring_up(panel)
    panel.submit(led("green", ((100, 0),)))
    assert asked(panel) == 0x69
    answer(panel, 2, 0x41, b"\x03")

    assert not panel.online
    assert panel.begin_anew()
    bring_up(panel)


def test_what_cannot_be_said_is_told_and_nothing_breaks(panel: Panel) -> None:
    assert not panel.submit(led("green", ((100, 0),)))  # it is not online
    bring_up(panel)
    assert not panel.submit({"command": 4, "data": "x" * 100, "reader": 0})


def test_an_event_that_libosdp_never_gives_back_is_at_least_empty() -> None:
    events: deque[dict[str, Any]] = deque()
    event = {"event": 1, "data": b"TICKET"}
    _taking(events)(0, event)

    assert not event
    assert list(events) == [{"event": 1, "data": b"TICKET"}]


def test_a_panel_is_given_back_although_libosdp_keeps_its_channel(panel: Panel) -> None:
    other = Panel(4, bytes(16))
    other.turn()
    gone = weakref.ref(other)
    del other
    gc.collect()

    assert gone() is None
