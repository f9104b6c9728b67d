"""How a board's relays are written: coils, registers, words of bits, and pulses it ends itself."""

from drivers.modbus import codec
from drivers.modbus.codec import OFF, ON, Question
from drivers.modbus.plan import Point, Reading, output_points
from drivers.modbus.profile import Area, Profile, Pulse, Watchdog, input_area


class TooLong(ValueError):
    """A pulse is longer than the board can make it."""


class Switching:
    """The relays of one board.

    Attributes:
        words: what registers hold, by their addresses, as last read or written.
    """

    def __init__(self, profile: Profile, unit: int, *, by_hand: bool) -> None:
        self.words: dict[int, int] = {}
        self._profile = profile
        self._unit = unit
        self._by_hand = by_hand
        self._points = {point.number: point for point in output_points(profile)}

    @property
    def anything(self) -> Reading:
        """What can be asked of a board that nothing is wanted from."""
        points = tuple(self._points.values())
        if points:
            return Reading(points[0].area, points[0].at, 1, points[:1])
        inputs = self._profile.inputs
        if inputs is None:
            raise ValueError("a board has outputs or inputs")
        area = input_area(inputs)
        at = self._profile.address(area, inputs.at)
        point = Point("input", inputs.first, area, at, 0 if "-" in inputs.area else None)
        return Reading(area, at, inputs.count if inputs.whole else 1, (point,))

    @property
    def must_be_fed(self) -> bool:
        """Whether only what is written holds off its watchdog."""
        return self._profile.watchdog is not None and self._profile.watchdog.kept_by == "write"

    def feed(self, watchdog: Watchdog) -> Question:
        """Write what changes nothing."""
        packed = next((each for each in self._points.values() if each.bit is not None), None)
        if packed is not None:
            return codec.write_word(self._unit, packed.at, self.words.get(packed.at, 0))
        first = watchdog.settings[0]
        at = self._profile.address("holding", first.at)
        return codec.write_word(self._unit, at, first.value)

    def write(self, number: int, on: bool) -> Question:  # noqa: FBT001  # a level
        """Switch a relay on or off."""
        point, outputs = self._points[number], self._profile.outputs
        if point.area == "coil":
            return codec.write_coil(self._unit, point.at, ON if on else OFF)
        if point.bit is not None:
            mask = 1 << point.bit
            word = self.words.get(point.at, 0)
            return codec.write_word(self._unit, point.at, word | mask if on else word & ~mask)
        if outputs is None:
            raise ValueError("a board without outputs")
        return codec.write_word(self._unit, point.at, outputs.on if on else outputs.off)

    def switched(self, number: int, on: bool) -> None:  # noqa: FBT001  # a level
        """Note that the board has acknowledged a relay's switching."""
        point = self._points[number]
        if point.bit is not None:
            mask, word = 1 << point.bit, self.words.get(point.at, 0)
            self.words[point.at] = word | mask if on else word & ~mask

    def ends_by_hand(self, on: bool) -> bool:  # noqa: FBT001  # a level
        """Tell whether a pulse to this level is ended by a second message of ours: a lesser way."""
        return self._own(on) is None

    def lasts_s(self, ms: int, on: bool) -> float:  # noqa: FBT001  # a level
        """Return how long a pulse lasts that is to last so long: a board has steps of its own.

        Raises:
            TooLong: The board cannot do so.
        """
        if (own := self._own(on)) is None:
            return ms / 1000
        pulse, _ = own
        if _units(pulse, ms) > pulse.longest:
            longest = pulse.longest * pulse.unit_ms
            raise TooLong(f"{self._profile.name} makes pulses of at most {longest} ms, not {ms}")
        return _units(pulse, ms) * pulse.unit_ms / 1000

    def pulse(self, number: int, ms: int, on: bool) -> Question:  # noqa: FBT001  # a level
        """Switch a relay for a while."""
        if (own := self._own(on)) is None:
            return self.write(number, on)
        pulse, at = own
        units = _units(pulse, ms)
        place = at + (number - self._profile.output_numbers[0]) * pulse.step
        match pulse.by:
            case "coil-value":
                return codec.write_coil(self._unit, place, units)
            case "register-value":
                return codec.write_word(self._unit, place, pulse.word + units)
            case "register-pair":
                return codec.write_words(self._unit, place, (pulse.word, units))

    def _own(self, on: bool) -> tuple[Pulse, int] | None:  # noqa: FBT001  # a level
        """Return the board's own pulse to this level and its first address, if it has one."""
        pulse = self._profile.pulse
        if self._by_hand or pulse is None:
            return None
        number = pulse.at if on else pulse.at_off
        if number is None:
            return None
        area: Area = "coil" if pulse.by == "coil-value" else "holding"
        return pulse, self._profile.address(area, number)


def _units(pulse: Pulse, ms: int) -> int:
    return -(-ms // pulse.unit_ms)
