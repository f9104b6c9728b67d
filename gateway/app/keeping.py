"""What is kept of visitors, and for how long: the purge, and what is handed out or erased."""

from functools import partial
from zoneinfo import ZoneInfo

from gateway.app.core import Core, site_now
from gateway.venue.privacy import Privacy
from gateway.venue.retention import KEY_FILE, Keeper, PseudonymKeys


def pseudonym_keys(core: Core) -> PseudonymKeys:
    """Return the key of the site's pseudonyms."""
    file = core.site.retention.key_file or core.site.stores.state_dir / KEY_FILE
    return PseudonymKeys(core.central, core.site.id, file)


def keeper_of(core: Core) -> Keeper:
    """Return who removes what is past its retention."""
    return Keeper(
        core.central,
        core.site.id,
        lambda: site_now(core).retention,
        pseudonym_keys(core),
        ZoneInfo(core.site.identity.timezone),
        on_removed=partial(tidied, core),
        lag_s=core.health.lag_s,
    )


async def tidied(core: Core) -> None:
    """Have the store keep nothing of what was removed."""
    row = await core.central.fetchrow("sites.read", core.site.id)
    if row is not None:
        await core.admin.rewrite(row["position"])


def privacy_of(core: Core) -> Privacy:
    """Return what there is about visitors."""
    return Privacy(core.central, core.admin, pseudonym_keys(core), core.store.now)
