// The words of a visitor's page.

export const WORDS = {
  en: {
    "ticket.none": "This address belongs to no ticket. Ask whoever sold it for a new one.", "ticket.asking": "The ticket is being fetched…",
    "gone.destroyed": "This ticket was destroyed: it lets nobody in any more.", "gone.cancelled": "This ticket was cancelled.", "gone.replaced": "This ticket was replaced by another one.", "gone.blocked": "This ticket is blocked. Ask at the entrance.",
    valid: "Valid", persons: "Persons", stamps: "Stamped", "stamps.of": "{made} of {n}", number: "Number",
    "code.says": "The code of this ticket, to be held before a reader", turn: "Until the code changes", "turn.why": "The code changes by itself: a picture of it lets nobody in.",
    kept: "No network: the code goes on changing, and holds.", "kept.stale": "No network: this code is the last one that was fetched.",
    language: "Language",
  },
  fr: {
    "ticket.none": "Cette adresse n’est celle d’aucun billet. Demandez-en une autre à votre vendeur.", "ticket.asking": "Le billet arrive…",
    "gone.destroyed": "Ce billet a été détruit : il ne fait plus entrer personne.", "gone.cancelled": "Ce billet a été annulé.", "gone.replaced": "Ce billet a été remplacé par un autre.", "gone.blocked": "Ce billet est bloqué. Adressez-vous à l’entrée.",
    valid: "Valable", persons: "Personnes", stamps: "Composté", "stamps.of": "{made} sur {n}", number: "Numéro",
    "code.says": "Le code de ce billet, à présenter au lecteur", turn: "Avant que le code change", "turn.why": "Le code change tout seul : une photo ne fait entrer personne.",
    kept: "Pas de réseau : le code continue de changer et reste valable.", "kept.stale": "Pas de réseau : ce code est le dernier reçu.",
    language: "Langue",
  },
};
