"""docs/mqtt.md, done as it says: a gate by hand, and a broker with TLS, users and rights."""

import asyncio
import base64
import hashlib
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import trustme

from drivers.commands import Release, ShowDecision
from drivers.mqtt import MqttSettings
from drivers.mqtt.connection import Target, connected
from drivers.mqtt.packets import Filter, Message
from drivers.mqtt.simulator import SimulatedGate
from drivers.signals import CodeRead, GateEvent
from tests.integration.mqtt.brokers import Mosquitto, free_port
from tests.integration.mqtt.venue import GATE, QUICK, SITE, Venue, wall

DOCUMENT = (Path(__file__).parents[3] / "docs" / "mqtt.md").read_text()


def block(name: str) -> str:
    found = re.search(rf"^```{name}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert found is not None, name
    return found[1]


@asynccontextmanager
async def _shell(url: str, name: str, code: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a block as the reader would: in a shell of its own, with the preparations first."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-eu", "-c", block("sh prepare") + block(name)),
        env={**os.environ, "BROKER": url, "CODE": code},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def _type(url: str, name: str, code: str = "") -> None:
    async with _shell(url, name, code) as process:
        assert await process.wait() == 0


@pytest.mark.usefixtures("mosquitto_clients")
async def test_mosquitto_pub_and_sub_alone_are_a_gate(broker: Mosquitto) -> None:
    venue = Venue(broker.url)
    async with venue.running():
        await _type(broker.url, "sh online")
        await venue.until_up()
        async with _shell(broker.url, "sh obey") as gate:
            await venue.until(lambda: "cmd (QoS 1)" in broker.log)
            await _type(broker.url, "sh scan", "ABCDEF")
            await venue.until(lambda: bool(venue.told(CodeRead)))
            (read,) = venue.told(CodeRead)
            await venue.send(ShowDecision(read.id or "", {"decision": "granted"}))
            await venue.send(Release("entry", 500, 1, "1795341600250-0"))
            await venue.until(lambda: bool(venue.told(GateEvent)))
            assert gate.stdout is not None
            assert b'"do":"release"' in await gate.stdout.readline()
        await _type(broker.url, "sh offline")
        await venue.until_down()

    (passed,) = venue.told(GateEvent)
    assert (read.code, read.direction) == ("ABCDEF", "entry")
    assert (passed.type, passed.tx) == ("passed", "1795341600250-0")


# --- the broker for production


def _hashed(password: str) -> str:
    """Return what mosquitto_passwd writes."""
    salt = b"twelve bytes"
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


@pytest.fixture
def guarded(mosquitto_program: None, folder: Path) -> Iterator[Mosquitto]:
    """Give the broker of the document: its two files as they stand, but for paths and port."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.crt")
    certificate.cert_chain_pems[0].write_to_path(folder / "broker.crt")
    certificate.private_key_pem.write_to_path(folder / "broker.key")
    (folder / "composteur.acl").write_text(block("acl") + block("homeassistant-acl"))
    names = ("gateway", GATE, "north-2", "homeassistant")
    users = "\n".join(f"{name}:{_hashed(name)}" for name in names)
    (folder / "composteur.users").write_text(f"{users}\n")
    for file in folder.iterdir():
        file.chmod(0o644)
    port = free_port()
    settings = block("conf").replace("listener 8883", f"listener {port} 127.0.0.1")
    settings = settings.replace("/etc/mosquitto/certs", str(folder))
    settings = settings.replace("/etc/mosquitto", str(folder)).replace("persistence true", "")
    made = Mosquitto(folder, settings, port)
    made.start()
    yield made
    made.kill()


def _who(broker: Mosquitto, name: str) -> Target:
    """Be somebody: each one's password is their name."""
    url = f"mqtts://{name}:{name}@127.0.0.1:{broker.port}"
    return Target(url, tls_ca=broker.folder / "ca.crt")


async def test_a_gate_and_its_gateway_work_through_tls_and_rights(guarded: Mosquitto) -> None:
    target = _who(guarded, "gateway")
    venue = Venue(target.address)
    gate = SimulatedGate(
        "", SITE, GATE, wall=wall, dice=Random(1), habits=QUICK, target=_who(guarded, GATE)
    )
    async with venue.running(MqttSettings(tls_ca=target.tls_ca)), gate.running():
        await venue.until_up()
        visit = asyncio.create_task(gate.visit("ABC"))
        await venue.until(lambda: bool(venue.told(CodeRead)))
        await venue.send(Release("entry", 500, 1, "e1"))
        assert (await visit).outcome == "passed"


async def test_a_gate_may_neither_open_itself_nor_speak_or_hear_for_another(
    guarded: Mosquitto,
) -> None:
    """Seen from the other side, for a forbidden message is swallowed (trap: §3.2)."""
    heard: list[Message] = []
    rogue_heard: list[Message] = []
    everything = [Filter(f"composteur/v1/{SITE}/#", kept=True)]
    async with (
        connected(_who(guarded, "gateway"), "spy", None, heard.append) as gateway,
        connected(_who(guarded, "north-2"), "rogue", None, rogue_heard.append) as rogue,
    ):
        await gateway.subscribe(everything)
        await rogue.subscribe([Filter(f"composteur/v1/{SITE}/north-2/cmd")])
        for gate in (GATE, "north-2"):
            for leaf in ("status", "state", "scan", "event", "ack", "cmd", "decision"):
                rogue.publish(f"composteur/v1/{SITE}/{gate}/{leaf}", b"rogue")
        rogue.publish(f"composteur/v1/{SITE}/gateway/main/status", b"rogue")
        gateway.publish(f"composteur/v1/{SITE}/{GATE}/cmd", b"for north-1")
        gateway.publish(f"composteur/v1/{SITE}/north-2/cmd", b"for north-2")
        await rogue.subscribe([Filter(f"composteur/v1/{SITE}/{GATE}/decision")])
        await gateway.subscribe(everything)

    said = [
        message.topic.removeprefix(f"composteur/v1/{SITE}/")
        for message in heard
        if message.payload == b"rogue" and not message.kept
    ]
    assert said == [f"north-2/{leaf}" for leaf in ("status", "state", "scan", "event", "ack")]
    assert [message.payload for message in rogue_heard] == [b"for north-2"]


async def test_a_home_assistant_hears_what_it_is_shown_and_opens_nothing(
    guarded: Mosquitto,
) -> None:
    heard: list[Message] = []
    gates_heard: list[Message] = []
    shown = [f"composteur/v1/{SITE}/gateway/main/space/hall", f"homeassistant/device/{SITE}/config"]
    command = f"composteur/v1/{SITE}/{GATE}/cmd"
    async with (
        connected(_who(guarded, "gateway"), "gateway", None, lambda _: None) as gateway,
        connected(_who(guarded, GATE), "gate", None, gates_heard.append) as gate,
        connected(_who(guarded, "homeassistant"), "assistant", None, heard.append) as assistant,
    ):
        await gate.subscribe([Filter(command)])
        await assistant.subscribe([Filter("homeassistant/#"), Filter(f"{shown[0]}")])
        assistant.publish(command, b"open")
        assistant.publish(shown[0], b"wrong")
        for topic in shown:
            gateway.publish(topic, b"shown")
        for connection in (assistant, gateway, gate):
            await connection.subscribe([Filter("homeassistant/status")])
        await assistant.subscribe([Filter("homeassistant/#")])

    assert gates_heard == []
    assert [(message.topic, message.payload) for message in heard] == [
        (topic, b"shown") for topic in shown
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"address": "mqtts://gateway:wrong@127.0.0.1:{port}"},
        {"address": "mqtts://127.0.0.1:{port}"},
        {"address": "mqtt://gateway:gateway@127.0.0.1:{port}"},
        {"tls_ca": None},
    ],
)
async def test_who_does_not_belong_is_kept_out(
    guarded: Mosquitto, change: dict[str, str | None]
) -> None:
    keys = {k: v and v.format(port=guarded.port) for k, v in change.items()}
    target = replace(_who(guarded, "gateway"), **keys)  # type: ignore[arg-type]
    venue = Venue(target.address)
    async with venue.running(MqttSettings(tls_ca=target.tls_ca)):
        await venue.until_down()
        await asyncio.sleep(0.3)
        assert not venue.broker.up
