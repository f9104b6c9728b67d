// The service worker of the handheld page. Scans do not come through here: scan/queue.js keeps those.

importScripts("/static/common/offline.js");

keepOffline({
  kept: "composteur-scan",
  page: "/scan",
  isPage: (pathname) => pathname === "/scan",
  later: ["scan/camera.js", "vendor/zxing-reader.js", "vendor/zxing-share.js", "vendor/zxing-reader.wasm"],
});
