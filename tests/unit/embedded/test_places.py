"""Where the embedded servers keep things, decided without touching a folder."""

import os
from collections.abc import Callable
from pathlib import Path

from gateway.embedded.places import (
    Account,
    fits_a_socket,
    may_enter,
    own_places,
    socket_folder,
    system_places,
)

_NOBODY = Account(65534, 65534)
_OURSELVES = Account(1000, 1000)


def _modes(**modes: tuple[int, int, int]) -> Callable[[Path], os.stat_result]:
    """Return a `stat` that knows these folders by name as (mode, uid, gid); others are open."""

    def stat(path: Path) -> os.stat_result:
        mode, uid, gid = modes.get(path.name, (0o755, 0, 0))
        return os.stat_result((0o040000 | mode, 0, 0, 2, uid, gid, 0, 0, 0, 0))

    return stat


def test_an_ordinary_users_data_lies_below_the_state_folder() -> None:
    found = own_places(Path("/home/ada/museum/state"), _OURSELVES)

    assert found.home.is_relative_to("/home/ada/museum/state")
    assert found.programs is None


def test_roots_programs_and_sockets_lie_outside_the_data() -> None:
    base = Path("/var/lib/composteur")

    found = system_places(base / "data/0a1b2c", base, _NOBODY, run=True)

    assert found.programs == base / "bin"
    assert found.sockets.parent == Path("/run/composteur")


def test_sockets_go_to_tmp_where_run_will_not_do() -> None:
    base = Path("/var/lib/composteur")

    found = system_places(base / "data/0a1b2c", base, _NOBODY, run=False)

    assert found.sockets.parent == Path("/tmp")


def test_sockets_of_a_deep_folder_have_a_short_path() -> None:
    deep = Path("/", *["a-folder-of-25-characters"] * 8)

    assert fits_a_socket(socket_folder(deep, ()))
    assert not fits_a_socket(deep)


def test_a_parent_too_long_for_a_socket_is_passed_over() -> None:
    too_long = Path("/run", "x" * 100)

    assert socket_folder(Path("/srv/state"), (too_long,)).parent == Path("/tmp")


def test_two_homes_have_different_sockets() -> None:
    assert socket_folder(Path("/srv/a"), ()) != socket_folder(Path("/srv/b"), ())


def test_a_folder_below_a_closed_one_cannot_be_entered() -> None:
    stat = _modes(root=(0o700, 0, 0))

    assert not may_enter(Path("/root/composteur/bin"), _NOBODY, stat)
    assert may_enter(Path("/opt/composteur/bin"), _NOBODY, stat)


def test_the_owners_bits_decide_for_the_owner_and_the_groups_for_the_group() -> None:
    assert may_enter(Path("/srv/mine"), _OURSELVES, _modes(mine=(0o700, 1000, 0)))
    assert may_enter(Path("/srv/ours"), _OURSELVES, _modes(ours=(0o710, 0, 1000)))
    assert not may_enter(Path("/srv/mine"), _OURSELVES, _modes(mine=(0o077, 1000, 1000)))
