"""A reader is given its key in a moment that somebody opens: on the command line, and audited."""

import asyncio
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from drivers.osdp.pairing import PairingFailed, look, pair
from drivers.osdp.settings import DEFAULT_KEY, OsdpSettings, read_key
from drivers.osdp.simulator import SimulatedReader
from gateway.cli import commands
from tests.integration.osdp.conftest import KEY
from tests.integration.osdp.venue import PlainReader, Venue, in_the_clear, readers, running, secured

OTHER: Final = bytes(range(0x20, 0x30))


async def paired(port: Path, reader: SimulatedReader) -> None:
    """See that a gateway gets along with it from now on."""
    venue = Venue(secured(port, KEY))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        reader.show("TICKET")
        await venue.until(lambda: venue.codes == ["TICKET"])
        assert reader.secured


async def test_a_reader_in_its_installation_mode_is_given_the_key(port: Path) -> None:
    reader = SimulatedReader(key=DEFAULT_KEY, install=True)
    async with readers(port, reader):
        identity = await pair(secured(port, KEY), old=None, within_s=5.0)

    assert identity.serial == 1
    assert reader.key == KEY
    assert not reader.install
    await paired(port, reader)


async def test_one_that_is_put_into_it_a_little_later_too(port: Path) -> None:
    reader = SimulatedReader(key=OTHER)
    async with readers(port, reader):
        pairing = asyncio.create_task(pair(secured(port, KEY), old=None, within_s=10.0))
        await asyncio.sleep(0.3)
        assert not pairing.done()
        reader.install = True
        reader.reboot()
        await pairing

    assert reader.key == KEY


async def test_one_that_has_the_key_already_keeps_it(port: Path) -> None:
    reader = SimulatedReader(key=KEY, secure=True)
    async with readers(port, reader):
        await pair(secured(port, KEY), old=None, within_s=5.0)

    assert reader.key == KEY
    assert not reader.told


async def test_one_with_another_key_gets_the_new_one_over_it(port: Path) -> None:
    reader = SimulatedReader(key=OTHER, secure=True)
    async with readers(port, reader):
        await pair(secured(port, KEY), old=OTHER, within_s=5.0)

    assert reader.key == KEY
    await paired(port, reader)


async def test_the_moment_ends_and_nothing_has_changed(port: Path) -> None:
    reader = SimulatedReader(key=OTHER)
    async with readers(port, reader):
        with pytest.raises(PairingFailed, match="installation mode"):
            await pair(secured(port, KEY), old=None, within_s=1.2)

    assert reader.key == OTHER


@pytest.mark.parametrize("old", [None, OTHER], ids=["installation", "change"])
async def test_a_reader_that_is_not_there_is_said_so(port: Path, old: bytes | None) -> None:
    with pytest.raises(PairingFailed, match="not there"):
        await pair(secured(port, KEY), old=old, within_s=0.3)


async def test_a_reader_without_a_secure_channel_cannot_be_paired(port: Path) -> None:
    async with PlainReader(port).running():
        with pytest.raises(PairingFailed, match="no secure channel"):
            await pair(secured(port, KEY), old=None, within_s=5.0)


async def test_a_line_that_a_gateway_speaks_on_is_left_alone(port: Path) -> None:
    reader, venue = SimulatedReader(key=KEY, secure=True), Venue(secured(port, KEY))
    async with readers(port, reader), running(venue):
        await venue.until_up()
        with pytest.raises(PairingFailed, match="stop the gateway first"):
            await pair(secured(port, KEY), old=None, within_s=5.0)
        reader.show("TICKET")
        await venue.until(lambda: venue.codes == ["TICKET"])

    assert venue.ups == [True]


async def test_the_readers_of_a_line_are_found_and_nothing_is_changed(port: Path) -> None:
    simulated = [SimulatedReader(1, key=KEY, secure=True), SimulatedReader(4, rows=0)]
    async with readers(port, *simulated):
        found = await look(in_the_clear(port), range(6))

    assert {address: each.serial for address, each in found.items()} == {1: 2, 4: 5}
    assert [each.rows for each in found.values()] == [2, 0]
    assert not simulated[0].told


class TestCommands:
    def test_a_key_is_written_once_and_is_one(self, tmp_path: Path) -> None:
        file = tmp_path / "door.key"
        made = CliRunner().invoke(commands, ["devices", "key", str(file)])
        again = CliRunner().invoke(commands, ["devices", "key", str(file)], standalone_mode=False)

        assert made.exit_code == 0
        assert file.stat().st_mode & 0o777 == 0o600
        key = read_key(file.read_text())
        assert key.hex() not in made.output
        assert "not written over" in str(again.exception)
        assert read_key(file.read_text()) == key

    def test_nobody_on_a_line_is_told(self, tmp_path: Path) -> None:
        words = ["devices", "readers", str(tmp_path / "none"), "--address", "0"]
        found = CliRunner().invoke(commands, words)

        assert found.exit_code == 1
        assert "it is not there" in found.output

    def test_only_a_reader_of_the_site_file_is_paired(self, tmp_path: Path) -> None:
        site = tmp_path / "site.toml"
        site.write_text('[[controller]]\nid = "c"\ndriver = "http"\n')
        words = ["devices", "pair", "c", "--site", str(site)]
        found = CliRunner().invoke(commands, words)

        assert found.exit_code == 2
        assert "there is no OSDP reader" in found.output


def test_settings_without_a_key_are_not_paired(port: Path) -> None:
    async def act() -> None:
        settings: OsdpSettings = in_the_clear(port)
        with pytest.raises(PairingFailed, match="without a key"):
            await pair(settings, old=None, within_s=1.0)

    asyncio.run(act())
