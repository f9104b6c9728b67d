"""The command line: one file per command."""

import os
import sys
from collections.abc import Sequence

import click

from gateway.cli import (
    audit,
    backup,
    check,
    codes,
    demo,
    devices,
    forget,
    import_,
    init,
    key,
    privacy,
    qr,
    rebuild,
    report,
    serve,
    simulate,
    source,
    ticket,
    verify,
    webhook,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="composteur", message="%(version)s")
def commands() -> None:
    """Composteur stamps QR tickets at the gates of venues.

    `composteur demo` shows a museum with visitors; `composteur init museum` writes a site file to
    begin with, `composteur serve` runs it.
    """


for _module in (
    demo,
    init,
    check,
    serve,
    import_,
    ticket,
    key,
    codes,
    verify,
    audit,
    privacy,
    report,
    rebuild,
    forget,
    qr,
    simulate,
    devices,
    webhook,
    source,
    backup,
):
    commands.add_command(_module.command)
commands.add_command(backup.restore)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error is one clear line, and the exit status 0, 1 (failed) or 2 (usage)."""
    try:
        status = commands.main(
            list(arguments) if arguments is not None else None,
            prog_name="composteur",
            standalone_mode=False,
        )
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(1)
    except BrokenPipeError:
        _forget_output()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  # the last resort: a line, not a traceback
        from gateway.cli.failures import told

        click.echo(told(error), err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _forget_output() -> None:
    """Nobody reads it any more (`composteur … | head`): let Python's last flush not stumble."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
