// Codes that prove themselves (gateway/tickets/codes/signed.py), checked on the device: of Ed25519 it
// holds the public half only, so that nobody makes tickets with a lost telephone.

const SIGNED = /^C1:([A-Z2-7]{13,26})([0-9A-Z $%*+\-./:]+)$/;
const ROTATING = /^C2:([A-Z2-7]{13,26})\.[0-9]{8}$/;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const TAIL = 110; // characters of base45 after the reference: a claim of 9 bytes, a signature of 64
const MAC = /[0-9A-F]{18}$/;
const MAC_DIGITS = 18;
const MAC_TAIL = 14 + MAC_DIGITS; // the claim by itself in base45, and the MAC
const CLAIM_BYTES = 9;
const CONTEXT = "composteur-code1";
const EPOCH_S = 1735689600; // 2025-01-01T00:00:00Z
const OPEN = 0xffffff;

// Returns { reference, verdict, starts, until }, or null for a code that is neither signed nor rotating.
// verdict: good | bad | open (nobody can tell here). keys: [{ id, public }], in base64.
export async function prove(text, keys) {
  const rotating = ROTATING.exec(text);
  if (rotating) return { reference: rotating[1], verdict: "open" };
  if (!text.startsWith("C1:")) return null;
  const length = [TAIL, MAC_TAIL].find((each) => text.length >= 3 + 13 + each && text.length <= 3 + 26 + each);
  const parts = length && SIGNED.exec(text);
  if (!parts) return { reference: null, verdict: "bad" };
  const reference = text.slice(3, -length);
  const data = length === TAIL ? decoded(text.slice(-TAIL)) : MAC.test(text) && decoded(text.slice(-MAC_TAIL, -MAC_DIGITS));
  if (!data || !/^[A-Z2-7]+$/.test(reference) || data[0] !== 0) return { reference: null, verdict: "bad" };
  if (length === MAC_TAIL) return { reference, verdict: "open" };
  const id = (data[1] << 8) | data[2];
  const key = keys.find((each) => each.id === id);
  if (!key || !crypto.subtle) return { reference, verdict: "open" };
  const good = await vouches(key, reference, data).catch(() => null);
  if (good === null) return { reference, verdict: "open" }; // this browser has no Ed25519
  const [starts, until] = [3, 6].map((place) => (data[place] << 16) | (data[place + 1] << 8) | data[place + 2]);
  return {
    reference,
    verdict: good ? "good" : "bad",
    starts: starts ? EPOCH_S + starts * 60 : null,
    until: until === OPEN ? null : EPOCH_S + until * 60 + 59,
  };
}

async function vouches({ public: half }, reference, data) {
  const key = await crypto.subtle.importKey("raw", Uint8Array.from(atob(half), (each) => each.charCodeAt(0)), "Ed25519", false, ["verify"]);
  const said = new TextEncoder().encode(CONTEXT + reference);
  const vouched = new Uint8Array(said.length + CLAIM_BYTES);
  vouched.set(said);
  vouched.set(data.subarray(0, CLAIM_BYTES), said.length);
  return crypto.subtle.verify("Ed25519", key, data.subarray(CLAIM_BYTES), vouched);
}

// Base45 (RFC 9285); null for what is none.
function decoded(text) {
  if (text.length % 3 === 1) return null;
  const found = [];
  for (let place = 0; place < text.length; place += 3) {
    const digits = [...text.slice(place, place + 3)].map((each) => DIGITS.indexOf(each));
    const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    const most = digits.length === 3 ? 0xffff : 0xff;
    if (digits.includes(-1) || value > most) return null;
    if (digits.length === 3) found.push(value >> 8);
    found.push(value & 0xff);
  }
  return new Uint8Array(found);
}
