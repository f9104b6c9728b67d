// Runs before the page is drawn, as no module can: the theme and the language chosen last time hold
// from the first frame on. (A script of its own because the policy allows none inside the page.)

(() => {
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // storage is forbidden: as the browser says
    }
  };
  const theme = kept("composteur.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  const language = kept("composteur.language") ?? navigator.language.slice(0, 2);
  document.documentElement.lang = language === "fr" ? "fr" : "en";
})();
