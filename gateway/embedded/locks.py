"""One gateway for one set of data."""

import fcntl
import os
from pathlib import Path

from gateway.errors import AlreadyRunning


def take_lock(home: Path, state_dir: Path) -> int:
    """Take the lock of a home and leave our process number in it; closing the descriptor frees it.

    The kernel frees it too, however we die, so it cannot go stale.

    Raises:
        AlreadyRunning: Another process has it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(home / "owner.lock", flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).strip()
        os.close(descriptor)
        raise AlreadyRunning(state_dir, int(holder) if holder.isdigit() else None) from None
    if os.geteuid() == 0:
        owner = home.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
