"""A gateway with a webhook: a scan knows nothing of a receiver that is away, and it misses none."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

from gateway.cli import webhook
from tests.integration.operations.receivers import Receiver, a_receiver
from tests.system.gateways import SITE, Gateway, until

HOOK = """
[[webhook]]
id = "till"
url = "{url}"
secret_file = "till.secret"
events = ["granted", "denied", "destroyed"]
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver beside the test, in a loop of its own."""
    made: list[Receiver] = []
    ready, end = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with a_receiver() as receiver:
            made.append(receiver)
            ready.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="receiver")
    thread.start()
    assert ready.wait(10)
    yield made[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(10)
    loop.close()


def test_commands_say_what_the_receiver_answers(
    make_gateway: Callable[..., Gateway], receiver: Receiver
) -> None:
    venue = make_gateway(site=SITE + HOOK.format(url=receiver.url))
    (venue.folder / "till.secret").write_text(CliRunner().invoke(webhook.secret).output)
    receiver.secret = (venue.folder / "till.secret").read_text().strip()
    receiver.statuses = [503, 204]

    def run_test(*arguments: str) -> str:
        return CliRunner().invoke(webhook.test, [*arguments, "--site", str(venue.site_file)]).output

    assert "till: HTTP 503 in" in run_test("till")
    assert run_test("till").startswith("till: HTTP 204 in")
    assert "found 'nobody', allowed: till" in run_test("nobody")


@pytest.mark.soak
def test_receiver_that_is_away_delays_no_scan_and_misses_nothing_over_a_kill(
    make_gateway: Callable[..., Gateway], receiver: Receiver
) -> None:
    gateway = make_gateway(site=SITE + HOOK.format(url=receiver.url))
    receiver.write_secret(gateway.folder / "till.secret")
    gateway.start().with_key()
    codes = gateway.sell(20)

    receiver.statuses = [503] * 1000
    for code in codes[:10]:
        assert gateway.decide(code) == "granted"
    until(lambda: len(receiver.ids) >= 2, what="an attempt in vain")
    assert "10 waiting since 20" in gateway.run("webhook", "list")
    gateway.kill()
    receiver.statuses = []
    gateway.start()
    for code in codes[10:]:
        assert gateway.decide(code) == "granted"
    assert gateway.decide("NEVER-SOLD") == "unknown_ticket"

    until(lambda: len({each["id"] for each in receiver.events}) == 21, what="the last call")
    assert [code for type_, code in receiver.told if type_ == "granted"] == codes
