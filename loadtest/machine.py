"""Say on what machine the figures were taken: a rate without its machine means nothing."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def facts() -> dict[str, str]:
    """Collect what a reader needs to compare the figures with those of another machine."""
    return {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "aiohttp": _version("aiohttp"),
        "uvloop": _version("uvloop"),
        "wrk": _wrk_version(),
        "load at the start": f"{os.getloadavg()[0]:.2f}",
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "–"


def _wrk_version() -> str:
    program = shutil.which("wrk")
    if program is None:
        return "–"
    # `wrk -v` prints its version and usage, and fails.
    answer = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    words = (answer.stdout + answer.stderr).split()
    return words[1] if len(words) > 1 else "unknown"
