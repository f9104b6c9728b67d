// The camera: pictures are read on this device, by ZXing compiled to WebAssembly and served by the gateway.

import { html, useEffect, useRef, useSignal } from "../common/ui.js";
import { prepareZXingModule, readBarcodes } from "../vendor/zxing-reader.js";
import { word } from "./words.js";

const WIDE = 960;
const PAUSE_MS = 80;
const GONE_MS = 2000;
const OPTIONS = { formats: ["QRCode", "MicroQRCode", "Aztec", "DataMatrix", "PDF417", "Code128"], tryHarder: true, tryRotate: true, tryInvert: true, maxNumberOfSymbols: 1 };

prepareZXingModule({ overrides: { locateFile: () => new URL("../vendor/zxing-reader.wasm", import.meta.url).href } });

export function Camera({ read, failed }) {
  const video = useRef(null);
  const torch = useSignal(null);
  useEffect(() => {
    let over = false;
    let stream = null;
    const begin = async () => {
      if (!navigator.mediaDevices) return failed("camera.needs.https");
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } }, audio: false });
      } catch (problem) {
        return failed(problem.name === "NotAllowedError" ? "camera.forbidden" : "camera.none");
      }
      if (over) return stop(stream);
      const [track] = stream.getVideoTracks();
      if (track.getCapabilities?.().torch) torch.value = { track, on: false };
      video.current.srcObject = stream;
      await video.current.play();
      return watch(video.current, read, () => over);
    };
    begin();
    return () => {
      over = true;
      if (stream) stop(stream);
    };
  }, []);
  const light = async () => {
    const { track, on } = torch.value;
    await track.applyConstraints({ advanced: [{ torch: !on }] });
    torch.value = { track, on: !on };
  };
  return html`
    <div class="film">
      <video ref=${video} muted playsinline aria-label=${word("camera.picture")}></video>
      ${torch.value && html`<button type="button" class="small" aria-pressed=${String(torch.value.on)} onclick=${light}>${word("camera.torch")}</button>`}
    </div>
  `;
}

const stop = (stream) => stream.getTracks().forEach((track) => track.stop());

// Reads picture after picture; a code that stays in sight is told once, until it was gone for a while.
async function watch(video, read, over) {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let shown = null;
  let seen = 0;
  while (!over()) {
    if (video.videoWidth && document.visibilityState === "visible") {
      const scale = Math.min(1, WIDE / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const [found] = await readBarcodes(context.getImageData(0, 0, canvas.width, canvas.height), OPTIONS);
      const now = Date.now();
      if (found?.isValid && found.text) {
        if (found.text !== shown) read(found.text);
        shown = found.text;
        seen = now;
      } else if (now - seen > GONE_MS) shown = null;
    }
    await new Promise((go) => setTimeout(go, PAUSE_MS));
  }
}
