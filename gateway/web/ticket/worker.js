// The service worker of a visitor's page. All tickets have the same page, so that one is kept; what
// stands on it, ticket/held.js keeps.

importScripts("/static/common/offline.js");

keepOffline({ kept: "composteur-ticket", page: "/t/-", isPage: (pathname) => pathname.startsWith("/t/") });
