import pytest

from drivers.osdp.cards import Keypad, card
from drivers.serial.codec import Rejected, Why
from drivers.serial.codes import Code, Rules


@pytest.mark.parametrize(
    ("data", "bits", "code"),
    [
        (b"TICKET", 48, Code("TICKET")),
        (b"01034531\x1d21ABC", 112, Code("01034531\x1d21ABC")),
        (b"TICKET", 45, Rejected(Why.CHARACTERS)),
        (b"TI\x00KET", 48, Rejected(Why.CHARACTERS)),
        (b"caf\xc3\xa9", 40, Rejected(Why.CHARACTERS)),
        (b"", 0, Rejected(Why.TOO_SHORT)),
    ],
)
def test_a_barcode_is_the_text_of_its_bytes(data: bytes, bits: int, code: Code | Rejected) -> None:
    assert card(data, bits, "text", Rules()) == code


@pytest.mark.parametrize(
    ("data", "bits", "text"),
    [
        ("04a1b2c3", 32, "04A1B2C3"),
        ("8a4c7f40", 26, "22931FD"),
        ("00000040", 26, "0000001"),
        ("80", 1, "1"),
    ],
)
def test_a_cards_number_is_told_in_as_many_digits_as_its_bits_need(
    data: str, bits: int, text: str
) -> None:
    assert card(bytes.fromhex(data), bits, "hex", Rules()) == Code(text)


def test_a_card_without_bits_is_none() -> None:
    assert card(b"", 0, "hex", Rules()) == Rejected(Why.TOO_SHORT)


def test_a_code_is_held_against_the_rules() -> None:
    rules = Rules(aim=True, longest=6)

    assert card(b"]Q1TICKET", 72, "text", rules) == Code("TICKET", "]Q1")
    assert card(b"]Q1TICKET7", 80, "text", rules) == Rejected(Why.TOO_LONG)


class TestKeypad:
    def test_digits_are_whole_with_the_sharp_or_enter(self) -> None:
        keypad = Keypad(3.0)

        assert keypad.press(b"12", 0.0) == []
        assert keypad.press(b"34#", 0.5) == [b"1234"]
        assert keypad.press(b"56\r78#", 1.0) == [b"56", b"78"]

    def test_or_when_nobody_types_for_a_while(self) -> None:
        keypad = Keypad(3.0)
        keypad.press(b"12", 0.0)
        keypad.press(b"3", 2.0)

        assert keypad.tick(4.9) == []
        assert keypad.due == 5.0
        assert keypad.tick(5.0) == [b"123"]
        assert keypad.tick(9.0) == []

    @pytest.mark.parametrize("clear", [b"*", b"\x7f"])
    def test_a_star_begins_anew(self, clear: bytes) -> None:
        keypad = Keypad(3.0)
        keypad.press(b"99" + clear, 0.0)

        assert keypad.tick(10.0) == []
        assert keypad.press(b"12#", 11.0) == [b"12"]

    def test_a_sharp_alone_and_other_keys_are_nothing(self) -> None:
        assert Keypad(3.0).press(b"#A#\x00#", 0.0) == []

    def test_what_goes_on_for_ever_is_cut(self) -> None:
        keypad = Keypad(3.0)
        keypad.press(b"1" * 1000, 0.0)

        assert keypad.press(b"#", 1.0) == [b"1" * 64]
