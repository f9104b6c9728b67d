"""A venue as a drawing: spaces with their gates, and the boards these are wired to."""

from config.drawing.svg import as_svg
from config.drawing.text import as_text
from config.drawing.venue import Venue, venue_of

__all__ = ("Venue", "as_svg", "as_text", "venue_of")
