"""Real brokers for tests: the machine's own mosquitto on a free port, one process each."""

import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from gateway.embedded import mosquitto

PROGRAM = mosquitto.found()
PLAIN = """
allow_anonymous true
set_tcp_nodelay true
persistence false
max_inflight_messages 1000
"""


def free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        return int(probing.getsockname()[1])


@dataclass(slots=True)
class Mosquitto:
    """A broker that a test starts, stops, freezes and kills."""

    folder: Path
    settings: str = PLAIN
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text(errors="replace")

    def start(self) -> None:
        assert PROGRAM is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "mosquitto.conf"
        listener = "" if "listener" in self.settings else f"listener {self.port} 127.0.0.1\n"
        file.write_text(f"{listener}{self.settings}\nlog_dest stderr\nlog_type all\n")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([PROGRAM, "-c", file], stderr=log, stdout=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, self.log
                time.sleep(0.005)
            else:
                return
        raise TimeoutError(self.log)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            if how != signal.SIGKILL:
                process.send_signal(signal.SIGCONT)
            process.wait()


def clients_found() -> bool:
    return shutil.which("mosquitto_pub") is not None
