// The canonical reference of a code, as gateway/tickets/codes/reference.py has it; both pass tests/vectors/codes.json.

const OURS = /^[A-Z2-7]{13,26}$/;
const MAY_BE_OURS = /^[A-Za-z0-8 -]{13,}$/;
// Unicode's White_Space and the byte order mark; GS (U+001D) stays.
const OUTER = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+|[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+$/gu;
const BAD = /[\p{Cc}\p{Cs}]/u;
const AS_TYPED = { " ": "", "-": "", 0: "O", 1: "I", 8: "B" };

// Returns null for a malformed code.
export function canonical(text) {
  if (OURS.test(text)) return text;
  const plain = text.normalize("NFC").replace(OUTER, "");
  if (!plain || BAD.test(plain.replaceAll("\u001d", ""))) return null;
  if (MAY_BE_OURS.test(plain)) {
    const typed = plain.toUpperCase().replace(/[ \-018]/g, (each) => AS_TYPED[each]);
    if (OURS.test(typed)) return typed;
  }
  return plain;
}
