// A code as a QR symbol: level M, dark on white in both themes, since readers expect no other.

import { correction, generate } from "../vendor/lean-qr.js";
import { html } from "../common/ui.js";

const QUIET = 4;

export function Symbol({ code, says }) {
  const drawn = generate(code, { minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M });
  const side = drawn.size + 2 * QUIET;
  return html`
    <svg class="symbol" viewBox=${`0 0 ${side} ${side}`} role="img" aria-label=${says} shape-rendering="crispEdges" data-code=${code}>
      <rect width=${side} height=${side} fill="#fff" />
      <path d=${bars(drawn)} fill="#000" />
    </svg>
  `;
}

function bars(drawn) {
  const found = [];
  for (let y = 0; y < drawn.size; y += 1) {
    for (let x = 0; x < drawn.size; x += 1) {
      let wide = 0;
      while (x + wide < drawn.size && drawn.get(x + wide, y)) wide += 1;
      if (wide) found.push(`M${x + QUIET} ${y + QUIET}h${wide}v1h-${wide}z`);
      x += wide;
    }
  }
  return found.join("");
}
