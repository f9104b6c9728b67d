"""Card reads over a secure channel: libosdp reads them, and those it cannot are counted."""

import pytest

from drivers.drops import Drops
from drivers.link import Device, Surroundings
from drivers.osdp import OsdpSettings
from drivers.osdp.framing import CRC, FORMATTED, INPUTS, RAW, REPLY, Frame, write
from drivers.osdp.reading import Reading
from drivers.signals import Signal


class Post:
    def __init__(self) -> None:
        pytest.importorskip("osdp_sys", reason="the extra osdp is not installed")
        self.told: list[Signal] = []
        self.drops = Drops()
        around = Surroundings(
            "museum", "main", None, [Device("post", "reader")], self.told.append, lambda: 0,
            self.drops,
        )  # fmt: skip
        settings = OsdpSettings.model_validate(
            {"port": "/dev/x", "key_variable": "KEY"},
            context={"environment": {"KEY": "01" * 16}},
        )
        self.reading = Reading(settings, around, [])


def secured(id_: int, blocks: int) -> Frame:
    """Write an encrypted reply of so many blocks, with its authentication."""
    block = bytes([0x18, id_]) + bytes(16 * blocks + 4)
    return Frame(write(REPLY, CRC | 0x08, 0x02, block))


@pytest.mark.parametrize(("blocks", "too_long"), [(1, False), (5, False), (6, True), (12, True)])
def test_a_card_over_64_bytes_is_known_by_its_length_and_counted(
    blocks: int, too_long: bool
) -> None:
    post, frame = Post(), secured(RAW, blocks)

    assert post.reading.too_long(frame) is too_long
    assert post.reading.frame(frame, 0.0) == frame.raw
    assert post.drops.counts == ({"too_long": 1} if too_long else {})


def test_a_formatted_card_cannot_be_read_there_and_is_counted() -> None:
    post, frame = Post(), secured(FORMATTED, 1)

    assert post.reading.frame(frame, 0.0) == frame.raw
    assert post.drops.counts == {"formatted": 1}
    assert not post.told


@pytest.mark.parametrize(
    ("id_", "data"),
    [
        (FORMATTED, b"\x00\x00\x06FORGED"),
        (RAW, b"\x00\x00\x30\x00FORGED"),
        (RAW, b"\x00\x00" + (8 * 100).to_bytes(2, "little") + b"F" * 100),
        (INPUTS, b"\x01\x01\x01"),
    ],
)
def test_nothing_is_read_that_does_not_come_over_the_secure_channel(id_: int, data: bytes) -> None:
    post, frame = Post(), Frame(write(REPLY, CRC, id_, data))
    post.reading.lengths = {INPUTS: 2}

    assert post.reading.frame(frame, 0.0) == frame.raw  # for libosdp to refuse
    assert not post.told
