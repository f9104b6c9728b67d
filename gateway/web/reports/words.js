// What the reports' page says. Titles of reports and columns come from the gateway.

import { dictionary } from "../common/language.js";

const WORDS = {
  en: {
    ask: "What is asked", columns: "Columns", "columns.note": "None chosen: the report’s own. Those of rows by something else are there only then.", report: "Report", period: "Period", "period.today": "Today", "period.yesterday": "Yesterday", "period.week": "7 days", "period.month": "This month", "period.before": "Last month", "period.year": "This year",
    from: "From", until: "Until (included)", show: "Show", clear: "Clear filters", print: "Print", sheet: "Spreadsheet", "from.to": "From {from} until {to}",
    "table.of": "{of}, as a table", nothing: "Nothing in this period.", "rows.shown": "{n} of {all} rows", "open.figure": "{of}: {figure}. Show what it counts", largest: "The largest: {of}",
    "filter.by": "Rows by", "by.default": "As usual", "by.day": "Day", "by.hour": "Hour", "by.product": "Product", "by.audience": "Audience", "by.reader": "Reader", "by.space": "Space",
    "filter.space": "Space", "filter.product": "Product", "filter.audience": "Audience", "filter.reader": "Reader", "filter.operator": "Operator", "filter.reason": "Reason", "filter.session": "Session", "filter.source": "Sold by",
    "filter.status": "Status", "filter.order": "Order", "filter.consumer": "Holder or payer", "filter.dates": "Period of", "filter.stamped": "Stamped", "filter.payment": "Payment", "filter.attention": "Attention", "filter.expected": "Expected", "filter.missing": "Missing",
    "audience.individual": "Individuals", "audience.group": "Groups", "status.active": "Active", "status.unpaid": "Not paid", "status.on_hold": "Option", "status.cancelled": "Cancelled", "status.replaced": "Replaced", "status.blocked": "Blocked",
    "payment.paid": "Paid", "payment.unpaid": "Not paid", "dates.activity": "the visit", "dates.order": "the order", "stamped.yes": "Yes", "stamped.no": "No", "attention.yes": "Yes", "attention.no": "No", "expected.yes": "Yes", "expected.no": "No", "missing.yes": "Yes", "missing.no": "No",
    "event.at": "When", "event.what": "What", "event.ticket": "Ticket", "event.where": "Where", "event.who": "Who", "event.persons": "Persons", "event.stamps": "Stamps",
    "event.passage": "Passed", "event.annulled": "Given back: nobody passed", "event.undo": "Stamp taken back", "event.destroy": "Destroyed", "event.count": "Counted by hand", "event.untracked": "Passed without a ticket",
    "opened.all": { one: "{n} event", other: "{n} events" }, "opened.some": { one: "The first event", other: "The first {n} events" }, "opened.none": "No event is there any more.",
    "door.sum": "Expected {expected} · come {come} · missing {missing}", "door.here": "Has come", "door.missing": "Missing", "door.note": "Note", "door.unpaid": "not paid", "door.attention": "attention",
  },
  fr: {
    ask: "Ce qu’on demande", columns: "Colonnes", "columns.note": "Aucune choisie : celles du rapport. Celles d’un autre regroupement n’existent qu’avec lui.", report: "Rapport", period: "Période", "period.today": "Aujourd’hui", "period.yesterday": "Hier", "period.week": "7 jours", "period.month": "Ce mois", "period.before": "Mois dernier", "period.year": "Cette année",
    from: "Du", until: "Au (inclus)", show: "Afficher", clear: "Sans filtre", print: "Imprimer", sheet: "Tableur", "from.to": "Du {from} au {to}",
    "table.of": "{of}, en tableau", nothing: "Rien dans cette période.", "rows.shown": "{n} lignes sur {all}", "open.figure": "{of} : {figure}. Voir ce qui est compté", largest: "Les plus grands : {of}",
    "filter.by": "Lignes par", "by.default": "Habituel", "by.day": "Jour", "by.hour": "Heure", "by.product": "Produit", "by.audience": "Public", "by.reader": "Composteur", "by.space": "Espace",
    "filter.space": "Espace", "filter.product": "Produit", "filter.audience": "Public", "filter.reader": "Composteur", "filter.operator": "Opérateur", "filter.reason": "Motif", "filter.session": "Séance", "filter.source": "Vendu par",
    "filter.status": "État", "filter.order": "Commande", "filter.consumer": "Titulaire ou payeur", "filter.dates": "Période", "filter.stamped": "Composté", "filter.payment": "Paiement", "filter.attention": "Attention", "filter.expected": "Attendu", "filter.missing": "Manquant",
    "audience.individual": "Individuels", "audience.group": "Groupes", "status.active": "Actif", "status.unpaid": "Non payé", "status.on_hold": "Option", "status.cancelled": "Annulé", "status.replaced": "Remplacé", "status.blocked": "Bloqué",
    "payment.paid": "Payé", "payment.unpaid": "Non payé", "dates.activity": "de la visite", "dates.order": "de la commande", "stamped.yes": "Oui", "stamped.no": "Non", "attention.yes": "Oui", "attention.no": "Non", "expected.yes": "Oui", "expected.no": "Non", "missing.yes": "Oui", "missing.no": "Non",
    "event.at": "Quand", "event.what": "Quoi", "event.ticket": "Billet", "event.where": "Où", "event.who": "Qui", "event.persons": "Personnes", "event.stamps": "Compostages",
    "event.passage": "Passé", "event.annulled": "Rendu : personne n’est passé", "event.undo": "Compostage repris", "event.destroy": "Détruit", "event.count": "Compté à la main", "event.untracked": "Passé sans billet",
    "opened.all": { one: "{n} événement", other: "{n} événements" }, "opened.some": { one: "Le premier événement", other: "Les {n} premiers événements" }, "opened.none": "Il n’y a plus d’événement.",
    "door.sum": "Attendus {expected} · venus {come} · manquants {missing}", "door.here": "Venu", "door.missing": "Manquant", "door.note": "Remarque", "door.unpaid": "non payé", "door.attention": "attention",
  },
};

export const word = dictionary(WORDS);
