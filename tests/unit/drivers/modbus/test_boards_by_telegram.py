"""What a board is asked, byte by byte as its manual has it: a simulator would err with us."""

from drivers.modbus.codec import bits_of
from drivers.modbus.plan import plan_of
from drivers.modbus.profile import load
from drivers.modbus.switching import Switching


def test_a_manuals_numbers_are_one_more_than_those_of_telegrams() -> None:
    """ADAM-6060: relays are 00017 to 00022 in its manual, inputs 00001 to 00006."""
    adam = load("adam-6060")
    (inputs,) = plan_of(adam, adam.input_numbers, ()).often
    relay = Switching(adam, 1, by_hand=True).write(adam.output_numbers[0], on=True)

    assert (inputs.area, inputs.at, inputs.count) == ("coil", 0, 6)
    assert (relay.function, relay.data) == (5, bytes.fromhex("0010 ff00"))


def test_bits_beyond_those_asked_for_are_nobodys() -> None:
    assert bits_of(bytes.fromhex("01 ff"), 3) == [True, True, True]
