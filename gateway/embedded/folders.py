"""Make folders and small files that belong to whom they should; leave all others as they are."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from gateway.embedded.places import Account
from gateway.errors import StoreFailed


def is_root() -> bool:
    """Tell whether we are root, and the servers must not be."""
    return os.geteuid() == 0


def owner(path: Path) -> Account:
    """Tell whom a file or folder belongs to."""
    status = path.lstat()
    return Account(status.st_uid, status.st_gid)


def give(what: Path | int, account: Account) -> None:
    """Hand something of our making to an account; only root can, and needs to."""
    if is_root():
        os.chown(what, account.uid, account.gid)


def write(path: Path, text: str, mode: int, account: Account | None = None) -> None:
    """Write a small file whole or not at all, for the account or else for the folder's owner."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, mode)
        give(descriptor, account or owner(path.parent))
        os.fsync(descriptor)
    Path(temporary).rename(path)


def open_folder(folder: Path) -> None:
    """Make a folder, and those above it, that all may enter, unless they are there."""
    if not folder.exists():
        open_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(0o755)
            folder.chmod(0o755)  # whatever the umask


def data_folder(folder: Path, account: Account) -> Path:
    """Make a folder that its account alone may enter, unless it is there."""
    if not folder.exists():
        folder.mkdir(0o700)
        give(folder, account)
    return folder


def socket_folder(folder: Path, account: Account) -> None:
    """Make the folder for the sockets, or make sure that the existing one is its account's alone.

    Raises:
        StoreFailed: It is not.
    """
    try:
        folder.mkdir(0o700)
        give(folder, account)
    except FileExistsError:
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != account.uid or status.st_mode & 0o077:
            raise StoreFailed(
                "Embedded stores",
                f"{folder}, the folder for their sockets, is not ours alone",
                remedy="Remove it: another user may have made it.",
            ) from None
