"""Become a server: what a child does between the fork and the program it is to run.

This file is run as a program of its own (`python -I -S launch.py …`), so that nothing of ours runs
in a forked copy of a process with threads and an event loop. It therefore imports the standard
library only, and little of it: it stands in the way of every restart.

Its words on standard output go to the supervisor: `waiting PID` while an earlier server still holds
the data, a traceback if it fails. The output closes at the moment the program takes over.
"""

import ctypes
import fcntl
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LOG_LIMIT = 10 * 1024 * 1024
_POLL_S = 0.02
_NUDGE_AFTER_S = 2.0  # elsewhere than on Linux nobody has told the earlier server to stop
_CLEAN = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def main(arguments: list[str]) -> None:
    """Take the arguments `PARENT SIGNAL UID GID HOME NAME PROGRAM …` and become PROGRAM."""
    parent, stop_signal, uid, gid = (int(word) for word in arguments[:4])
    home, name, *program = arguments[4:]
    os.setsid()  # Ctrl-C in the terminal is for the gateway, which stops its servers in order
    os.umask(0o077)
    for ignored in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):  # by Python, or under nohup
        signal.signal(ignored, signal.SIG_DFL)
    # uvloop lets a child inherit more than it should: copies of this output among it, which would
    # then never close, and what is being made for another child at the same moment.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    _die_with(parent, signal.SIGTERM)
    _hold(_open_in(home, f"{name}.pid", os.O_RDWR), stop_signal)
    log = _open_in(home, f"{name}.log", os.O_WRONLY | os.O_APPEND)
    if os.fstat(log).st_size > _LOG_LIMIT:
        os.ftruncate(log, 0)
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    _die_with(parent, stop_signal)  # only now: a change of user forgets it
    os.chdir(home)
    sys.stdout.flush()
    os.dup2(log, 2)
    os.dup2(log, 1)
    os.execve(program[0], program, _CLEAN)  # noqa: S606 - there is no shell in this house


def _open_in(home: str, name: str, flags: int) -> int:
    """Open or make a file that belongs to whom the folder belongs."""
    descriptor = os.open(f"{home}/{name}", flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = os.stat(home)  # noqa: PTH116 - pathlib costs more than the rest
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def _hold(descriptor: int, stop_signal: int) -> None:
    """Lock the pid file for as long as this process lives, whatever program it becomes.

    A POSIX lock outlives exec, is not inherited by a server's own children and cannot go stale.
    """
    since = time.monotonic()
    earlier = 0
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = int(os.pread(descriptor, 32, 0) or b"0")
            if pid != earlier:
                sys.stdout.write(f"waiting {pid}\n")
                sys.stdout.flush()
                earlier = pid
            if pid and time.monotonic() - since > _NUDGE_AFTER_S:
                os.kill(pid, stop_signal)
                since = time.monotonic() + 10
            time.sleep(_POLL_S)
        else:
            break
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    os.set_inheritable(descriptor, True)


def _die_with(parent: int, stop_signal: int) -> None:
    """Have the kernel send us a signal when the gateway dies, however it dies."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("the gateway has gone")


if __name__ == "__main__":
    main(sys.argv[1:])
