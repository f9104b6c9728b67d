"""The site file: its models, its loading, and errors that say where they are."""

from config.loading import load, parse
from config.models import Controller, Equipment, Http, Identity, Site, Space, Stores
from config.problems import Problem, SiteFileError

__all__ = (
    "Controller",
    "Equipment",
    "Http",
    "Identity",
    "Problem",
    "Site",
    "SiteFileError",
    "Space",
    "Stores",
    "load",
    "parse",
)
