"""Options of a command as a wire's settings: what is wrong is said as of a site file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from config.wires import WireSettings


def checked[Settings: "WireSettings"](
    model: type[Settings], written: Mapping[str, Any]
) -> Settings:
    """Return the settings.

    Raises:
        click.ClickException: Some are wrong.
    """
    from pydantic import ValidationError

    from config.problems import of_validation

    try:
        return model.model_validate(dict(written))
    except ValidationError as error:
        told = [
            " ".join((".".join(map(str, each.location)), each.text)).strip()
            for each in of_validation(error, model)
        ]
        raise click.ClickException("\n".join(told)) from error
