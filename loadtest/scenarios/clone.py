"""How long from a fresh clone to the first stamped scan, with a warm package cache.

`git clone`, the environment as `make run` makes it, a site, a key, a ticket, a scan.
"""

import asyncio
import contextlib
import time
from pathlib import Path

import orjson

import loadtest
from loadtest.codes import code_of
from loadtest.figures import Figure, at_most
from loadtest.plan import Plan
from loadtest.site import READER
from loadtest.stand import StandFailed, temporary_folder, temporary_stand

REPOSITORY = Path(loadtest.__file__).resolve().parents[1]


async def run(plan: Plan) -> list[Figure]:
    """Clone, install, start, sell, scan."""
    async with temporary_folder(plan.folder) as folder:
        clone = folder / "composteur"
        begun = time.perf_counter()
        await _do("git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(clone))
        await _do("make", "--no-print-directory", "-C", str(clone), "demo-env")
        installed_s = time.perf_counter() - begun
        python = str(clone / ".venv" / "bin" / "python")
        async with temporary_stand(
            command=(python, "-m", "gateway.cli"), parent=plan.folder
        ) as stand:
            await stand.sell(0, 1)
            code = code_of(0)
            body = orjson.dumps({"code": code, "nonce": code, "reader": READER})
            answer = orjson.loads(await stand.ask(stand.requests.scan(body)) or b"{}")
            lasted_s = time.perf_counter() - begun
            started_s = stand.started_in_s
    void = "" if answer.get("decision") == "granted" else f"not granted: {answer}"
    return [
        Figure(
            "clone",
            "fresh clone → first stamped scan, warm package cache",
            lasted_s,
            "s",
            at_most(120),
            "always",
            f"clone and environment {installed_s:.1f} s, first start {started_s:.1f} s",
            void,
        )
    ]


async def _do(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise StandFailed(f"{command[0]}: {output[-2_000:].decode('utf-8', 'replace')}")
