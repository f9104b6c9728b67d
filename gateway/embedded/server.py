"""One supervised server: started, watched, started again when it dies, stopped.

It knows no particular server: what to run, how to ask whether it is ready and how to tell it to
stop are handed to it. A third server (the machine's own mosquitto) needs nothing new here.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.embedded.background import in_thread
from gateway.embedded.places import Account
from gateway.errors import StoreFailed

type Say = Callable[[str], None]

_LAUNCH: Final = str(Path(__file__).with_name("launch.py"))
_PROBE_S: Final = 0.01
_FIRST_WORD_S: Final = 2.0
_NEXT_WORD_S: Final = 5.0
_ATTEMPTS: Final = 4
_STABLE_S: Final = 10.0
_SHORTEST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_STOP_WORDS: Final = 60  # five minutes: a large journal on a slow disk is worth waiting for
_LOG_LINES: Final = 15


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run.

    Attributes:
        label: Its name in messages.
        name: Its name in file names: `NAME.pid` and `NAME.log` in `home`.
        argv: The program and its arguments.
        home: A folder its account may enter.
        account: Who runs it.
        stop_signal: What makes it finish its work and end; also sent when the gateway dies.
        probe: Answers "" once the server is ready, else what it is doing; an OSError means that it
            does not listen yet.
    """

    label: str
    name: str
    argv: tuple[str, ...]
    home: Path
    account: Account
    stop_signal: signal.Signals
    probe: Callable[[], Awaitable[str]]


@dataclass(slots=True)
class Server:
    """Keep one program running from `start` to `stop`.

    Start it from the main thread: Linux ends the servers of a gateway that was killed when the
    thread that started them is gone.
    """

    program: Program
    say: Say
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _watcher: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The process that runs now, if any."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process is not None else None

    async def start(self) -> None:
        """Start the program, wait until it is ready and watch it from then on.

        Raises:
            StoreFailed: It ended again and again before it was ready.
        """
        for attempt in range(_ATTEMPTS):
            try:
                await self._bring_up()
                break
            except StoreFailed:
                if attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(_SHORTEST_PAUSE_S * 2**attempt)
        self._watcher = asyncio.create_task(self._watch(), name=f"embedded-{self.program.name}")

    async def stop(self) -> None:
        """Stop watching, then have the program finish its work; kill it only after minutes."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
            self._watcher = None
        if self._process is not None and self._process.returncode is None:
            await self._end(self._process)

    async def _bring_up(self) -> None:
        """Run the program once and wait until it is ready."""
        process = await self._spawn()
        ready = asyncio.create_task(self._until_ready(process), name="embedded-probe")
        ended = asyncio.create_task(process.wait(), name="embedded-wait")
        try:
            await asyncio.wait((ready, ended), return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
                return
        except Exception:
            if process.returncode is None:  # the next attempt would wait for it in vain
                await self._end(process)
            raise
        finally:
            for task in (ready, ended):
                task.cancel()
            await asyncio.wait((ready, ended))
        raise await self._failure(process)

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        spawning = asyncio.create_task(
            asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", _LAUNCH),
                *(str(os.getpid()), str(int(program.stop_signal))),
                *(str(program.account.uid), str(program.account.gid)),
                *(str(program.home), program.name),
                *program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            ),
            name="embedded-spawn",
        )
        try:
            self._process = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            self._process = await spawning  # a process nobody knows of could not be stopped
            raise
        except OSError as error:
            raise StoreFailed(program.label, f"cannot be started: {error}") from error
        return self._process

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        words = await self._until_launched(process)
        if words:
            raise StoreFailed(self.program.label, "cannot be started", log=words)
        loop = asyncio.get_running_loop()
        speak_at = loop.time() + _FIRST_WORD_S
        while True:
            try:
                doing = await self.program.probe()
            except OSError:
                doing = "is starting"
            if not doing:
                return
            if loop.time() > speak_at:
                self.say(f"{self.program.label} {doing}")
                speak_at = loop.time() + _NEXT_WORD_S
            await asyncio.sleep(_PROBE_S)

    async def _until_launched(self, process: asyncio.subprocess.Process) -> str:
        """Read the launcher's words up to the moment the program takes over."""
        assert process.stdout is not None  # noqa: S101 - it was asked for
        words = []
        async for line in process.stdout:
            word, _, rest = line.decode(errors="replace").rstrip().partition(" ")
            if word == "waiting":
                self.say(f"Waiting for the earlier {self.program.label} (process {rest}) to finish")
            else:
                words.append(f"{word} {rest}")
        return "\n".join(words)

    async def _failure(self, process: asyncio.subprocess.Process) -> StoreFailed:
        log = self.program.home / f"{self.program.name}.log"
        return StoreFailed(
            self.program.label,
            f"{_ending(process.returncode)} before it was ready",
            log=await in_thread(lambda: _tail(log)),
            remedy=f"The whole log is {log}; the data beside it was left as it is.",
        )

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        pause = 0.0
        while self._process is not None:
            since = loop.time()
            await self._process.wait()
            died_at = loop.time()
            if died_at - since > _STABLE_S:
                pause = 0.0
            first = pause == 0
            if first:
                ending = _ending(self._process.returncode)
                self.say(f"{self.program.label} {ending}; starting it again")
            pause = await self._bring_back(pause)
            if first:
                self.say(f"{self.program.label} is back after {loop.time() - died_at:.2f} s")

    async def _bring_back(self, pause: float) -> float:
        """Try until the program runs again; return how long to wait should it die soon."""
        spoken = False
        while True:
            await asyncio.sleep(pause)
            pause = min(max(2 * pause, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
            try:
                await self._bring_up()
            except StoreFailed as failure:
                if not spoken:
                    self.say(str(failure))
                spoken = True
            else:
                return pause

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Have the process finish its work, however long it takes within reason."""
        with suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        ended = asyncio.create_task(process.wait(), name=f"embedded-{self.program.name}-end")
        for _ in range(_STOP_WORDS):
            if (await asyncio.wait((ended,), timeout=_NEXT_WORD_S))[0]:
                return
            self.say(f"{self.program.label} is finishing its work")
        self.say(f"{self.program.label} does not stop; it is killed")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await ended


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-_LOG_LINES:])
