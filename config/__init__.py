"""The site file: its models, its loading, and errors that say where they are."""

from config.keeping import Retention
from config.loading import Examined, examine, examine_text, load, parse
from config.models import Channel, Controller, Equipment, Http, Identity, Site, Space, Stores
from config.problems import Problem, SiteFileError
from config.sources import Source
from config.webhooks import Webhook
from config.wires import ChannelRange, Wires, WireSettings

__all__ = (
    "Channel",
    "ChannelRange",
    "Controller",
    "Equipment",
    "Examined",
    "Http",
    "Identity",
    "Problem",
    "Retention",
    "Site",
    "SiteFileError",
    "Source",
    "Space",
    "Stores",
    "Webhook",
    "WireSettings",
    "Wires",
    "examine",
    "examine_text",
    "load",
    "parse",
)
