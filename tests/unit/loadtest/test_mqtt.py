import pytest

from loadtest.mqtt import PUBACK, PUBLISH, Message, packet, published, text


@pytest.mark.parametrize(
    ("size", "head"),
    [(0, "3000"), (127, "307f"), (128, "308001"), (16_383, "30ff7f"), (16_384, "30808001")],
)
def test_the_length_is_written_in_groups_of_seven_bits(size: int, head: str) -> None:
    assert packet(PUBLISH, 0, b"x" * size)[: len(head) // 2].hex() == head


def test_an_acknowledgement_names_the_packet() -> None:
    assert packet(PUBACK, 0, (258).to_bytes(2)).hex() == "40020102"


def test_a_message_that_wants_an_acknowledgement_says_its_number() -> None:
    assert published(2, text("a/b") + b"\x00\x07{}") == (Message("a/b", b"{}"), 7)


def test_a_message_that_wants_none_has_no_number() -> None:
    assert published(0, text("a/ü") + b"{}") == (Message("a/ü", b"{}"), 0)
