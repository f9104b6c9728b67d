import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.client import Answer, Place, Requests, Unreadable, parse_answer

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nServer: x\r\n\r\n"
)


@given(st.binary(max_size=50), st.binary(max_size=20))
def test_an_answer_is_read_whatever_follows(body: bytes, following: bytes) -> None:
    whole = HEAD % len(body) + body

    assert parse_answer(whole + following) == (Answer(200, body), len(whole))


@given(st.integers(min_value=0, max_value=len(HEAD) + 10))
def test_an_incomplete_answer_is_waited_for(cut: int) -> None:
    whole = HEAD % 12 + b"x" * 12

    assert parse_answer(whole[: min(cut, len(whole) - 1)]) is None


def test_header_names_are_read_in_any_case() -> None:
    assert parse_answer(b"HTTP/1.1 503 No\r\ncontent-LENGTH: 1\r\n\r\nx") == (Answer(503, b"x"), 39)


@pytest.mark.parametrize(
    "received",
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"SSH-2.0-nope\r\n\r\n"],
)
def test_what_is_no_such_answer_is_said_to_be_unreadable(received: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_answer(received)


def test_a_request_says_how_long_its_body_is() -> None:
    request = Requests(Place("127.0.0.1", 8080), "KEY").scan(b'{"code":"A"}')

    head, body = request.split(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /v1/scans HTTP/1.1",
        b"Host: 127.0.0.1:8080",
        b"Authorization: Bearer KEY",
        b"Content-Type: application/json",
        b"Content-Length: 12",
    ]
    assert body == b'{"code":"A"}'


def test_only_plain_http_is_spoken() -> None:
    with pytest.raises(ValueError, match="http://"):
        Place.of("https://gateway.example")
