"""Answer the same request once: the first answer is kept and given again.

A caller names a request with an ``Idempotency-Key``. Names live per API key, for 24 hours, in the
entitlement store, so that a repetition at another worker or gateway is recognised too. While the
first is running a repetition is told so; a marker whose process died expires after a minute.
Only success is kept: what failed may be tried again under the same name.
"""

import hashlib
import zlib
from dataclasses import dataclass

import msgspec

from gateway.people.shelf import Shelf

KEPT_MS = 24 * 3600 * 1000
RUNNING_MS = 60 * 1000
KEY_LENGTH = 64


class _Record(msgspec.Struct, array_like=True, frozen=True):
    fingerprint: bytes
    status: int = 0
    content_type: str = ""
    packed: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer given before."""

    status: int
    content_type: str
    body: bytes


class Running(Exception):
    """The first request of this name is still running."""


class Different(Exception):
    """This name was used for another request."""


class Idempotency:
    """The names used by the callers of a site; calls raise `StoreUnavailable`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_Record)

    async def begin(self, caller: str, key: str, fingerprint: bytes) -> Kept | None:
        """Claim a name; return the kept answer of a request that had it before.

        Raises:
            Running: a request of this name has not been answered yet.
            Different: the name belongs to a request with another fingerprint.
        """
        name = _name(caller, key)
        marker = self._encoder.encode(_Record(fingerprint))
        if await self._shelf.put(name, marker, ttl_ms=RUNNING_MS, only_new=True):
            return None
        found = await self._shelf.get(name)
        if found is None:  # expired between the two
            raise Running
        record = self._decoder.decode(found)
        if record.fingerprint != fingerprint:
            raise Different
        if not record.status:
            raise Running
        return Kept(record.status, record.content_type, zlib.decompress(record.packed))

    async def finish(self, caller: str, key: str, fingerprint: bytes, answer: Kept) -> None:
        """Keep the answer for 24 hours."""
        record = _Record(
            fingerprint, answer.status, answer.content_type, zlib.compress(answer.body, 1)
        )
        await self._shelf.put(_name(caller, key), self._encoder.encode(record), ttl_ms=KEPT_MS)

    async def release(self, caller: str, key: str) -> None:
        """Give the name free again, because the request failed."""
        await self._shelf.drop(_name(caller, key))


class Fingerprint:
    """Tells a request from others of the same name: by method, path and body."""

    def __init__(self, method: str, path: str) -> None:
        self._digest = hashlib.sha256(f"{method} {path}\n".encode("utf-8", "surrogatepass"))

    def add(self, part: bytes) -> None:
        """Take in a part of the body."""
        self._digest.update(part)

    def bytes(self) -> bytes:
        """Return the fingerprint of what was taken in."""
        return self._digest.digest()


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """Return the fingerprint of a request whose body is there as a whole."""
    whole = Fingerprint(method, path)
    whole.add(body)
    return whole.bytes()


def _name(caller: str, key: str) -> str:
    return "idem:" + hashlib.sha256(f"{caller}\n{key}".encode("utf-8", "surrogatepass")).hexdigest()
