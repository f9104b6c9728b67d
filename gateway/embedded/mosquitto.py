"""The machine's own mosquitto, started for us alone: its settings, and when it is ready.

There is no wheel of it: it comes with the machine (`apt-get install mosquitto`), or there is none.
It listens on the loopback only and asks for a password: who may send a gate a command opens it.
"""

import asyncio
import base64
import hashlib
import secrets
import shutil
import signal
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.embedded import folders
from gateway.embedded.places import Places
from gateway.embedded.server import Program

INSTALL: Final = (
    "MQTT is off: mosquitto is not installed. "
    "Install it (Debian: apt-get install mosquitto; macOS: brew install mosquitto) and start again."
)

_HOST: Final = "127.0.0.1"
_USER: Final = "composteur"
_FOLDERS: Final = (
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/sbin",
    "/usr/local/opt/mosquitto/sbin",
)
_PROBE_LIMIT_S: Final = 1.0
_LET_IN: Final = b"\x20\x02\x00\x00"
_ROUNDS: Final = 101  # what mosquitto_passwd uses; the password is long and random


@dataclass(frozen=True, slots=True)
class Access:
    """Where the private broker listens, and the password it asks for."""

    port: int
    password: str

    @property
    def address(self) -> str:
        """The address, password and all."""
        return f"mqtt://{_USER}:{self.password}@{_HOST}:{self.port}"


def found() -> Path | None:
    """Find the program: Debian puts it where only root looks."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(_FOLDERS))
    return Path(path) if path else None


def prepare(places: Places) -> tuple[Program, str] | None:
    """Make mosquitto's folder and settings; its program and address, or None if there is none."""
    program = found()
    if program is None:
        return None
    data = folders.data_folder(places.home / "mosquitto", places.account)
    access = _access(places)
    users = places.home / "mosquitto.users"
    folders.write(users, f"{_USER}:{_hashed(access.password)}\n", 0o600, places.account)
    settings = places.home / "mosquitto.conf"
    folders.write(settings, configuration(data, users, access.port), 0o644)
    made = Program(
        label="mosquitto",
        name="mosquitto",
        argv=(str(program), "-c", str(settings)),
        home=places.home,
        account=places.account,
        stop_signal=signal.SIGTERM,
        probe=lambda: probe(access),
    )
    return made, access.address


def configuration(data: Path, users: Path, port: int) -> str:
    """Return the settings file.

    Both ends need TCP_NODELAY: without it here a command and its acknowledgement take 44 ms
    instead of 0.8 (measured). What gates report while the gateway is away is kept, on disk too.
    """
    return f"""\
# Written by Composteur at every start: changes made here are lost.
listener {port} {_HOST}
allow_anonymous false
password_file {users}
set_tcp_nodelay true

persistence true
persistence_location {data}/
autosave_interval 5
max_queued_messages 10000
max_inflight_messages 1000
message_size_limit 262144

log_dest stderr
log_type error
log_type warning
connection_messages false
sys_interval 0
"""


async def probe(access: Access) -> str:
    """Ask whether the broker lets us in."""
    async with asyncio.timeout(_PROBE_LIMIT_S):
        reader, writer = await asyncio.open_connection(_HOST, access.port)
        with closing(writer):
            writer.write(_hello(access.password))
            answer = await reader.read(len(_LET_IN))
    return "" if answer == _LET_IN else f"answers {answer.hex()}"


def _access(places: Places) -> Access:
    """Return port and password of before, as far as they still hold."""
    file = places.home / "mosquitto.address"
    try:
        parts = urlsplit(file.read_text().strip())
        known = Access(parts.port or 0, parts.password or "")
    except (FileNotFoundError, ValueError):
        known = Access(0, "")
    port = known.port if known.password and _usable(known) else _free_port()
    access = Access(port, known.password or secrets.token_hex(16))
    if access != known:
        folders.write(file, f"{access.address}\n", 0o600)
    return access


def _usable(access: Access) -> bool:
    """Tell whether the port is free, or held by an earlier broker of ours that is about to end."""
    with socket.socket() as probing:
        probing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probing.bind((_HOST, access.port))
        except OSError:
            return _is_ours(access)
    return True


def _is_ours(access: Access) -> bool:
    try:
        with socket.create_connection((_HOST, access.port), timeout=_PROBE_LIMIT_S) as line:
            line.sendall(_hello(access.password))
            return line.recv(len(_LET_IN)) == _LET_IN
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probing:
        probing.bind((_HOST, 0))
        return int(probing.getsockname()[1])


def _hello(password: str) -> bytes:
    """Return a CONNECT of MQTT 3.1.1 with a clean session and no name of its own."""
    fields = b"\x00\x04MQTT\x04\xc2\x00\x05\x00\x00"
    for text in (_USER, password):
        fields += len(text).to_bytes(2) + text.encode()
    return bytes([0x10, len(fields)]) + fields


def _hashed(password: str) -> str:
    """Return what mosquitto_passwd would write: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
