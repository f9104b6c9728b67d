"""The composition root: builds a gateway from a site file, starts it in order and stops it.

`commands` has the order in which things begin; each is one context manager, so that its start and
its end stand together, entered one after the other and left backwards, whether it is told to stop
or fails half-way. `core` is what every process has, `first` what the first one does for all,
`boards` the gates on wires, `http` its face. Clock and environment come into the gateway in this
room and nowhere else.
"""

from gateway.app.commands import Serving, rebuild_store, serve, serve_as_worker, tools
from gateway.app.core import Core, anchors_of
from gateway.app.keeping import keeper_of, privacy_of, pseudonym_keys, tidied

__all__ = (
    "Core",
    "Serving",
    "anchors_of",
    "keeper_of",
    "privacy_of",
    "pseudonym_keys",
    "rebuild_store",
    "serve",
    "serve_as_worker",
    "tidied",
    "tools",
)
