"""The errors of Composteur; a refusal at a gate is a decision and never one of these.

The docstring of a class is its default message; what a caller needs lies in typed attributes.

    ComposteurError
    ├── AlreadyRunning            another process serves this state folder
    ├── DatabaseUnavailable       the central database does not answer now
    ├── DatabaseValueError        the central database does not take a value
    ├── LastAdminKey              without it nobody could make keys
    ├── PseudonymKeyMissing       pseudonyms of this site are made with a key that is not here
    ├── SchemaRefused             the central database's schema is not one we can bring up to date
    ├── StoreFailed               a store could not be started, or will not do
    ├── StoreUnavailable          the entitlement store does not answer now, or is loading
    └── TicketInUse               somebody is inside with this ticket
"""

from pathlib import Path


class ComposteurError(Exception):
    """Composteur cannot go on."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().partition("\n")[0])


class AlreadyRunning(ComposteurError):
    """Another gateway already serves this state folder."""

    def __init__(self, state_dir: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The data of {state_dir} is in use by {holder}. "
            "Stop it first, or give this gateway a state_dir of its own."
        )
        self.state_dir = state_dir
        self.pid = pid


class StoreFailed(ComposteurError):
    """A store could not be started."""

    def __init__(self, store: str, problem: str, *, remedy: str = "", log: str = "") -> None:
        lines = [f"{store}: {problem}", log and f"The end of its log:\n{log}", remedy]
        super().__init__("\n".join(line for line in lines if line))
        self.store = store
        self.remedy = remedy
        self.log = log


class DatabaseUnavailable(ComposteurError):
    """The central database does not answer."""


class StoreUnavailable(ComposteurError):
    """The entitlement store does not answer, or is still loading."""


class DatabaseValueError(ComposteurError):
    """The central database does not take a value."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class LastAdminKey(ComposteurError):
    """The last admin key cannot be revoked: nobody could make another."""


class PseudonymKeyMissing(ComposteurError):
    """The key of this site's pseudonyms is not here."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"The key of this site's pseudonyms is not the one in {file}. Put it back, or, where "
            "it is lost, let it go with: composteur privacy destroy-key"
        )
        self.file = file


class TicketInUse(ComposteurError):
    """Somebody is inside with this ticket, or about to pass."""


class SchemaRefused(ComposteurError):
    """The schema of the central database cannot be brought up to date."""
