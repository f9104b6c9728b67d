"""Takes Valkey's old journals away in small pieces.

Valkey deletes its journal, 64 MB or more, at once when it has written it anew. Where the file
system tells the disk of what is free (`discard`, the habit of clouds' images), whatever is to be
synchronised meanwhile waits 0.7 ms for each MB: at every rewrite all stamps stood still for 90 to
170 ms, which was the whole tail while a million tickets were loaded (live p99 60 ms; 8 without).
So the files get a second name here, and what Valkey has let go of is cut a megabyte at a time.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Final

from gateway.embedded.background import in_thread

LOOK_EVERY_S: Final = 1.0
"""A file lives for several seconds; one that was not seen is deleted as Valkey does it."""
PIECE: Final = 1 << 20
PAUSE_S: Final = 0.03


@asynccontextmanager
async def cut_slowly(journal: Path, leftovers: Path) -> AsyncIterator[None]:
    """Look after Valkey's files during the block; what is left over then waits for the next one."""
    stop = Event()
    cutting = asyncio.create_task(
        in_thread(lambda: keep_cutting(journal, leftovers, stop)), name="embedded-journal"
    )
    try:
        yield
    finally:
        stop.set()
        await cutting


def keep_cutting(journal: Path, leftovers: Path, stop: Event) -> None:
    """Give the files of a folder a second name in another, and cut those that have lost the first.

    The second name is the number of the file itself: the first ones come again. Without names of
    this kind (some file systems) nothing happens.
    """
    while not stop.wait(LOOK_EVERY_S):
        with suppress(OSError):  # a file that has just gone
            for file in journal.glob("*.[0-9]*.*"):
                second = leftovers / str(file.stat().st_ino)
                if not second.exists():
                    second.hardlink_to(file)
            for file in leftovers.iterdir():
                _cut(file, stop)


def _cut(file: Path, stop: Event) -> None:
    status = file.stat()
    size = status.st_size
    if status.st_nlink > 1:
        return
    while size > 0:
        size -= PIECE
        os.truncate(file, max(size, 0))
        if stop.wait(PAUSE_S):
            return
    file.unlink()
