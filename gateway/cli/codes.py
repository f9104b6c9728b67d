"""`composteur codes …`: keys of signed and rotating codes; what a reader makes of a code."""

import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from gateway.cli.reference import canonical
from gateway.cli.site import OPERATOR, load_site, site_option, with_stores

if TYPE_CHECKING:
    from config import Site
    from gateway.app import Core
    from gateway.tickets.codes.keys import CodeKey
    from gateway.tickets.codes.reading import Reading

SIGNING = ("mac", "ed25519")
KINDS = (*SIGNING, "rotating")
MOMENT = click.DateTime(("%Y-%m-%dT%H:%M", "%Y-%m-%d"))
"""By the site's clock."""
kind_option = click.option(
    "--kind",
    type=click.Choice(KINDS),
    required=True,
    help="mac: only gateways check; ed25519: handhelds do, too; rotating: codes that change.",
)
label_option = click.option("--label", default="", help="For people: up to 60 characters.")


@click.group("codes")
def command() -> None:
    """Keys of signed and rotating codes; what a code says."""


@command.group("key")
def key() -> None:
    """Make, list, rotate, revoke and hand out keys of codes."""


@key.command("create")
@kind_option
@label_option
@site_option
def create(kind: str, label: str, site_path: Path) -> None:
    """Make a key: in use at once where it is the first of its kind, else at the next rotation."""
    from gateway.tickets.codes.keys import Kind

    site = load_site(site_path)
    _short(label)
    made = _change(site, "code_key_create", lambda core: core.code_desk.create(Kind(kind), label))
    click.echo(_line(made, _now(), ZoneInfo(site.identity.timezone)))


@key.command("list")
@site_option
def list_(site_path: Path) -> None:
    """List the keys and how far each has come; secrets are not shown."""
    site = load_site(site_path)
    zone = ZoneInfo(site.identity.timezone)
    for each in with_stores(site, lambda core: core.code_desk.list()):
        click.echo(_line(each, _now(), zone))


@key.command("rotate")
@kind_option
@label_option
@click.option(
    "--retire-after",
    "days",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Codes of the keys used until now hold for so many days more; else until revoked.",
)
@site_option
def rotate(kind: str, label: str, days: int | None, site_path: Path) -> None:
    """Make codes with another key from now on: the one created last, else a new one."""
    from gateway.tickets.codes.keys import Kind

    site = load_site(site_path)
    _short(label)
    until = None
    if days is not None:
        until = int((datetime.now(UTC) + timedelta(days=days)).timestamp() * 1000)
    made = _change(
        site, "code_key_rotate", lambda core: core.code_desk.rotate(Kind(kind), until, label)
    )
    click.echo(_line(made, _now(), ZoneInfo(site.identity.timezone)))


@key.command("revoke")
@click.argument("key_id", metavar="ID", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="Do not ask.")
@site_option
def revoke(key_id: int, site_path: Path, *, yes: bool) -> None:
    """Have no code of a key hold any more, within a second, for ever."""
    from gateway.venue.code_desk import NoSuchKey

    site = load_site(site_path)
    if not yes:
        click.confirm(f"No code made with key {key_id} will hold any more. Revoke it?", abort=True)
    try:
        ended = _change(site, "code_key_revoke", lambda core: core.code_desk.revoke(key_id))
    except NoSuchKey as error:
        raise click.ClickException(f"there is no key {key_id}") from error
    click.echo(_line(ended, _now(), ZoneInfo(site.identity.timezone)))


@key.command("export")
@click.option("--with-secrets", is_flag=True, help="What makes codes, too: for your own devices.")
@site_option
def export(site_path: Path, *, with_secrets: bool) -> None:
    """Print the keys that hold as JSON, for programs that check codes themselves."""
    import orjson

    site = load_site(site_path)
    keys = with_stores(site, lambda core: core.code_desk.list())
    told = [_exported(each, with_secrets=with_secrets) for each in keys if each.holds(_now())]
    click.echo(orjson.dumps({"keys": told}, option=orjson.OPT_INDENT_2).decode())


@command.command("sign")
@click.argument("references", metavar="FILE", type=click.File(encoding="utf-8"))
@click.option("--kind", type=click.Choice(SIGNING), required=True)
@click.option("--from", "starts", type=MOMENT, help="From when they hold; else open.")
@click.option("--until", type=MOMENT, help="Until when; else open.")
@site_option
def sign(
    references: Iterable[str],
    kind: str,
    starts: datetime | None,
    until: datetime | None,
    site_path: Path,
) -> None:
    """Print a signed code for each reference of FILE, a line each (-: the input)."""
    from gateway.tickets.codes import signed
    from gateway.tickets.codes.keys import Kind, maker

    site = load_site(site_path)
    zone = ZoneInfo(site.identity.timezone)
    keys = with_stores(site, lambda core: core.code_desk.list())
    key = maker(keys, Kind(kind), _now())
    if key is None:
        raise click.ClickException(f"there is no {kind} key in use: composteur codes key create")
    span = [
        None if each is None else int(each.replace(tzinfo=zone).timestamp())
        for each in (starts, until)
    ]
    for number, line in enumerate(references, 1):
        try:
            click.echo(signed.sign(key, signed.Claim(canonical(line), *span)))
        except ValueError as error:
            raise click.ClickException(f"line {number}: {error}") from error


@command.command("read")
@click.argument("code")
@site_option
def read(code: str, site_path: Path) -> None:
    """Say what a reader makes of a CODE now; exit status 1 where it refuses it."""
    site = load_site(site_path)
    reading = with_stores(site, lambda core: _reading(core, code))
    for line in _said(reading, ZoneInfo(site.identity.timezone)):
        click.echo(line)
    if reading.reference is None or reading.objection:
        sys.exit(1)


async def _reading(core: "Core", code: str) -> "Reading":
    codes = core.operations.codes
    codes.lay_out(core.site)
    await codes.look()
    return codes.read(code)


def _said(reading: "Reading", zone: ZoneInfo) -> list[str]:
    if reading.reference is None:
        return ["malformed: no ticket's code looks like this"]
    proof = {"b": "bad signature", "t": "stale code"}.get(reading.objection) or (
        "signed" if reading.signed else "plain: it proves nothing by itself"
    )
    lines = [f"reference  {reading.reference}", f"proof      {proof}"]
    if reading.fact is not None:
        what, value = reading.fact
        told = str(value) if what == "unknown_key" else _moment(value, zone)
        lines.append(f"because    {what.replace('_', ' ')} {told}")
    if reading.starts is not None or reading.until is not None:
        starts, until = (
            "open" if second is None else _moment(second * 1000, zone)
            for second in (reading.starts, reading.until)
        )
        lines.append(f"valid      {starts} to {until}")
    return lines


def _exported(each: "CodeKey", *, with_secrets: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"id": each.id, "kind": str(each.kind), "label": each.label}
    if each.public:
        told["public"] = each.public.hex()
    if with_secrets:
        told["secret"] = each.secret.hex()
    return told


def _line(each: "CodeKey", now: int, zone: ZoneInfo) -> str:
    state = each.state(now)
    at = {
        "created": each.created_at,
        "active": each.active_at,
        "retiring": each.retires_at,
        "retired": each.retires_at,
        "revoked": each.revoked_at,
    }[state]
    word = "until" if state == "retiring" else "since"
    told = f"{word} {_moment(at, zone)}" if at is not None else ""
    return f"{each.id:>5}  {each.kind:<9}{state:<9}{told:<23}  {each.label}".rstrip()


def _moment(ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, zone):%Y-%m-%d %H:%M}"


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def _short(label: str) -> None:
    if len(label) > 60:  # noqa: PLR2004  # as the database has it
        raise click.BadParameter("found more than 60 characters", param_hint="--label")


def _change(site: "Site", what: str, change: "Callable[[Core], Awaitable[CodeKey]]") -> "CodeKey":
    """Change a key, and have the audit say so."""

    async def run(core: "Core") -> "CodeKey":
        changed = await change(core)
        core.operations.acts.note(OPERATOR, what, str(changed.id), kind=str(changed.kind))
        await core.operations.acts.settled()
        return changed

    return with_stores(site, run)
