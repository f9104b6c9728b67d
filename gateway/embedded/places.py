"""Where the embedded servers keep things; pure decisions, no folder is touched here.

An ordinary user's servers keep everything below `state_dir` and run from where they were installed.
PostgreSQL refuses to run as root, and what root owns is often closed to others: root's servers run
as an unprivileged account and keep data and programs where that account may enter, in folders of
our own making. The permissions of folders that we did not make are never changed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from os import stat_result
from pathlib import Path
from typing import Final

SYSTEM_BASE: Final = Path("/var/lib/composteur")
SYSTEM_SOCKETS: Final = Path("/run/composteur")
TEMPORARY: Final = Path("/tmp")  # noqa: S108 - short, and the folder made in it is checked

_SOCKET_LIMIT: Final = 107  # of a unix socket's path, in bytes: sun_path less its final zero
_LONGEST_SOCKET: Final = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the servers."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one pair of embedded servers.

    Attributes:
        home: Settings, locks, logs and the password, with one folder of data for each server.
        sockets: A short private folder, entered by the servers' account only.
        programs: Where the programs are copied to; None: they run from where they were installed.
        account: Who runs the servers.
    """

    home: Path
    sockets: Path
    programs: Path | None
    account: Account


def own_places(state_dir: Path, account: Account) -> Places:
    """Say where an ordinary user's servers live."""
    home = state_dir / "embedded"
    return Places(home, socket_folder(home, ()), None, account)


def system_places(home: Path, base: Path, account: Account, *, run: bool) -> Places:
    """Say where root's servers live, their data being in `home`, and whether `/run` will do."""
    sockets = socket_folder(home, (SYSTEM_SOCKETS,) if run else ())
    return Places(home, sockets, base / "bin", account)


def socket_folder(home: Path, parents: tuple[Path, ...]) -> Path:
    """Name a short folder for the sockets of the servers whose data is in `home`.

    `/tmp` comes before `$XDG_RUNTIME_DIR`: that one is emptied when its user logs out, and a
    gateway started in a terminal stays.

    >>> socket_folder(Path("/srv/museum/state/embedded"), ())
    PosixPath('/tmp/composteur-d17a6da3d2')
    """
    digest = hashlib.blake2b(bytes(home), digest_size=5).hexdigest()
    for parent in parents:
        folder = parent / digest
        if fits_a_socket(folder):
            return folder
    return TEMPORARY / f"composteur-{digest}"


def fits_a_socket(folder: Path) -> bool:
    """Tell whether the servers' sockets in this folder have a path short enough for the kernel."""
    return len(bytes(folder / _LONGEST_SOCKET)) <= _SOCKET_LIMIT


def may_enter(folder: Path, account: Account, stat: Callable[[Path], stat_result]) -> bool:
    """Tell whether the account may pass through the folder and all those above it.

    Supplementary groups are not counted: the servers have none.
    """
    return all(_lets_in(stat(step), account) for step in (folder, *folder.parents))


def _lets_in(status: stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)
