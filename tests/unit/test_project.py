"""The project's own files agree with one another and name nothing of the machine they came from."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
LINK = re.compile(r"\[[^]\[]*\]\(([^)\s]+)\)")
PINNED = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)

# What older metadata calls the licences of this page.
SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


PAGES = sorted(
    page
    for room in (".", "config", "controllers", "docs", "drivers", "gateway", "loadtest", "tests")
    for page in (ROOT.glob("*.md") if room == "." else (ROOT / room).rglob("*.md"))
)


def locked(path: Path) -> dict[str, str]:
    return dict(PINNED.findall(path.read_text()))


def noticed() -> dict[str, str]:
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| [^|]+ \| ([^|]+) \|$",
        (ROOT / "THIRD_PARTY_NOTICES.md").read_text(),
        re.MULTILINE,
    )
    return {name: licence for name, licence in rows if name != "package"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_locked_requirements_have_hashes_and_name_no_place(path: Path) -> None:
    lines = path.read_text().splitlines()

    assert locked(path)
    for line in lines:
        assert re.fullmatch(
            r"[a-z0-9-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line
        )


def test_one_version_of_a_package_in_all_locks() -> None:
    everything = locked(ROOT / "requirements" / "dev.txt")

    for path in LOCKS:
        assert locked(path).items() <= everything.items()


def test_locks_satisfy_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    server = locked(ROOT / "requirements" / "server.txt")
    demo = locked(ROOT / "requirements" / "demo.txt")
    dev = locked(ROOT / "requirements" / "dev.txt")
    asked = [
        *((text, server) for text in project["dependencies"]),
        *((text, demo) for text in project["optional-dependencies"]["embedded"]),
        *((text, dev) for texts in project["optional-dependencies"].values() for text in texts),
    ]

    for text, pins in asked:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_notices_name_every_locked_package_and_no_other() -> None:
    assert noticed().keys() == locked(ROOT / "requirements" / "dev.txt").keys()


@pytest.mark.parametrize(("name", "licence"), sorted(noticed().items()))
def test_notices_say_what_the_package_says_of_its_licence(name: str, licence: str) -> None:
    try:
        words = metadata(name)
    except PackageNotFoundError:
        pytest.skip("not installed on this platform")
    said = words.get("License-Expression")
    if said is not None:
        assert licence == said
        return
    classes = [text.split(" :: ")[-1] for text in words.get_all("Classifier") or []]
    for known in {SPDX[text] for text in classes if text in SPDX}:
        assert known in licence


def anchors(page: Path) -> set[str]:
    """Name the headings of a page as links do."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not heading or heading in anchors(target), link
