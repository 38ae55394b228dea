// Every page: style, htmx with server-sent events, and the few things a browser must do itself.
import "@tabler/core/dist/css/tabler.css";
import "./styles/ground.css";
import "./styles/frame.css";
import "./styles/pieces.css";
import "./styles/lists.css";
import "./styles/facts.css";
import "./styles/station.css";
import "./styles/station-lists.css";
import "./styles/motion.css";
import "./styles/cards.css";
import "./styles/prices.css";
import "./styles/consolidations.css";
import "./styles/catalog.css";
import "./styles/work.css";
import "./htmx-global";
import "htmx-ext-sse";
import { csrfToken } from "./csrf";

const SAY_FOR_MS = 4_000;

/** Say something to everybody: a short notice that a screen reader speaks too. */
function say(text: string): void {
  const place = document.getElementById("notices");
  if (!place) return;
  place.textContent = text;
  window.setTimeout(() => {
    if (place.textContent === text) place.textContent = "";
  }, SAY_FOR_MS);
}

async function copy(button: HTMLElement): Promise<void> {
  const source = document.getElementById(button.dataset["copy"] ?? "");
  const text = source?.innerText.trim() ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard: mark the text, so one key copies it.
    if (source) window.getSelection()?.selectAllChildren(source);
    say(button.dataset["marked"] ?? "");
    return;
  }
  button.classList.add("is-copied");
  say(button.dataset["copied"] ?? "");
  window.setTimeout(() => button.classList.remove("is-copied"), SAY_FOR_MS);
}

// On a phone the bars of pages scroll: the page one is on must be seen in them.
for (const here of document.querySelectorAll(":is(.rooms, .tabs) [aria-current]")) {
  here.scrollIntoView({ block: "nearest", inline: "center" });
}

// A refused code stays in its field to be read; the next scan takes its place.
document.querySelector<HTMLInputElement>(".work input[autofocus]")?.select();

function switchTheme(): void {
  const root = document.documentElement;
  const next = root.dataset["bsTheme"] === "dark" ? "light" : "dark";
  root.dataset["bsTheme"] = next;
  document.cookie = `entrepot_theme=${next}; path=/; max-age=31536000; samesite=lax`;
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const copier = target?.closest<HTMLElement>("[data-copy]");
  if (copier) void copy(copier);
  if (target?.closest("[data-theme-switch]")) switchTheme();
  for (const open of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!open.contains(target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector<HTMLDetailsElement>("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary")?.focus();
});

// A form is sent once: a second tap while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset["sent"]) event.preventDefault();
  form.dataset["sent"] = "1";
  form.querySelector("button[type=submit]")?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) {
    delete form.dataset["sent"];
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

document.addEventListener("htmx:configRequest", (event) => {
  const detail = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
  detail.headers["X-CSRF-Token"] = csrfToken();
});

// A live part that changed is shown softly, and said.
document.addEventListener("htmx:sseMessage", (event) => {
  const live = event.target as HTMLElement;
  live.classList.add("is-fresh");
  window.setTimeout(() => live.classList.remove("is-fresh"), SAY_FOR_MS);
});

// A live part never takes away what one is typing, nor folds what one has unfolded to read.
const unfolded = new WeakMap<Element, Set<string>>();

function keysOf(part: Element): [HTMLDetailsElement, string][] {
  const seen = new Map<string, number>();
  return [...part.querySelectorAll<HTMLDetailsElement>("details:not(.menu)")].map((fold) => {
    const text = fold.querySelector("summary")?.textContent?.trim() ?? "";
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    return [fold, `${text} ${times}`];
  });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = (event as CustomEvent<{ target: Element; shouldSwap: boolean }>).detail;
  if (!detail.target.closest("[sse-connect]")) return;
  const typing = document.activeElement?.matches("input, select, textarea");
  if (typing && detail.target.contains(document.activeElement)) {
    detail.shouldSwap = false;
    return;
  }
  const open = keysOf(detail.target).filter(([fold]) => fold.open).map(([, key]) => key);
  unfolded.set(detail.target, new Set(open));
});

document.addEventListener("htmx:afterSwap", (event) => {
  const { target } = (event as CustomEvent<{ target: Element }>).detail;
  const open = unfolded.get(target);
  for (const [fold, key] of keysOf(target)) if (open?.has(key)) fold.open = true;
});
