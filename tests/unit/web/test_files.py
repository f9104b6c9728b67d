"""The files of the screens fit together: imports, words, libraries."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from gateway.http.files import File, needed, read_files

ROOT = Path(__file__).parent.parent.parent.parent
WEB = ROOT / "gateway" / "web"
VENDOR = WEB / "vendor"
SCRIPTS = sorted(path for path in WEB.rglob("*.js"))
OURS = [path for path in SCRIPTS if path.parent != VENDOR]
WORDS = [path for path in OURS if path.name == "words.js"]
BARE = re.compile(
    r"""(?:^|;)\s*(?:import|export)\b(?:[^;"'(=]*\bfrom)?\s*["'][^."']""", re.MULTILINE
)
"""An import of something by its name: a browser without a build step finds none."""
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\w+|[{}:]')
"""Of a module that is one object of texts."""
MOST_BYTES = 300_000
"""Compressed, of all that a page's head names; the camera's decoder comes when it is wanted."""
PACKAGES: list[dict[str, Any]] = tomllib.loads((VENDOR / "packages.toml").read_text())["package"]


def name_of(path: Path) -> str:
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_script_imports_only_files_that_are_there(path: Path) -> None:
    found = {name_of(each): each.read_bytes() for each in SCRIPTS}

    assert needed(name_of(path), found)[0] == name_of(path)
    assert not BARE.search(path.read_text())


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_a_field_with_a_value_keeps_what_is_being_written(path: Path) -> None:
    fields = [line for line in path.read_text().splitlines() if "<input " in line]

    assert [line for line in fields if "value=${" in line and "oninput=" not in line] == []


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_script_runs_under_the_strict_policy(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"\beval\(|new Function|\.innerHTML = |https?://", text)


@pytest.mark.parametrize("path", WORDS, ids=name_of)
def test_room_says_everything_in_both_languages(path: Path) -> None:
    english, french = spoken(path)

    assert english == french


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package["name"]))
def test_library_is_named_with_its_licence(package: dict[str, Any]) -> None:
    plain = package["name"].removeprefix("@").replace("/", "-")
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text()

    assert (VENDOR / "licences" / f"{plain}.txt").read_text()
    assert f"| `{package['name']}` | {package['version']} | {package['licence']} |" in notices
    for name in package["files"].values():
        assert (VENDOR / name).is_file()


def test_every_library_here_is_in_the_list() -> None:
    listed = {name for package in PACKAGES for name in package["files"].values()}

    assert {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css", ".wasm"}} == (
        listed
    )


def test_version_is_that_of_all_files() -> None:
    one, other = read_files(), read_files()

    assert one == other
    assert re.fullmatch(r"[0-9a-f]{12}", one.version)
    assert all(isinstance(file, File) for file in one.items.values())
    assert f"/static/~{one.version}/" in one.items["docs/index.html"].body.decode()
    assert files("gateway.web").joinpath("docs", "index.html").is_file()


@pytest.mark.parametrize("page", ["dashboard", "scan", "setup"])
def test_first_load_of_a_page_is_small(page: str) -> None:
    served = read_files()
    body = served.items[f"{page}/index.html"]
    names = set(re.findall(rf'"/static/~{served.version}/([^"]+)"', body.body.decode()))
    sizes = {name: len(served.items[name].gzipped or served.items[name].body) for name in names}

    assert f"{page}/main.js" in names
    assert sum(sizes.values()) + len(body.gzipped or body.body) <= MOST_BYTES, sizes


def spoken(path: Path) -> tuple[set[str], set[str]]:
    """Return the names of a room's English and French words."""
    text = re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE)
    found: dict[tuple[str, ...], set[str]] = {}
    inside: list[str] = []
    name = ""
    for token in TOKEN.findall(text[text.index("= {") + 2 :]):
        match token:
            case "{":
                inside.append(name)
            case "}":
                inside.pop()
            case ":":
                found.setdefault(tuple(inside), set()).add(name)
            case _:
                name = token.strip('"')
    return found["", "en"], found["", "fr"]
