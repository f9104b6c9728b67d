"""Make the folders of the embedded servers, and find them again at the next start.

`state_dir/embedded.toml` names the folder with the data. As a file it goes where its state_dir
goes: one that is moved keeps its data, and a new one at an old path does not inherit any.
"""

import os
import pwd
import secrets
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Final

from gateway.embedded import places
from gateway.embedded.places import Account, Places
from gateway.embedded.server import Say
from gateway.errors import StoreFailed

_RECORD: Final = "embedded.toml"
_RECORD_TEXT: Final = """\
# Where the data of the embedded Valkey and PostgreSQL lives, relative to this file. Composteur
# finds it by this line; keep it with this folder.
data = {data}
"""
_ACCOUNTS: Final = ("composteur", "nobody")
_BASES: Final = (places.SYSTEM_BASE, places.TEMPORARY / "composteur-system")


def settle(state_dir: Path, say: Say) -> Places:
    """Find or choose where the servers of this state folder live, and make the folders.

    Raises:
        StoreFailed: No such place can be used.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    state_dir = state_dir.resolve()
    known = _recorded(state_dir)
    ours = _ours_for_root(state_dir, known, say) if is_root() else _ours(state_dir, known)
    if known is None:
        known = _record(state_dir, ours.home)
        if known != ours.home:  # another process was first
            return settle(state_dir, say)
    _private_folder(ours.sockets, ours.account)
    return ours


def forget(state_dir: Path) -> None:
    """Delete the embedded servers' data of a state folder that will not be used again."""
    home = _recorded(state_dir.resolve())
    if home is not None:
        shutil.rmtree(home, ignore_errors=True)
        (state_dir / _RECORD).unlink(missing_ok=True)


def write(path: Path, text: str, mode: int, owner: Account | None = None) -> None:
    """Write a small file whole or not at all; it belongs to `owner`, else to its folder's owner."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, mode)
        give(descriptor, owner or _owner(path.parent))
        os.fsync(descriptor)
    Path(temporary).rename(path)


def give(what: Path | int, owner: Account) -> None:
    """Hand something of ours to the account that is to have it; only root can and needs to."""
    if is_root():
        os.chown(what, owner.uid, owner.gid)


def is_root() -> bool:
    """Tell whether we are root, and the servers must not be."""
    return os.geteuid() == 0


def data_folder(folder: Path, account: Account) -> Path:
    """Make a folder that only the servers' account may read."""
    if not folder.exists():
        folder.mkdir(0o700)
        give(folder, account)
    return folder


def _ours(state_dir: Path, known: Path | None) -> Places:
    account = Account(os.geteuid(), os.getegid())
    chosen = places.own_places(state_dir, account)
    if known is not None and known != chosen.home:
        raise StoreFailed(
            "Embedded stores",
            f"the data of {state_dir} lives in {known}, made by root",
            remedy="Start Composteur as root again, or choose another state_dir.",
        )
    chosen.home.mkdir(mode=0o700, exist_ok=True)
    if _owner(chosen.home).uid != account.uid:
        raise StoreFailed(
            "Embedded stores",
            f"{chosen.home} belongs to another user",
            remedy="Start Composteur as that user, or choose another state_dir.",
        )
    return chosen


def _ours_for_root(state_dir: Path, known: Path | None, say: Say) -> Places:
    base = _base(say)
    if known is not None:
        account = _owner(known)
        if account.uid == 0:
            account = _unprivileged()
        return places.system_places(known, base, account)
    home = base / "data" / secrets.token_hex(5)
    _open_folder(home.parent)
    home.mkdir(0o711)
    home.chmod(0o711)
    write(home / "belongs-to.txt", f"{state_dir}\n", 0o600)
    return places.system_places(home, base, _unprivileged())


def _unprivileged() -> Account:
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StoreFailed(
        "Embedded stores",
        "PostgreSQL refuses to run as root, and there is no account 'composteur' or 'nobody'",
        remedy="Make one of them, or start Composteur as an ordinary user.",
    )


def _base(say: Say) -> Path:
    """Find or make the folder for root's servers: ours alone to write, open to their account."""
    account = _unprivileged()
    for base in _BASES:
        try:
            _open_folder(base)
        except OSError:
            continue
        if _owner(base).uid == 0 and places.may_enter(base, account, os.stat):
            if base != _BASES[0]:
                say(f"{_BASES[0]} cannot be used: programs and data go to {base}")
            return base
    raise StoreFailed(
        "Embedded stores",
        f"neither {_BASES[0]} nor {_BASES[1]} can be made and entered by an unprivileged account",
        remedy="Start Composteur as an ordinary user, or name stores of your own in the site file.",
    )


def _open_folder(folder: Path) -> None:
    """Make a folder, and those above it, that all may enter; leave the existing as they are."""
    if not folder.exists():
        _open_folder(folder.parent)
        folder.mkdir(0o755, exist_ok=True)
        folder.chmod(0o755)  # whatever the umask


def _private_folder(folder: Path, account: Account) -> None:
    """Make the folder for the sockets, or make sure that the existing one is ours alone."""
    if not folder.parent.exists():
        _open_folder(folder.parent)
    try:
        folder.mkdir(0o700)
        give(folder, account)
    except FileExistsError:
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != account.uid or status.st_mode & 0o077:
            raise StoreFailed(
                "Embedded stores",
                f"{folder}, the folder for their sockets, is not ours alone",
                remedy="Remove it; another user may have made it.",
            ) from None


def _owner(path: Path) -> Account:
    status = path.lstat()
    return Account(status.st_uid, status.st_gid)


def _recorded(state_dir: Path) -> Path | None:
    try:
        record = tomllib.loads((state_dir / _RECORD).read_text())
        return state_dir / str(record["data"])
    except FileNotFoundError:
        return None


def _record(state_dir: Path, home: Path) -> Path:
    """Write down where the data is, unless another process did; return what is written."""
    inside = home.is_relative_to(state_dir)
    name = str(home.relative_to(state_dir) if inside else home)
    text = _RECORD_TEXT.format(data=f"'{name}'")
    descriptor, temporary = tempfile.mkstemp(dir=state_dir, prefix=f".{_RECORD}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        os.fchmod(descriptor, 0o644)
    try:
        os.link(temporary, state_dir / _RECORD)
    except FileExistsError:
        if not inside:
            shutil.rmtree(home)
    finally:
        Path(temporary).unlink()
    return _recorded(state_dir) or home
