// What the handheld page says.

import { dictionary } from "../common/language.js";

const WORDS = {
  en: {
    "ready.for": "Ready", "ready.hint": "Scan a ticket, show it to the camera, or type its number.", asking: "Asking…", valid: "Valid", attention: "Attention", problem: "Not possible",
    noanswer: "No answer", "noanswer.unbound": "The gateway does not answer. Nobody knows yet whether it was stamped: scan the ticket again. A key bound to a reader could go on alone.",
    offline: "decided without the gateway", "offline.kept": "Kept on this device; it goes up as soon as the gateway is back.", "offline.here": "As far as this device knows.",
    unsure: "Not known here", "unsure.not.listed": "Not on the list this device carries: sold since, or not for here. Look at the ticket, and decide.", "unsure.why": "This device cannot judge it alone. Look at the ticket, and decide.", "judge.in": "Let in", "judge.out": "Refuse",
    destroyed: "Destroyed", "taken.back": "Stamp taken back",
    "reach.yes": "Connected", "reach.no": "No connection", "reach.no.note": "Scans are decided here, kept, and uploaded when the gateway is back.", "reach.unbound": "This key is bound to no reader: without the gateway nothing can be decided here.",
    queue: { one: "{n} scan waits, {age} old", other: "{n} scans wait, the oldest {age}" }, "queue.none": "nothing waits", "queue.trouble": "The upload was refused:",
    carried: { one: "list: {n} ticket, {age} old", other: "list: {n} tickets, {age} old" }, "carried.none": "no list",
    conflicts: { one: "{n} scan needs a look", other: "{n} scans need a look" }, "conflict.let.in": "let in here, but: {why} (first {at}, {reader})", "conflict.not.taken": "could not be taken: {why}", "conflict.seen": "Seen",
    code: "Ticket number", "code.hint": "scan or type", "camera.on": "Camera", "camera.off": "Camera off", "camera.picture": "What the camera sees", "camera.torch": "Light",
    "camera.needs.https": "A browser shows its camera only to pages over HTTPS: set tls_cert, or put a proxy before the gateway.", "camera.forbidden": "The camera is forbidden to this page: allow it in the browser's settings.", "camera.none": "No camera can be used.", "camera.not.loaded": "The reader of pictures could not be loaded.",
    settings: "This station", reader: "Reader", "reader.hint": "id in the site file", "reader.choose": "Choose…", "no.reader": "Which reader?", "no.reader.choose": "This key is bound to no reader: choose below where you stand, and the scan goes on.", direction: "Direction", "persons.next": "Persons, next scan", "persons.auto": "as the ticket says", automatic: "Stamp at once", sound: "Sound",
    "act.stamp": "Stamp", "act.look": "Look only", "act.again": "Ask again", "act.undo": "Take the stamp back", "act.destroy": "Destroy…", "act.next": "Next",
    "destroy.title": "Destroy this ticket for ever?", "destroy.text": "It can never be stamped again.", "destroy.yes": "Destroy for ever", "destroy.no": "Keep it",
    recent: "At this station", "ticket.code": "Number", "ticket.product": "Product", "ticket.holder": "Holder", "ticket.destroyed": "Destroyed", "ticket.persons": "Persons", "ticket.persons.left": "{left} of {n} may still enter",
    "ticket.stamps": "Stamps", "ticket.stamps.of": "{n} of {allowed}", "ticket.stamps.unlimited": "{n}, no limit", "ticket.first": "First stamp", "ticket.last": "Last stamp", "ticket.window": "Valid", "ticket.open": "without limit",
  },
  fr: {
    "ready.for": "Prêt", "ready.hint": "Scannez un billet, montrez-le à la caméra, ou tapez son numéro.", asking: "Demande en cours…", valid: "Valable", attention: "Attention", problem: "Impossible",
    noanswer: "Pas de réponse", "noanswer.unbound": "La passerelle ne répond pas. On ignore encore si le billet est composté : scannez-le à nouveau. Une clé liée à un lecteur pourrait continuer seule.",
    offline: "décidé sans la passerelle", "offline.kept": "Gardé sur cet appareil ; envoyé dès que la passerelle revient.", "offline.here": "D’après ce que sait cet appareil.",
    unsure: "Inconnu ici", "unsure.not.listed": "Pas sur la liste de cet appareil : vendu depuis, ou pas pour ici. Regardez le billet et décidez.", "unsure.why": "Cet appareil ne peut pas en juger seul. Regardez le billet et décidez.", "judge.in": "Laisser entrer", "judge.out": "Refuser",
    destroyed: "Détruit", "taken.back": "Compostage repris",
    "reach.yes": "Connecté", "reach.no": "Pas de connexion", "reach.no.note": "On décide ici ; c’est gardé, et envoyé au retour de la passerelle.", "reach.unbound": "Cette clé n’est liée à aucun lecteur : sans la passerelle, rien ne peut être décidé ici.",
    queue: { one: "{n} passage à envoyer, vieux de {age}", other: "{n} passages à envoyer, le plus vieux {age}" }, "queue.none": "rien à envoyer", "queue.trouble": "L’envoi a été refusé :",
    carried: { one: "liste : {n} billet, il y a {age}", other: "liste : {n} billets, il y a {age}" }, "carried.none": "pas de liste",
    conflicts: { one: "{n} passage à regarder", other: "{n} passages à regarder" }, "conflict.let.in": "admis ici, mais : {why} (d’abord {at}, {reader})", "conflict.not.taken": "n’a pas pu être pris : {why}", "conflict.seen": "Vu",
    code: "N° de billet", "code.hint": "scannez ou tapez", "camera.on": "Caméra", "camera.off": "Éteindre", "camera.picture": "Ce que voit la caméra", "camera.torch": "Lampe",
    "camera.needs.https": "Un navigateur ne donne sa caméra qu’aux pages en HTTPS : réglez tls_cert, ou placez un proxy devant la passerelle.", "camera.forbidden": "La caméra est interdite à cette page : autorisez-la dans les réglages du navigateur.", "camera.none": "Aucune caméra utilisable.", "camera.not.loaded": "Le lecteur d’images n’a pas pu être chargé.",
    settings: "Ce poste", reader: "Lecteur", "reader.hint": "identifiant du fichier de site", "reader.choose": "Choisir…", "no.reader": "Quel lecteur ?", "no.reader.choose": "Cette clé n’est liée à aucun lecteur : choisissez plus bas où vous êtes, et le passage continue.", direction: "Sens", "persons.next": "Personnes, prochain billet", "persons.auto": "selon le billet", automatic: "Composter aussitôt", sound: "Son",
    "act.stamp": "Composter", "act.look": "Consulter", "act.again": "Redemander", "act.undo": "Reprendre le compostage", "act.destroy": "Détruire…", "act.next": "Suivant",
    "destroy.title": "Détruire ce billet pour toujours ?", "destroy.text": "Il ne pourra plus jamais être composté.", "destroy.yes": "Détruire pour toujours", "destroy.no": "Le garder",
    recent: "À ce poste", "ticket.code": "Numéro", "ticket.product": "Produit", "ticket.holder": "Titulaire", "ticket.destroyed": "Détruit le", "ticket.persons": "Personnes", "ticket.persons.left": "{left} sur {n} peuvent encore entrer",
    "ticket.stamps": "Compostages", "ticket.stamps.of": "{n} sur {allowed}", "ticket.stamps.unlimited": "{n}, sans limite", "ticket.first": "Premier compostage", "ticket.last": "Dernier compostage", "ticket.window": "Valable", "ticket.open": "sans limite",
  },
};

export const word = dictionary(WORDS);
