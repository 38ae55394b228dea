// Runs before the first paint: chooses light or dark from the reader's choice (cookie, written by
// the theme button) or from the device. A classic script without imports, so it can block.
const chosen = /(?:^|; )entrepot_theme=(light|dark)/.exec(document.cookie)?.[1];
const night = window.matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  document.documentElement.dataset["bsTheme"] = chosen ?? (night.matches ? "dark" : "light");
}

apply();
night.addEventListener("change", apply);
export {};
