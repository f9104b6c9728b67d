"""The private Valkey: its settings, and when it is ready."""

import asyncio
import re
import signal
from contextlib import closing
from pathlib import Path
from typing import Final, Literal

from gateway.embedded import folders, programs
from gateway.embedded.places import Places
from gateway.embedded.server import Program

type Durability = Literal["always", "everysec"]

_SOCKET: Final = "valkey.sock"
_PROBE_LIMIT_S: Final = 1.0
_INFO_LIMIT: Final = 16_384


def prepare(places: Places, durability: Durability) -> Program:
    """Make Valkey's folder and settings."""
    program = programs.valkey().placed(places.programs)
    data = folders.data_folder(places.home / "valkey", places.account)
    socket = places.sockets / _SOCKET
    settings = places.home / "valkey.conf"
    folders.write(settings, configuration(data, socket, durability), 0o644)
    return Program(
        label="Valkey",
        name="valkey",
        argv=(*programs.with_good_memory(program), str(settings)),
        home=places.home,
        account=places.account,
        stop_signal=signal.SIGTERM,
        probe=lambda: probe(socket),
    )


def address(places: Places) -> str:
    """Return the address of the socket."""
    return f"unix://{places.sockets / _SOCKET}"


def journal(places: Places) -> Path:
    """Return the folder of the journal's files."""
    return places.home / "valkey" / "appendonlydir"


def configuration(data: Path, socket: Path, durability: Durability) -> str:
    """Return the settings file.

    One thread runs the functions, reads and writes: on two cores a second one takes more than it
    gives. With `always` the file is synchronised once for all commands that arrived together, so
    the gateway's batches set the pace and not the number of stamps. The file is rewritten at half
    as much again: a million tickets load in 1.1 s (2 cores), and what came after costs most.
    The child that rewrites it rests a moment after some ten keys: it never waits by itself, and the
    stamps would wait for its turns of the processor (1,000 scans a second on two busy cores, p99:
    110 ms without these rests, with them the 20 ms it is when nothing is rewritten).
    """
    return f"""\
# Written by Composteur at every start: changes made here are lost.
port 0
unixsocket {_quoted(socket)}
unixsocketperm 700
protected-mode yes
databases 1
daemonize no
logfile ""
loglevel notice
dir {_quoted(data)}

# Nothing acknowledged is lost: the journal alone, no snapshots beside it.
save ""
appendonly yes
appendfsync {durability}
no-appendfsync-on-rewrite no
aof-use-rdb-preamble yes
aof-load-truncated yes
aof-rewrite-incremental-fsync yes
rdb-key-save-delay -10
auto-aof-rewrite-percentage 50
auto-aof-rewrite-min-size 64mb
maxmemory-policy noeviction

# One core for the stamps.
io-threads 1
hz 10
dynamic-hz yes
latency-tracking no
"""


async def probe(socket: Path) -> str:
    """Ask whether Valkey answers; while it loads, tell how far it is."""
    async with asyncio.timeout(_PROBE_LIMIT_S):
        reader, writer = await asyncio.open_unix_connection(socket)
        with closing(writer):
            writer.write(b"PING\r\n")
            answer = await reader.readline()
            if answer.startswith(b"+PONG"):
                return ""
            if not answer.startswith(b"-LOADING"):
                return f"answers {answer.decode(errors='replace').strip()!r}"
            writer.write(b"INFO persistence\r\nQUIT\r\n")
            told = (await reader.read(_INFO_LIMIT)).decode(errors="replace")
    percent = re.search(r"loading_loaded_perc:(\d+)", told)
    return f"is loading its data ({percent[1]} %)" if percent else "is loading its data"


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
