"""What a person at the terminal reads when a command fails."""

import os

from config import SiteFileError
from gateway.errors import ComposteurError

DEBUG = "COMPOSTEUR_DEBUG"


def told(error: BaseException) -> str:
    """Say what went wrong; what we did not foresee names itself, and its traceback on demand."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if os.environ.get(DEBUG):
        raise error
    match error:
        case SiteFileError():
            return str(error)
        case ComposteurError():
            return f"composteur: {error}"
        case OSError(strerror=str(said), filename=str(name)):
            return f"composteur: {name}: {said}"
        case _:
            pass
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"composteur: unexpected {text} ({DEBUG}=1 shows where)"
