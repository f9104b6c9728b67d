"""A space evacuated with people in it, seen from its gate."""

import pytest

from gateway.venue.evacuation import NotClear
from tests.integration.venue.floor import until
from tests.integration.venue.gates import Command
from tests.integration.venue.scene import Scene


async def test_nobody_is_stamped_or_locked_in_and_who_leaves_is_counted_until_people_agree(
    scene: Scene,
) -> None:
    floor, gate = scene
    evacuation = floor.operations.evacuation
    await floor.sell("INSIDE", "LATE")
    await gate.admit("INSIDE")
    await until(floor.inside_is(1, 0))

    await evacuation.begin("hall", "operator")
    await until(lambda: _modes(gate.told) == {"entry": "free", "exit": "free"})
    refused = await gate.decided(gate.scan("LATE"))
    gate.report("passed", direction="exit")

    await until(floor.inside_is(0, 0))
    assert (refused["decision"], refused["reason"]) == ("denied", "evacuation")
    assert await floor.made("LATE") == 0
    with pytest.raises(NotClear):
        await evacuation.acknowledge("operator")
    evacuation.clear("hall", "operator")
    assert await evacuation.acknowledge("operator") == ["hall"]
    await until(lambda: _modes(gate.told) == {"entry": "normal", "exit": "normal"})
    assert not [each for each in gate.told if each.get("mode") == "locked"]
    assert (await gate.admit("LATE"))["persons"] == 1


def _modes(commands: list[Command]) -> dict[object, object]:
    """Tell the mode each direction was told last."""
    return {each["direction"]: each["mode"] for each in commands if each.get("do") == "mode"}
