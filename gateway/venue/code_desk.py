"""Make, rotate and revoke the keys of codes: the central database first, then the store's copy."""

from collections.abc import Callable, Sequence

import msgspec

from gateway.central.code_keys import CodeKeyTable
from gateway.entitlements.code_keys import CodeKeyShelf
from gateway.errors import ComposteurError
from gateway.tickets.codes.keys import HIGHEST_ID, CodeKey, Kind, State, maker, new_key


class NoSuchKey(ComposteurError):
    """There is no such key of codes."""


class NoKeysLeft(ComposteurError):
    """All 65,535 ids of keys of codes have been given at this site."""


class CodeDesk:
    """Where the keys of codes are made and ended.

    Calls raise `DatabaseUnavailable` and `StoreUnavailable`.

    Args:
        rows: the central database's keys.
        shelf: the store's copy.
        clock: milliseconds since the epoch.
        random: makes so many random bytes.
    """

    def __init__(
        self,
        rows: CodeKeyTable,
        shelf: CodeKeyShelf,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        self._rows = rows
        self._shelf = shelf
        self._clock = clock
        self._random = random

    async def list(self) -> Sequence[CodeKey]:
        """Return all keys, by id."""
        return await self._rows.keys()

    async def create(self, kind: Kind, label: str = "") -> CodeKey:
        """Make a key: active where it is the first of its kind, else waiting for a rotation."""
        now = self._clock()
        made: list[CodeKey] = []

        def change(keys: Sequence[CodeKey]) -> Sequence[CodeKey]:
            key = self._new(keys, kind, label, now)
            if maker(keys, kind, now) is None:
                key = msgspec.structs.replace(key, active_at=now)
            made.append(key)
            return made

        await self._write(change)
        return made[-1]

    async def rotate(self, kind: Kind, until: int | None = None, label: str = "") -> CodeKey:
        """Make codes with another key: the one created last, else a new one; return it.

        Args:
            kind: of which kind.
            until: when those that were active retire (ms); ``None``: when they are revoked.
            label: of a new one.
        """
        now = self._clock()
        made: list[CodeKey] = []

        def change(keys: Sequence[CodeKey]) -> Sequence[CodeKey]:
            mine = [key for key in keys if key.kind is kind]
            waiting = [key for key in mine if key.state(now) is State.CREATED]
            key = waiting[-1] if waiting else self._new(keys, kind, label, now)
            made.append(msgspec.structs.replace(key, active_at=now))
            if until is None:
                return made
            ended = [key for key in mine if key.state(now) is State.ACTIVE]
            return [*made, *(msgspec.structs.replace(key, retires_at=until) for key in ended)]

        await self._write(change)
        return made[-1]

    async def revoke(self, key_id: int) -> CodeKey:
        """Have no code of a key hold any more; once revoked it keeps its first date.

        Raises:
            NoSuchKey: there is none of this id.
        """
        now = self._clock()
        ended: list[CodeKey] = []

        def change(keys: Sequence[CodeKey]) -> Sequence[CodeKey]:
            key = next((key for key in keys if key.id == key_id), None)
            if key is None:
                raise NoSuchKey(f"There is no key {key_id} of codes.")
            at = now if key.revoked_at is None else key.revoked_at
            ended.append(msgspec.structs.replace(key, revoked_at=at))
            return ended

        await self._write(change)
        return ended[-1]

    async def mirror(self) -> None:
        """Make the store's copy equal to the database's keys."""
        await self._shelf.write(await self._rows.keys())

    async def _write(self, change: Callable[[Sequence[CodeKey]], Sequence[CodeKey]]) -> None:
        await self._shelf.write(await self._rows.change(change))

    def _new(self, keys: Sequence[CodeKey], kind: Kind, label: str, now: int) -> CodeKey:
        number = max((key.id for key in keys), default=0) + 1
        if number > HIGHEST_ID:
            raise NoKeysLeft
        return new_key(number, kind, self._random(32), now, label)
