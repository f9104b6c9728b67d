// The figure that changes (RFC 6238 with SHA-1, as wallets have it), from the ticket's own secret.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// Browsers lend their cryptography to pages over HTTPS only; elsewhere the gateway is asked for each code.
export const canRotate = Boolean(globalThis.crypto?.subtle);

export const stepAt = (ms, { step_s }) => Math.floor(ms / (step_s * 1000));

// How far the step of an instant has come, 0 to 1.
export const shareAt = (ms, { step_s }) => (ms / (step_s * 1000)) % 1;

export async function codeAt(step, { prefix, secret, digits }) {
  const key = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const digest = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const number = digest.getUint32(digest.getUint8(19) & 15) & 0x7fffffff;
  return prefix + String(number % 10 ** digits).padStart(digits, "0");
}

// Base32 (RFC 4648) without padding.
function bytes(text) {
  const found = [];
  let held = 0;
  let bits = 0;
  for (const letter of text.replace(/=+$/, "")) {
    held = ((held << 5) | LETTERS.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      found.push((held >> bits) & 0xff);
    }
  }
  return new Uint8Array(found);
}
