"""Thousands of generated requests against every documented call, on real stores."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.integration.http.conftest import House

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "unsupported_method"
)
CASES = 2000
"""At least so many requests, or the test has looked at too little."""
LEFT_OUT = ("live_live", "stream_stream", "feed_put_tickets")
"""Two do not end; the third takes NDJSON, which is tested by itself."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("examples", [30, pytest.param(300, marks=pytest.mark.soak)])
async def test_every_call_keeps_its_document_whatever_is_sent(
    house: House, tmp_path: Path, examples: int
) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.skip("no schemathesis here")
    arguments = [
        "run",
        str(house.client.make_url("/openapi.json")),
        "--header",
        f"Authorization: {house.bearer('admin')['Authorization']}",
        "--checks",
        CHECKS,
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        str(examples),
        "--no-color",
        *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
    ]
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()

    text = told.decode()
    assert process.returncode == 0, text[-6000:]
    made = re.search(r"(\d+) generated", text)
    assert made is not None
    assert int(made[1]) >= CASES, text[-3000:]
