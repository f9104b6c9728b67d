"""Take the libraries of the screens from their npm packages into ``gateway/web/vendor``.

Run it after a change of ``packages.toml`` there: ``python scripts/vendor_web.py``. It needs npm
and the network. A file is taken as it is published, but for three things that a browser
without a build step needs: a package imported by its name becomes the file beside it, a script that
makes a global name exports that name, and the remark that points to a source map goes.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parent.parent / "gateway" / "web" / "vendor"
SOURCE_MAP = re.compile(r"\s*//# sourceMappingURL=\S+\s*$")


def main() -> int:
    """Take all packages, and say what was written."""
    wanted = tomllib.loads((VENDOR / "packages.toml").read_text())
    (VENDOR / "licences").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for package in wanted["package"]:
            take(package, wanted["imports"], Path(folder))
    return 0


def take(package: dict[str, Any], imports: dict[str, str], folder: Path) -> None:
    """Download one package and write its files and its licence."""
    asked = f"{package['name']}@{package['version']}"
    done = subprocess.run(
        ["npm", "pack", "--json", "--pack-destination", folder, asked],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    [said] = json.loads(done.stdout)
    with tarfile.open(folder / said["filename"]) as archive:
        for source, name in package["files"].items():
            body = read(archive, source)
            if name.endswith(".wasm"):
                (VENDOR / name).write_bytes(body)
                sys.stdout.write(f"{asked}: {name} ({len(body):,} bytes)\n")
                continue
            text = SOURCE_MAP.sub("\n", body.decode())
            text = with_relative_imports(text, imports)
            if name in package.get("exports", {}):
                text = f"{text.rstrip()}\nexport default {package['exports'][name]};\n"
            (VENDOR / name).write_text(text)
            sys.stdout.write(f"{asked}: {name} ({len(text.encode()):,} bytes)\n")
        plain = package["name"].removeprefix("@").replace("/", "-")
        (VENDOR / "licences" / f"{plain}.txt").write_bytes(read(archive, "LICENSE"))


def with_relative_imports(text: str, imports: dict[str, str]) -> str:
    """Name the files beside this one where a package is imported by its name."""
    for name, file in imports.items():
        text = re.sub(rf'\b(from|import)\s*"{re.escape(name)}"', rf'\1"./{file}"', text)
    return text


def read(archive: tarfile.TarFile, name: str) -> bytes:
    """Read a file of a package."""
    file = archive.extractfile(f"package/{name}")
    if file is None:
        raise FileNotFoundError(name)
    return file.read()


if __name__ == "__main__":
    sys.exit(main())
