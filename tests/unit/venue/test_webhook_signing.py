"""Calls are signed so that any receiver's library of Standard Webhooks can verify them."""

from pathlib import Path

import pytest

from gateway.venue.webhooks.signing import NoSecret, new_secret, read_secrets, signed

# The example that the specification's own libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALL, AT_S, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hooks.secret"


def test_signature_is_that_of_the_specification(file: Path) -> None:
    file.write_text(SECRET + "\n")

    headers = signed(BODY, call=CALL, at_s=AT_S, with_secrets=read_secrets(file))

    assert headers == {
        "webhook-id": CALL,
        "webhook-timestamp": str(AT_S),
        "webhook-signature": SIGNATURE,
    }


def test_while_a_secret_is_replaced_both_sign(file: Path) -> None:
    file.write_text(f"{new_secret()}\n{SECRET}\n")

    headers = signed(BODY, call=CALL, at_s=AT_S, with_secrets=read_secrets(file))

    first, second = headers["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    assert second == SIGNATURE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "secret_file hooks.secret: empty"),
        ("hunter2", "secret_file hooks.secret, line 1: allowed: whsec_"),
        (f"{SECRET}\nwhsec_c2hvcnQ=", "secret_file hooks.secret, line 2: allowed: whsec_"),
        ("whsec_***", "secret_file hooks.secret, line 1: allowed: whsec_"),
    ],
)
def test_secret_that_is_none_is_named_by_its_line_and_never_shown(
    file: Path, text: str, said: str
) -> None:
    file.write_text(text)

    with pytest.raises(NoSecret) as error:
        read_secrets(file)

    assert str(error.value).startswith(said)
    assert not text or text not in str(error.value)


def test_file_that_is_not_there_is_told(file: Path) -> None:
    with pytest.raises(NoSecret, match=r"secret_file hooks\.secret: no such file"):
        read_secrets(file)
