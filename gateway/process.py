"""What any process of ours does for itself: its log, its memory, its end.

It knows no gateway: `gateway.app` runs one inside `until_told`.
"""

import asyncio
import ctypes
import gc
import hashlib
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, override

import structlog

type Say = Callable[[str], None]

GARBAGE_THRESHOLD: Final = 50_000
_PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>


def settle_memory() -> None:
    """Keep the collector from walking through what stays: measured, 10 % of a scan's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


async def stop(child: asyncio.subprocess.Process, *, within_s: float) -> None:
    """Have a process of ours finish its work; end it when it does not."""
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(within_s):
            await child.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


class Steps:
    """Tells what is done while starting, and how long it took."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._since = time.monotonic()

    def done(self, text: str) -> None:
        """Tell that a step is done."""
        now = time.monotonic()
        self._say(f"{text} ({now - self._since:.2f} s)")
        self._since = now


class _Ending:
    """Ends the current task when the process is told to; at the second signal ends the process."""

    def __init__(self) -> None:
        self.told = False
        self._task = asyncio.current_task()

    def signalled(self) -> None:
        """Take a signal."""
        if self.told:
            os._exit(1)
        self.end()

    def end(self) -> None:
        """End in order."""
        self.told = True
        if self._task is not None:
            self._task.cancel()


@asynccontextmanager
async def until_told(*, attached: bool) -> AsyncIterator[None]:
    """Run the block until SIGINT, SIGTERM, or, attached, the end of standard input."""
    loop = asyncio.get_running_loop()
    ending = _Ending()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.signalled)
    transport = None
    if attached:
        transport, _ = await loop.connect_read_pipe(lambda: _Hold(ending.end), sys.stdin)
    try:
        yield
    except asyncio.CancelledError:
        if not ending.told:
            raise
    finally:
        if transport is not None:
            transport.close()


@contextmanager
def at_hangup(look: Callable[[], None]) -> Iterator[None]:
    """Call somebody at each SIGHUP."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, look)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


class _Hold(asyncio.Protocol):
    """Standard input as a hold on whoever started us."""

    def __init__(self, let_go: Callable[[], None]) -> None:
        self._let_go = let_go

    @override
    def eof_received(self) -> None:
        self._let_go()


def die_with_parent() -> None:
    """Have the kernel tell us when the first process dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


_OUR_CODE: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{13,26}(?![A-Za-z0-9])")
_MASK: Final = secrets.token_bytes(16)


def masked(text: str) -> str:
    """Put a keyed hash for each code of ours in a text: the same one for as long as we run.

    >>> masked("no grant of SM455LDYIPBNVOUMRUIH6NRI7Y").startswith("no grant of #")
    True
    """
    return _OUR_CODE.sub(
        lambda found: (
            "#" + hashlib.blake2b(found[0].encode(), key=_MASK, digest_size=4).hexdigest()
        ),
        text,
    )


def _masking(_logger: object, _method: str, told: Any) -> Any:
    """Mask codes in what is about to be logged: nobody logs one on purpose, an error's text may."""
    return {name: masked(fact) if isinstance(fact, str) else fact for name, fact in told.items()}


def configure_logging(level: str = "info") -> None:
    """Log to standard error: for eyes on a terminal, else one JSON object a line."""
    for_eyes = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if for_eyes else [structlog.processors.format_exc_info]),
            _masking,
            structlog.dev.ConsoleRenderer() if for_eyes else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
