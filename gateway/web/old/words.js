// What the pages say, in English and French. A word is set by `data-word` in the HTML, or by `word()`.

const WORDS = {
  en: {
    dashboard: "Dashboard", handheld: "Scan", docs: "Interface", logout: "Log out", skip: "Skip to content",
    "login.title": "Log in", "login.key": "Your key", "login.enter": "Log in",
    "login.how": "No key yet? On the gateway's machine, type:",
    "login.shown": "The key is printed once. Paste it here; this browser stays logged in for 12 hours.",
    "login.bad": "This key is not known. Check that all of it was pasted.",
    "login.wait": "Too many attempts. Wait a minute, then try again.",
    "login.away": "The gateway does not answer. Try again in a moment.",
    ready: "Ready", notready: "Not deciding", degraded: "Limited", connecting: "Connecting…",
    stale: "No news from the gateway since {at}. Figures may be old.",
    database_unavailable: "central database away: stamps go on, reports wait",
    store_unavailable: "entitlement store away: entries are refused, exits open",
    "durability.everysec": "up to 2 s of stamps may be lost in a power cut",
    inside: "Inside now", "inside.of": "of {capacity}", persons: "persons", reserved: "{n} on their way in",
    open: "Open", closed: "Closed", locked: "Locked", free: "Free passage", evacuate: "EVACUATION", full: "Full",
    scans: "Last scans", none: "No scan yet.", skipped: "{n} more not shown", live: "live",
    refusals: "Refused today, by reason", "refusals.none": "Nobody has been refused today.",
    granted: "Granted", denied: "Refused", "granted.today": "granted today", "denied.today": "refused today",
    entry: "entry", exit: "exit", undone: "Undone", annulled: "Given back",
    "scan.code": "Ticket number", "scan.hint": "Scan, or type the number and press Enter",
    "scan.reader": "Reader", "scan.reader.hint": "id in the site file",
    "scan.direction": "Direction", "scan.in": "Entry", "scan.out": "Exit",
    "scan.persons": "Persons", "scan.persons.auto": "as the ticket says",
    "scan.stamp": "Stamp", "scan.check": "Look only", "scan.destroy": "Destroy this ticket…",
    "scan.undo": "Take the stamp back", "scan.recent": "At this station",
    "scan.wait": "Ready for a ticket", asking: "Asking…",
    "destroy.title": "Destroy this ticket for ever?", "destroy.text": "It can never be stamped again. This cannot be undone.",
    "destroy.reason": "Why (optional)", "destroy.yes": "Destroy", "destroy.no": "Keep it",
    destroyed: "Destroyed", taken_back: "Stamp taken back", valid: "Valid", noanswer: "No answer",
    "noanswer.text": "The gateway did not answer. Nobody knows yet whether it was stamped: scan the ticket again.",
    problem: "Not possible", attention: "Attention",
    product: "Product", ticket: "Ticket", holder: "Holder", stamps: "Stamps", first: "First stamp", last: "Last stamp",
    from: "Valid from", until: "Valid until", left: "Persons left", by: "at {reader}", "destroyed.at": "Destroyed",
    "stamps.of": "{made} of {allowed}", unlimited: "unlimited",
    "reason.malformed_code": "Not a ticket code", "reason.evacuation": "Evacuation",
    "reason.reader_out_of_service": "Reader out of service", "reason.lane_busy": "Lane busy",
    "reason.space_closed": "Closed", "reason.bad_signature": "Forged or damaged code",
    "reason.stale_code": "Code expired: refresh it", "reason.unknown_ticket": "Unknown ticket",
    "reason.destroyed": "Destroyed", "reason.cancelled": "Cancelled", "reason.blocked": "Blocked",
    "reason.on_hold": "On hold", "reason.unpaid": "Not paid", "reason.form_missing": "Form missing",
    "reason.wrong_space": "Not for this place", "reason.too_early": "Too early", "reason.too_late": "Too late",
    "reason.already_inside": "Already inside", "reason.not_inside": "Not inside", "reason.too_soon": "Too soon after the last",
    "reason.no_stamps_left": "Already used", "reason.daily_limit": "Daily limit reached",
    "reason.party_too_large": "Too many persons", "reason.space_full": "Full",
    "reason.store_unavailable": "Store does not answer",
    alarms: "Alarms", gates: "Gates and readers", "do.open": "Open once", "do.free": "Free", "do.normal": "Normal", "do.lock": "Lock",
    "do.test": "Test", "do.evacuate": "Evacuate…", "evacuate.title": "Evacuate {name}?",
    "evacuate.text": "All its gates open, nobody is let in any more. It ends when it is clear and acknowledged.",
    "evacuation.next": "Nobody is let in. Exits are open and go on counting.", "evacuation.clear": "It is clear",
    "evacuation.clear.title": "Has everybody left?", "evacuation.end": "Return to service…", "evacuation.end.title": "Return to service?",
    "evacuation.end.text": "Visitors are let in again: {names}.", "sure.no": "Cancel", since: "since {at}", battery: "battery",
    "link.down": "Not reached", normal: "normal", "state.idle": "Ready", "state.released": "Released", "state.passing": "Passing",
    "state.checking": "Bag check", "state.locked": "Locked", "state.free": "Free passage", "state.evacuation": "Evacuation", "state.fault": "Fault",
    "state.out_of_service": "Out of service", "state.open": "Open", "state.held": "Held open", "state.forced": "Forced", "state.unknown": "Unknown",
    "alarm.ack": "Acknowledge", "alarm.acked": "seen by {name}", "alarm.over": "over", "alarm.forced": "Forced", "alarm.held_open": "Held open",
    "alarm.held_warning": "Open for long", "alarm.tailgating": "Two for one", "alarm.wrong_way": "Wrong way",
    "alarm.unauthorized_passage": "Passage without a ticket", "alarm.release_failed": "Did not open", "alarm.lock_fault": "Lock fault",
    "alarm.fault": "Fault", "alarm.power": "Power failure", "alarm.battery_low": "Battery low", "alarm.link_down": "Not reached",
    "alarm.space_full": "Full", "alarm.evacuation": "Evacuation", "alarm.site_file": "Site file", link_down: "equipment that cannot be reached",
    site_file_refused: "site file with errors: the old one goes on", site_file_needs_restart: "site file changed: takes effect after a restart",
    mqtt_off: "no MQTT broker", store_loading: "tickets are loading", store_evicts: "the store may throw tickets away: set noeviction",
    stream_behind: "events are late in the database",
  },
  fr: {
    dashboard: "Tableau de bord", handheld: "Contrôle", docs: "Interface", logout: "Se déconnecter", skip: "Aller au contenu",
    "login.title": "Connexion", "login.key": "Votre clé", "login.enter": "Se connecter",
    "login.how": "Pas encore de clé ? Sur la machine de la passerelle, tapez :",
    "login.shown": "La clé ne s’affiche qu’une fois. Collez-la ici ; ce navigateur reste connecté 12 heures.",
    "login.bad": "Cette clé est inconnue. Vérifiez qu’elle est collée en entier.",
    "login.wait": "Trop d’essais. Attendez une minute, puis recommencez.",
    "login.away": "La passerelle ne répond pas. Réessayez dans un instant.",
    ready: "Prêt", notready: "Ne décide pas", degraded: "Limité", connecting: "Connexion…",
    stale: "Aucune nouvelle de la passerelle depuis {at}. Les chiffres peuvent être anciens.",
    database_unavailable: "base centrale absente : on composte, les rapports attendent",
    store_unavailable: "magasin des droits absent : entrées refusées, sorties ouvertes",
    "durability.everysec": "jusqu’à 2 s de compostages perdus en cas de coupure",
    inside: "Présents", "inside.of": "sur {capacity}", persons: "personnes", reserved: "{n} en train d’entrer",
    open: "Ouvert", closed: "Fermé", locked: "Verrouillé", free: "Passage libre", evacuate: "ÉVACUATION", full: "Complet",
    scans: "Derniers passages", none: "Aucun passage pour l’instant.", skipped: "{n} autres non affichés", live: "en direct",
    refusals: "Refus du jour, par motif", "refusals.none": "Personne n’a été refusé aujourd’hui.",
    granted: "Accepté", denied: "Refusé", "granted.today": "acceptés aujourd’hui", "denied.today": "refusés aujourd’hui",
    entry: "entrée", exit: "sortie", undone: "Annulé", annulled: "Rendu",
    "scan.code": "N° de billet", "scan.hint": "Scannez, ou tapez le numéro puis Entrée",
    "scan.reader": "Lecteur", "scan.reader.hint": "identifiant du fichier de site",
    "scan.direction": "Sens", "scan.in": "Entrée", "scan.out": "Sortie",
    "scan.persons": "Personnes", "scan.persons.auto": "selon le billet",
    "scan.stamp": "Composter", "scan.check": "Consulter", "scan.destroy": "Détruire ce billet…",
    "scan.undo": "Reprendre le compostage", "scan.recent": "À ce poste",
    "scan.wait": "Prêt pour un billet", asking: "Demande en cours…",
    "destroy.title": "Détruire ce billet pour toujours ?", "destroy.text": "Il ne pourra plus jamais être composté. C’est définitif.",
    "destroy.reason": "Motif (facultatif)", "destroy.yes": "Détruire", "destroy.no": "Le garder",
    destroyed: "Détruit", taken_back: "Compostage repris", valid: "Valable", noanswer: "Pas de réponse",
    "noanswer.text": "La passerelle n’a pas répondu. On ignore encore si le billet est composté : scannez-le à nouveau.",
    problem: "Impossible", attention: "Attention",
    product: "Produit", ticket: "Billet", holder: "Titulaire", stamps: "Compostages", first: "Premier compostage", last: "Dernier compostage",
    from: "Valable dès", until: "Valable jusqu’à", left: "Personnes restantes", by: "à {reader}", "destroyed.at": "Détruit le",
    "stamps.of": "{made} sur {allowed}", unlimited: "illimité",
    "reason.malformed_code": "Pas un code de billet", "reason.evacuation": "Évacuation",
    "reason.reader_out_of_service": "Lecteur hors service", "reason.lane_busy": "Couloir occupé",
    "reason.space_closed": "Fermé", "reason.bad_signature": "Code faux ou abîmé",
    "reason.stale_code": "Code périmé : à rafraîchir", "reason.unknown_ticket": "Billet inconnu",
    "reason.destroyed": "Détruit", "reason.cancelled": "Annulé", "reason.blocked": "Bloqué",
    "reason.on_hold": "En option", "reason.unpaid": "Non payé", "reason.form_missing": "Formulaire manquant",
    "reason.wrong_space": "Pas pour ce lieu", "reason.too_early": "Trop tôt", "reason.too_late": "Trop tard",
    "reason.already_inside": "Déjà à l’intérieur", "reason.not_inside": "Pas à l’intérieur", "reason.too_soon": "Trop tôt après le dernier",
    "reason.no_stamps_left": "Déjà utilisé", "reason.daily_limit": "Limite du jour atteinte",
    "reason.party_too_large": "Trop de personnes", "reason.space_full": "Complet",
    "reason.store_unavailable": "Le magasin ne répond pas",
    alarms: "Alarmes", gates: "Portillons et lecteurs", "do.open": "Ouvrir une fois", "do.free": "Libre", "do.normal": "Normal",
    "do.lock": "Verrouiller", "do.test": "Essai", "do.evacuate": "Évacuer…", "evacuate.title": "Évacuer {name} ?",
    "evacuate.text": "Tous ses accès s’ouvrent, plus personne n’entre. L’évacuation finit quand le lieu est vide et que c’est confirmé.",
    "evacuation.next": "Personne n’entre. Les sorties sont ouvertes et comptent toujours.", "evacuation.clear": "Le lieu est vide",
    "evacuation.clear.title": "Tout le monde est-il sorti ?", "evacuation.end": "Reprendre le service…",
    "evacuation.end.title": "Reprendre le service ?", "evacuation.end.text": "Les visiteurs entrent de nouveau : {names}.",
    "sure.no": "Ne rien faire", since: "depuis {at}", battery: "batterie", "link.down": "Injoignable", normal: "normal", "state.idle": "Prêt",
    "state.released": "Déverrouillé", "state.passing": "Passage", "state.checking": "Contrôle de sac", "state.locked": "Verrouillé",
    "state.free": "Passage libre", "state.evacuation": "Évacuation", "state.fault": "Panne", "state.out_of_service": "Hors service",
    "state.open": "Ouvert", "state.held": "Maintenu ouvert", "state.forced": "Forcé", "state.unknown": "Inconnu", "alarm.ack": "Acquitter",
    "alarm.acked": "vu par {name}", "alarm.over": "terminé", "alarm.forced": "Forcé", "alarm.held_open": "Maintenu ouvert",
    "alarm.held_warning": "Ouvert depuis longtemps", "alarm.tailgating": "Deux pour un", "alarm.wrong_way": "Sens interdit",
    "alarm.unauthorized_passage": "Passage sans billet", "alarm.release_failed": "N’a pas ouvert", "alarm.lock_fault": "Défaut de serrure",
    "alarm.fault": "Panne", "alarm.power": "Coupure de courant", "alarm.battery_low": "Batterie faible", "alarm.link_down": "Injoignable",
    "alarm.space_full": "Complet", "alarm.evacuation": "Évacuation", "alarm.site_file": "Fichier de site", link_down: "équipement injoignable",
    site_file_refused: "fichier de site erroné : l’ancien reste en vigueur",
    site_file_needs_restart: "fichier de site modifié : prendra effet au redémarrage", mqtt_off: "pas de courtier MQTT",
    store_loading: "chargement des billets", store_evicts: "le magasin pourrait jeter des billets : noeviction requis",
    stream_behind: "les événements arrivent en retard dans la base",
  },
};

const KEPT = "composteur.language";
let language = localStorage.getItem(KEPT) ?? navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in WORDS) ?? "en";
if (!(language in WORDS)) language = "en";

export const current = () => language;

export function word(name, facts = {}) {
  const text = WORDS[language][name] ?? WORDS.en[name] ?? name;
  return text.replace(/{(\w+)}/g, (_, key) => facts[key] ?? "");
}

export const reason = (code) => (`reason.${code}` in WORDS[language] ? word(`reason.${code}`) : code);

export function say(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = word(element.dataset.hint);
}

export function offerLanguages(container, changed) {
  for (const code of Object.keys(WORDS)) {
    const button = document.createElement("button");
    button.className = "small";
    button.textContent = code.toUpperCase();
    button.lang = code;
    button.title = code === "fr" ? "Français" : "English";
    button.setAttribute("aria-pressed", String(code === language));
    button.addEventListener("click", () => {
      language = code;
      localStorage.setItem(KEPT, code);
      for (const other of container.children) other.setAttribute("aria-pressed", String(other === button));
      say();
      changed();
    });
    container.append(button);
  }
}

export function time(text, { date = false, seconds = true } = {}) {
  if (!text) return "";
  // The gateway writes the venue's own clock: what stands before the offset is what people there read.
  const [day, clock] = text.split("T");
  const shown = clock.slice(0, seconds ? 8 : 5);
  if (!date) return shown;
  const [year, month, number] = day.split("-");
  return language === "fr" ? `${number}/${month}/${year} ${shown}` : `${year}-${month}-${number} ${shown}`;
}
