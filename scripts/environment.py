"""Make or refresh the clone's own virtual environment, and say what is happening meanwhile.

Run by `make` with any Python 3.12 or later, before anything is installed: it uses the standard
library only. Nothing is written outside the clone.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

Purpose = Literal["demo", "dev"]
TARGETS: dict[Purpose, str] = {"demo": "demo", "dev": "test"}

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
PYTHON = HOME / "bin" / "python"
LOG = HOME / "pip.log"
LARGE = re.compile(r"Downloading (?P<name>\w+)-.* \((?P<size>\d\d+(\.\d)?) MB\)")
PROBE = "import sys, pip; print(sys.prefix); sys.exit(sys.version_info < (3, 12))"


class SetUpError(Exception):
    """The environment could not be made; the message says what to do."""


def say(text: str) -> None:
    """Tell the person at the terminal what goes on."""
    print(f"composteur: {text}", flush=True)


def clean_environment() -> dict[str, str]:
    """Return the caller's environment without what would lead pip out of the clone."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return kept | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def requirements(purpose: Purpose | Literal["build"]) -> Path:
    """Return the locked requirements of a purpose."""
    return ROOT / "requirements" / f"{purpose}.txt"


def digest(purpose: Purpose) -> str:
    """Name the state the environment should be in: place, requirements and project."""
    seal = hashlib.sha256(os.fsencode(ROOT))
    for path in (requirements("build"), requirements(purpose), ROOT / "pyproject.toml"):
        seal.update(path.read_bytes())
    return seal.hexdigest()


def stamp(purpose: Purpose) -> Path:
    """Return the file that remembers a finished installation."""
    return HOME / f"composteur-{purpose}.stamp"


def is_current(purpose: Purpose) -> bool:
    """Tell whether an earlier run installed all that is wanted now."""
    try:
        return stamp(purpose).read_text() == digest(purpose)
    except OSError:
        return False


def is_usable() -> bool:
    """Tell whether the environment there is runs here: it may come from another user or place."""
    if not os.access(PYTHON, os.X_OK):
        return False
    probe = subprocess.run(
        [PYTHON, "-I", "-c", PROBE], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return probe.returncode == 0 and Path(probe.stdout.strip()).resolve() == HOME


def make_anew() -> None:
    """Create the environment, in place of an unusable one."""
    if HOME.is_symlink() or HOME.exists():
        say("the environment in .venv does not run here; making another")
        try:
            HOME.unlink() if HOME.is_symlink() else shutil.rmtree(HOME)
        except OSError as problem:
            message = f"cannot remove {HOME}: {problem.strerror}. Remove it, or use a clone you own"
            raise SetUpError(message) from problem
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"making an environment in .venv with Python {version}")
    try:
        venv.create(HOME, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        message = f"cannot make {HOME}: {problem}"
        raise SetUpError(message) from problem


def run_pip(arguments: list[str], wanted: int = 0) -> None:
    """Run pip; its own words come out only when it fails, and its progress where some is wanted."""
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    began, seen = time.monotonic(), 0
    told = began
    with (
        LOG.open("a") as record,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip,
    ):
        assert pip.stdout is not None  # noqa: S101  # a pipe was asked for
        for line in pip.stdout:
            record.write(line)
            word, _, rest = line.strip().partition(" ")
            seen += word == "Collecting"
            if not wanted:
                continue
            if word == "Installing":
                say(f"    unpacking {wanted} packages")
            elif large := LARGE.fullmatch(line.strip()):
                say(f"    downloading {large['name']} ({large['size']} MB)")
            elif word == "Collecting" and time.monotonic() - told > 2:  # noqa: PLR2004
                told = time.monotonic()
                name = rest.partition("==")[0]
                say(f"    {told - began:3.0f} s, {seen} of {wanted}: {name}")
    if pip.returncode:
        lines = [line for line in LOG.read_text().splitlines() if not line.startswith("WARNING")]
        tail = "\n".join(f"    {line}" for line in lines[-12:])
        message = f"pip could not install what is needed:\n\n{tail}\n\nAll it said is in {LOG}"
        raise SetUpError(message)


def install(purpose: Purpose) -> None:
    """Install the locked requirements by their hashes, then the project itself, in place."""
    wanted = len(re.findall(r"^\w", requirements(purpose).read_text(), re.MULTILINE))
    say(f"installing {wanted} packages for `make {TARGETS[purpose]}`; the first time takes a while")
    proved = ["--require-hashes", "--no-build-isolation", "--only-binary", ":all:"]
    LOG.unlink(missing_ok=True)
    run_pip([*proved, "-r", str(requirements("build"))])
    # The one package without wheels, built by the setuptools of the line above.
    source = ["--no-binary", "forbiddenfruit"] if purpose == "dev" else []
    run_pip([*proved, *source, "-r", str(requirements(purpose))], wanted)
    run_pip(["--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT)])


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one process at a time work on the environment, leaving no file behind."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run that is making the environment")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def prepare(purpose: Purpose) -> None:
    """Bring the environment into the state a purpose needs."""
    with alone():
        if not is_usable():
            make_anew()
        # What tests need includes what the demonstration needs.
        if is_current("dev") or is_current(purpose):
            return
        began = time.monotonic()
        stamp(purpose).unlink(missing_ok=True)
        install(purpose)
        stamp(purpose).write_text(digest(purpose))
        say(f"environment ready after {time.monotonic() - began:.0f} s")


def main() -> None:
    """Read the purpose and prepare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("purpose", choices=get_args(Purpose), nargs="?", default="dev")
    try:
        prepare(parser.parse_args().purpose)
    except SetUpError as problem:
        sys.exit(f"composteur: {problem}")
    except KeyboardInterrupt:
        sys.exit("composteur: interrupted; the next run goes on from here")


if __name__ == "__main__":
    main()
