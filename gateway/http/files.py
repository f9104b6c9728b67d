"""The files of the screens: read once, compressed once, each with the tag of its content.

A page asks for what it is made of under ``/static/~VERSION/``, where the version is that of all
files together; such an answer never changes, and a browser keeps it without asking again. Modules
import each other by relative paths, so the version goes along by itself. What a page's first module
needs is named in its head (``modulepreload``): a slow connection waits once, not once a module.
"""

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
}
"""What is served; other files of the folders are for those who work on them."""
DENSE: Final = frozenset({"png"})
"""Compressed already."""
MARK: Final = "~"
"""Stands before the version in an address."""

_IMPORT: Final = re.compile(
    r"""(?:^|;)\s*(?:import|export)\b(?:[^;"'(=]*\bfrom)?\s*["'](\.[^"']+)["']""", re.MULTILINE
)
_MODULE: Final = re.compile(r'<script type="module" src="/static/([^"]+)"></script>')


@dataclass(frozen=True, slots=True)
class File:
    """One file: as it is, and compressed where that is worth it."""

    body: bytes
    kind: str
    tag: str
    gzipped: bytes | None


@dataclass(frozen=True, slots=True)
class Files:
    """All files by their path below `gateway/web`, and the version of them together."""

    items: Mapping[str, File]
    version: str

    def find(self, path: str) -> tuple[File | None, bool]:
        """Return the file of an address below ``/static/``, and whether it never changes."""
        first, _, rest = path.partition("/")
        if not first.startswith(MARK):
            return self.items.get(path), False
        return self.items.get(rest), first == MARK + self.version


def read_files() -> Files:
    """Read and compress all files; takes some tens of milliseconds."""
    found = {
        path: entry.read_bytes()
        for path, entry in _walk(files("gateway.web"))
        if path.rpartition(".")[2] in TYPES
    }
    whole = hashlib.sha256()
    for path in sorted(found):
        whole.update(path.encode() + b"\0" + hashlib.sha256(found[path]).digest())
    version = whole.hexdigest()[:12]
    for path, body in found.items():
        if path.endswith(".html"):
            found[path] = _page(body.decode(), found, version)
    return Files({path: _file(path, body) for path, body in found.items()}, version)


def needed(path: str, found: Mapping[str, bytes]) -> list[str]:
    """Return the modules that a module imports, theirs too, itself first (`KeyError`: missing)."""
    modules = [path]
    for module in modules:  # grows while it is walked
        text = found[module].decode()
        for name in _IMPORT.findall(text):
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(module), name))
            if wanted not in modules:
                modules.append(wanted)
    return modules


def _page(text: str, found: Mapping[str, bytes], version: str) -> bytes:
    """Name the version in a page's addresses, and what its modules need in its head."""

    def with_preloads(match: re.Match[str]) -> str:
        others = needed(match[1], found)[1:]
        links = [f'<link rel="modulepreload" href="/static/{name}">\n' for name in others]
        return "".join(links) + match[0]

    text = _MODULE.sub(with_preloads, text)
    return text.replace('"/static/', f'"/static/{MARK}{version}/').encode()


def _file(path: str, body: bytes) -> File:
    ending = path.rpartition(".")[2]
    gzipped = None if ending in DENSE else gzip.compress(body, 9, mtime=0)
    if gzipped is not None and len(gzipped) >= len(body):
        gzipped = None
    return File(body, TYPES[ending], f'"{hashlib.sha256(body).hexdigest()[:16]}"', gzipped)


def _walk(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{path}{entry.name}/")
        else:
            yield f"{path}{entry.name}", entry
