"""The scenarios, in the order they are run: one file each."""

from collections.abc import Awaitable, Callable
from importlib import import_module

from loadtest.figures import Figure
from loadtest.plan import Plan

NAMES = (
    "throughput",
    "latency",
    "wire",
    "boards",
    "osdp",
    "dashboards",
    "screens",
    "codes",
    "counted",
    "feed",
    "load",
    "offline",
    "memory",
    "backlog",
    "reports",
    "clone",
)


def scenario(name: str) -> Callable[[Plan], Awaitable[list[Figure]]]:
    """Return what runs this scenario."""
    run: Callable[[Plan], Awaitable[list[Figure]]] = import_module(f"{__name__}.{name}").run
    return run
