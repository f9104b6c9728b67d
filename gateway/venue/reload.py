"""The site file while the gateway runs: a change is taken up without dropping a scan, or refused.

Every process watches the file itself; a signal or a message only hastens it. A file that is not
right changes nothing: the old site goes on, and people are told once. What a running gateway cannot
change (its stores, its addresses, who it is) waits for a restart, and all else with it: half a site
is no site.
"""

import asyncio
import fcntl
import hashlib
import os
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from config import Examined, Problem, Site, SiteFileError
from config.editing import Change, changed, difference
from gateway.errors import ComposteurError
from gateway.venue.alarms import SITE_FILE, Alarms
from gateway.venue.bus import Bus

LOOK_EVERY_S: Final = 1.0
SETTLES_S: Final = 0.1
"""A file that has not changed for so long is written to its end."""
REFUSED: Final = "site_file_refused"
NEEDS_RESTART: Final = "site_file_needs_restart"
BEFORE: Final = ".before"
UNREADABLE: Final = ""
"""A file of nothing is none: it has gone, or somebody has just begun to write it."""

type Examine = Callable[[str, Path], Examined]
"""Reads the text of a site file, or raises `SiteFileError`."""
type Apply = Callable[[Site], Awaitable[None]]
"""Serves another site from now on."""

log = structlog.get_logger()


class StaleRevision(ComposteurError):
    """The site file has changed since it was read."""


class NotWritable(ComposteurError):
    """The site file cannot be written here."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The file on disk, and whether it is what the gateway does.

    ``needs_restart`` names what has to wait, such as ``http.port``; ``writable`` tells whether it
    may be changed from here.
    """

    revision: str
    text: str
    applied: bool
    needs_restart: tuple[str, ...]
    writable: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What a changed site file would be: nothing is written yet.

    ``difference`` is a unified diff against the file; with ``problems`` it cannot be put in its
    place; ``warnings`` are what its author probably did not mean.
    """

    text: str
    difference: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    needs_restart: tuple[str, ...]


class SiteFile:
    """The site file of one process.

    Args:
        path: where it lies.
        site: what it said at the start.
        examine: reads another text of it.
        bus: the messages of this process.
        alarms: told of a file that is refused.
        speaks: whether it is this process that tells people: the first of its gateway.
        read_only: it is never written from here, as in a container that is made anew each time.
    """

    def __init__(
        self,
        path: Path,
        site: Site,
        examine: Examine,
        bus: Bus,
        alarms: Alarms,
        *,
        speaks: bool,
        read_only: bool = False,
    ) -> None:
        self.site = site
        self.read_only = read_only
        self._path = path
        self._examine = examine
        self._bus = bus
        self._alarms = alarms
        self._speaks = speaks
        self._apply: list[Apply] = []
        self._wake = asyncio.Event()
        self._busy = asyncio.Lock()
        self._seen: str | None = None
        self._applied: str | None = None
        self._refused = False
        self._needs_restart: tuple[str, ...] = ()
        bus.listen("site", lambda _message: self.look())

    @property
    def degraded(self) -> list[str]:
        """Words for what is not as it should be."""
        found = {REFUSED: self._refused, NEEDS_RESTART: bool(self._needs_restart)}
        return [word for word, holds in found.items() if holds]

    def on_change(self, apply: Apply) -> None:
        """Have somebody serve another site; called in order, one after the other."""
        self._apply.append(apply)

    def look(self) -> None:
        """Look at the file now."""
        self._wake.set()

    def tell(self) -> None:
        """Have every process look at the file now (a signal has come)."""
        self._bus.publish({"do": "site"})

    async def run(self) -> None:
        """Watch the file until cancelled."""
        mark = await asyncio.to_thread(self._mark)
        await self.take()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            told = self._wake.is_set()
            self._wake.clear()
            before, mark = mark, await asyncio.to_thread(self._mark)
            while not told and mark != before:  # an editor may be half-way through
                await asyncio.sleep(SETTLES_S)
                before, mark = mark, await asyncio.to_thread(self._mark)
                told = mark == before
            if told:
                await self.take()

    async def take(self) -> None:
        """Take the file up as it lies there, unless that has been done."""
        async with self._busy:
            text = await self._text()
            revision = revision_of(text)
            if revision == self._seen:
                return
            self._seen = revision
            try:
                site = await asyncio.to_thread(self._read_site, text)
            except SiteFileError as error:
                self._refuse(error)
                return
            self._needs_restart = tuple(unchangeable(self.site, site))
            if self._needs_restart:
                self._wait_for_restart()
                return
            changed, self._applied, self._refused = site != self.site, revision, False
            self.site = site
            for apply in self._apply if changed else ():
                try:
                    await apply(site)
                except Exception as error:  # noqa: BLE001  # the others apply it all the same
                    log.error("site_file_not_applied", error=repr(error))  # noqa: TRY400
            if self._speaks:
                self._alarms.clear(SITE_FILE)
                if changed:
                    log.info("site_file_applied", file=str(self._path), revision=revision)

    def _refuse(self, error: SiteFileError) -> None:
        self._refused = True
        if self._speaks:
            log.error("site_file_refused", problems=str(error).splitlines())
            self._alarms.raise_(SITE_FILE, text=f"refused: {error}"[:500])

    def _wait_for_restart(self) -> None:
        self._refused = False
        if self._speaks:
            what = ", ".join(self._needs_restart)
            log.warning("site_file_needs_restart", keys=list(self._needs_restart))
            self._alarms.raise_(SITE_FILE, text=f"needs a restart: {what}")

    # --- for people

    async def standing(self) -> Standing:
        """Tell what is in the file, and whether it is what we do."""
        text = await self._text()
        revision = revision_of(text)
        waits = self._needs_restart if revision == self._seen else ()
        return Standing(revision, text, revision == self._applied, waits, not self.read_only)

    async def before(self) -> str | None:
        """Return the text that was replaced last from here; none where there was none."""
        return await asyncio.to_thread(_read, self._before) or None

    async def draft(self, changes: Sequence[Change], revision: str) -> Draft:
        """Tell what the file would be with changes made, and whether it would be right.

        Args:
            changes: in their order.
            revision: of the text they are meant for.

        Raises:
            StaleRevision: it has changed meanwhile.
            CannotChange: one of them cannot be made.
        """
        old = await self._text()
        if revision_of(old) != revision:
            raise StaleRevision
        return await asyncio.to_thread(self._drafted, old, changes)

    def _drafted(self, old: str, changes: Sequence[Change]) -> Draft:
        text = changed(old, changes)
        try:
            examined = self._examine(text, self._path)
        except SiteFileError as error:
            return Draft(text, difference(old, text), error.problems, (), ())
        waits = tuple(unchangeable(self.site, examined.site))
        return Draft(text, difference(old, text), (), examined.warnings, waits)

    async def put(self, text: str, revision: str) -> Standing:
        """Write another text, and take it up everywhere.

        Args:
            text: the whole file.
            revision: of the text it replaces.

        Raises:
            StaleRevision: somebody else was faster.
            SiteFileError: it is not right; nothing has changed.
            NotWritable: the file, or its folder, cannot be written, or must not be.
        """
        if self.read_only:
            raise NotWritable("This gateway was started with --read-only.")
        await asyncio.to_thread(self._examine, text, self._path)
        try:
            await asyncio.to_thread(self._write, text, revision)
        except OSError as error:
            raise NotWritable(str(error)) from error
        self._bus.publish({"do": "site"})
        await self.take()
        return await self.standing()

    def _write(self, text: str, revision: str) -> None:
        """Replace the file in one step, and keep what was there (`FILE.before`)."""
        with _alone(self._path.parent):
            old = self._path.read_bytes()
            if revision_of(_read(self._path)) != revision:
                raise StaleRevision
            mode = stat.S_IMODE(self._path.stat().st_mode)
            for path, content in ((self._before, old), (self._path, text.encode())):
                draft = path.with_name(f".{path.name}.{os.getpid()}")
                try:
                    with draft.open("wb") as file:
                        os.fchmod(file.fileno(), mode)
                        file.write(content)
                        file.flush()
                        os.fsync(file.fileno())
                    draft.rename(path)
                finally:
                    draft.unlink(missing_ok=True)

    # --- the disk

    @property
    def _before(self) -> Path:
        return self._path.with_name(self._path.name + BEFORE)

    async def _text(self) -> str:
        return await asyncio.to_thread(_read, self._path)

    def _read_site(self, text: str) -> Site:
        if text != UNREADABLE:
            return self._examine(text, self._path).site
        raise SiteFileError(self._path, [Problem((), "cannot be read")])

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return UNREADABLE


def revision_of(text: str) -> str:
    """Name a text by what is in it.

    >>> revision_of("")
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def unchangeable(old: Site, new: Site) -> Iterator[str]:
    """Name what differs and cannot change while the gateway runs."""
    for table, one, other, kept in (
        ("site", old.identity, new.identity, ("id", "timezone", "gateway")),
        ("stores", old.stores, new.stores, tuple(type(old.stores).model_fields)),
        ("http", old.http, new.http, tuple(type(old.http).model_fields)),
    ):
        for key in kept:
            if getattr(one, key) != getattr(other, key):
                yield f"{table}.{key}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock: of two who write one is first."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
