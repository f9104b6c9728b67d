"""Choose where the embedded servers live, and find it again at the next start.

`state_dir/embedded.toml` names the folder with the data. As a file it goes where its state_dir
goes: one that is moved keeps its data, and a new one at an old path does not inherit any.
"""

import json
import os
import pwd
import secrets
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Final

from gateway.embedded import folders, places
from gateway.embedded.locks import take_lock
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
    """Find or choose where the servers of this state folder live, and make their home.

    Raises:
        StoreFailed: There is no place that can be used, or the data is not where it was.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    state_dir = state_dir.resolve()
    known = _recorded(state_dir)
    if known is not None and not known.exists():
        raise StoreFailed(
            "Embedded stores",
            f"their data is gone: {known}",
            remedy=f"Bring it back, or delete {state_dir / _RECORD} to begin with empty stores.",
        )
    chosen = (_for_root if folders.is_root() else _for_user)(state_dir, known, say)
    if known is None and _record(state_dir, chosen.home) != chosen.home:
        return settle(state_dir, say)  # another process was first
    return chosen


def forget(state_dir: Path) -> None:
    """Delete the embedded servers' data of a state folder that will not be used again.

    Raises:
        AlreadyRunning: The data is in use.
    """
    state_dir = state_dir.resolve()
    home = _recorded(state_dir)
    if home is None or not home.exists() or not _is_of_our_making(home, state_dir):
        return
    lock = take_lock(home, state_dir)
    try:
        for parents in ((), (places.SYSTEM_SOCKETS,)):
            shutil.rmtree(places.socket_folder(home, parents), ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
        (state_dir / _RECORD).unlink(missing_ok=True)
    finally:
        os.close(lock)


def _for_user(state_dir: Path, known: Path | None, _: Say) -> Places:
    chosen = places.own_places(state_dir, Account(os.geteuid(), os.getegid()))
    if known is None:
        chosen.home.mkdir(mode=0o700, exist_ok=True)
        known = chosen.home
    if known != chosen.home or folders.owner(known).uid != chosen.account.uid:
        raise StoreFailed(
            "Embedded stores",
            f"the data of {state_dir} belongs to another user: {known}",
            remedy="Start Composteur as that user (or root), or choose another state_dir.",
        )
    return chosen


def _for_root(state_dir: Path, known: Path | None, say: Say) -> Places:
    base = _base(say)
    if known is None:
        home = base / "data" / secrets.token_hex(5)
        folders.open_folder(home.parent)
        home.mkdir()
        home.chmod(0o711)
        folders.write(home / "belongs-to.txt", f"{state_dir}\n", 0o600)
    elif _is_of_our_making(known, state_dir):
        home = known
    else:
        raise StoreFailed("Embedded stores", f"{known} is no folder of theirs")
    account = _account_of(home)
    return places.system_places(home, base, account, run=_usable(places.SYSTEM_SOCKETS, account))


def _is_of_our_making(home: Path, state_dir: Path) -> bool:
    return home == state_dir / "embedded" or home.parent in {base / "data" for base in _BASES}


def _account_of(home: Path) -> Account:
    """Return who runs the servers: whoever has begun, be it an ordinary user."""
    for path in (home, home / "postgres", home / "valkey", home / "mosquitto"):
        if path.exists() and folders.owner(path).uid != 0:
            return folders.owner(path)
    return _unprivileged()


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
    """Find or make the folder for programs and data of root's servers."""
    account = _unprivileged()
    for base in _BASES:
        if _usable(base, account):
            if base != _BASES[0]:
                say(f"{_BASES[0]} cannot be used: programs and data go to {base}")
            return base
    raise StoreFailed(
        "Embedded stores",
        f"neither {_BASES[0]} nor {_BASES[1]} can be made and entered by an unprivileged account",
        remedy="Start Composteur as an ordinary user, or name stores of your own in the site file.",
    )


def _usable(folder: Path, account: Account) -> bool:
    """Tell whether root alone may write to a folder, made if need be, and the account enter it."""
    try:
        folders.open_folder(folder)
        status = folder.lstat()
    except OSError:
        return False
    ours_alone = status.st_uid == 0 and not status.st_mode & 0o022 and not folder.is_symlink()
    return ours_alone and os.access(folder, os.W_OK) and places.may_enter(folder, account, os.stat)


def _recorded(state_dir: Path) -> Path | None:
    try:
        record = tomllib.loads((state_dir / _RECORD).read_text())
    except FileNotFoundError:
        return None
    return state_dir / str(record["data"])


def _record(state_dir: Path, home: Path) -> Path:
    """Write down where the data is, unless another process did; return what is written."""
    inside = home.is_relative_to(state_dir)
    name = json.dumps(str(home.relative_to(state_dir) if inside else home), ensure_ascii=False)
    descriptor, temporary = tempfile.mkstemp(dir=state_dir, prefix=f".{_RECORD}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(_RECORD_TEXT.format(data=name))
        os.fchmod(descriptor, 0o644)
    try:
        os.link(temporary, state_dir / _RECORD)
    except FileExistsError:
        if not inside:
            shutil.rmtree(home)
    finally:
        Path(temporary).unlink()
    return _recorded(state_dir) or home
