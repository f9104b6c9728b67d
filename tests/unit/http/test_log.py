"""What is written into the log when requests cannot be read: nothing, however many there are."""

import asyncio

import pytest

from gateway.people.roles import Role
from tests.unit.http.calls import bearer
from tests.unit.http.conftest import Client

_KEY = f"Host: x\r\nAuthorization: {bearer(Role.SCANNER)['Authorization']}\r\n".encode()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1/tickets/a b\xc3\xbc HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x00\xff\r\n\r\n",
        b"POST /v1/scans HTTP/1.1\r\n" + _KEY + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"POST /v1/scans HTTP/1.1\r\n"
        + _KEY
        + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
    ],
)
async def test_request_that_cannot_be_read_is_400_and_leaves_no_traceback(
    client: Client, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(sent)
    status_line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()

    assert b" 400 " in status_line
    assert caplog.records == []
