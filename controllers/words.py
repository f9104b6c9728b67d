"""What a display says while nobody shows a ticket, in English, French, German and Spanish.

Short, for two lines of sixteen characters. What it says to a ticket comes from elsewhere.
"""

from enum import StrEnum
from typing import Final


class Standing(StrEnum):
    """How a gate stands, as a display shows it."""

    IDLE = "idle"
    FREE = "free"
    CHECK = "check"
    FULL = "full"
    CLOSED = "closed"
    LOCKED = "locked"
    OUT_OF_SERVICE = "out_of_service"
    EVACUATION = "evacuation"


STANDING: Final[dict[str, dict[Standing, str]]] = {
    "en": {
        Standing.IDLE: "Please show your ticket",
        Standing.FREE: "Please pass",
        Standing.CHECK: "Bag check: please wait",
        Standing.FULL: "Full: please wait",
        Standing.CLOSED: "Closed",
        Standing.LOCKED: "No passage here",
        Standing.OUT_OF_SERVICE: "Out of service",
        Standing.EVACUATION: "Leave the building",
    },
    "fr": {
        Standing.IDLE: "Présentez votre billet",
        Standing.FREE: "Passez",
        Standing.CHECK: "Contrôle du sac : patientez",
        Standing.FULL: "Complet : patientez",
        Standing.CLOSED: "Fermé",
        Standing.LOCKED: "Passage fermé",
        Standing.OUT_OF_SERVICE: "Hors service",
        Standing.EVACUATION: "Évacuez le bâtiment",
    },
    "de": {
        Standing.IDLE: "Bitte Ticket zeigen",
        Standing.FREE: "Bitte durchgehen",
        Standing.CHECK: "Taschenkontrolle: bitte warten",
        Standing.FULL: "Voll: bitte warten",
        Standing.CLOSED: "Geschlossen",
        Standing.LOCKED: "Kein Durchgang",
        Standing.OUT_OF_SERVICE: "Außer Betrieb",
        Standing.EVACUATION: "Bitte Gebäude verlassen",
    },
    "es": {
        Standing.IDLE: "Muestre su entrada",
        Standing.FREE: "Pase, por favor",
        Standing.CHECK: "Control de bolsos: espere",
        Standing.FULL: "Completo: espere",
        Standing.CLOSED: "Cerrado",
        Standing.LOCKED: "Paso cerrado",
        Standing.OUT_OF_SERVICE: "Fuera de servicio",
        Standing.EVACUATION: "Evacúe el edificio",
    },
}
