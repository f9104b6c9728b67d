"""Watch and pin processes: who they are, how much CPU they used, on which cores they may run.

Linux only: everything is read from /proc. A process that ended leaves its time with its parent,
once waited for; that time is counted, so a backend or a rewriting child that came and went is not
lost.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Status:
    """What /proc says of a process."""

    pid: int
    name: str
    parent: int
    cpu_s: float
    """Its own time in user and system mode, and that of the children it waited for."""


def parse_stat(text: str) -> Status:
    """Read a line of /proc/PID/stat; a name may contain spaces and brackets.

    >>> parse_stat("7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 100 50 25 25 20 0 1 0 9 8 7")
    Status(pid=7, name='a ) b', parent=1, cpu_s=2.0)
    """
    pid, _, rest = text.partition(" (")
    name, _, rest = rest.rpartition(") ")
    fields = rest.split()
    ticks = sum(int(field) for field in fields[11:15])
    return Status(int(pid), name, int(fields[1]), ticks / TICKS_PER_S)


def snapshot() -> dict[int, Status]:
    """Read all processes of the machine."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            # A process may end between the listing and the reading.
            with suppress(OSError):
                status = parse_stat((entry / "stat").read_text())
                found[status.pid] = status
    return found


def families(processes: Mapping[int, Status], roots: Mapping[str, int]) -> dict[str, set[int]]:
    """Give each root itself and its descendants, down to the next root.

    The embedded stores may be children of the gateway; their time is theirs all the same.
    """
    owner = {pid: name for name, pid in roots.items()}
    result: dict[str, set[int]] = {name: set() for name in roots}
    for pid in processes:
        at: int | None = pid
        while at is not None and at not in owner:
            at = processes[at].parent if at in processes else None
        if at is not None:
            result[owner[at]].add(pid)
    return result


@dataclass(frozen=True, slots=True)
class Usage:
    """The CPU seconds of families of processes, and of each process in them."""

    by_family: dict[str, float]
    by_process: dict[int, float]

    @classmethod
    def now(cls, roots: Mapping[str, int], *, without: Collection[int] = ()) -> "Usage":
        """Read the families of these roots, less some processes."""
        processes = snapshot()
        members = {
            name: pids.difference(without) for name, pids in families(processes, roots).items()
        }
        return cls(
            {name: sum(processes[pid].cpu_s for pid in pids) for name, pids in members.items()},
            {pid: processes[pid].cpu_s for pids in members.values() for pid in pids},
        )

    def since(self, earlier: "Usage") -> "Usage":
        """Return what was used between two readings."""
        return Usage(
            {
                name: seconds - earlier.by_family.get(name, 0.0)
                for name, seconds in self.by_family.items()
            },
            {
                pid: seconds - earlier.by_process.get(pid, 0.0)
                for pid, seconds in self.by_process.items()
            },
        )


def pin(pids: Iterable[int], cores: Iterable[int]) -> None:
    """Let these processes, with all their threads, run on these cores only."""
    wanted = set(cores)
    for pid in pids:
        with suppress(OSError):
            for task in (PROC / str(pid) / "task").iterdir():
                with suppress(OSError):
                    os.sched_setaffinity(int(task.name), wanted)


def cores_here() -> list[int]:
    """Return the cores this process may use."""
    return sorted(os.sched_getaffinity(0))


@contextmanager
def running_on(cores: Iterable[int]) -> Iterator[None]:
    """Keep this process, and the children it starts meanwhile, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
