// The scan station: one loop that waits for a code from anywhere and shows one answer.
import { comparable, firstLine, newKey } from "./scan/codes";
import { feel, wakeSpeaker, type Tone } from "./scan/feedback";
import { MOST_WAITING, Sending, type Scan } from "./scan/sending";
import { listen, listenToPaste } from "./scan/wedge";
import type { Camera } from "./scan/camera";

/** The same code again within this time is one scan: triggers bounce. */
const SWALLOW_MS = 2_000;

const station = document.querySelector<HTMLElement>("[data-station]");
if (station) start(station);

function start(place: HTMLElement): void {
  const form = need<HTMLFormElement>(place, "[data-scan-form]");
  const field = need<HTMLInputElement>(form, "input[name=code]");
  const answers = need<HTMLElement>(place, "[data-answers]");
  const status = need<HTMLElement>(place, "[data-status]");
  let lastCode = "";
  let lastAt = Number.NEGATIVE_INFINITY;

  const sending = new Sending(form.action, {
    context,
    answered: (scan, answer) => {
      say("");
      show(scan, answer.html);
    },
    waiting: (scan, again) => {
      const words = form.dataset["trying"] ?? "";
      say(words.replace("{code}", scan.fields["code"] ?? ""), "waiting");
      if (again === 1) feel("attention");
    },
    stale: () => window.location.reload(),
    gaveUp: unanswered,
  });

  /** No answer of ours came: that stays until it is acknowledged. */
  function unanswered(scan: Scan): void {
    say("");
    const kept = need<HTMLTemplateElement>(place, "template[data-gave-up]");
    answers.replaceChildren(kept.content.cloneNode(true));
    feel("stop");
    const code = answers.querySelector("[data-code]");
    if (code) code.textContent = scan.fields["code"] ?? "";
    place.dataset["tone"] = "stop";
    place.dataset["hold"] = "1";
  }

  function say(words: string, kind = ""): void {
    status.textContent = words;
    status.dataset["kind"] = kind;
  }

  function current(): HTMLElement | null {
    return answers.querySelector<HTMLElement>("[data-tone]");
  }

  function felt(): void {
    const tone = current()?.dataset["tone"] as Tone | undefined;
    if (tone) feel(tone);
    place.dataset["tone"] = tone ?? "";
    place.dataset["hold"] = current()?.dataset["hold"] ?? "";
    if (place.dataset["hold"]) sending.drop();
  }

  function show(scan: Scan, html: string): void {
    const parts = new DOMParser().parseFromString(html, "text/html");
    const answer = parts.querySelector("[data-tone]");
    const recent = parts.querySelector("#recent");
    if (answer) answers.replaceChildren(document.importNode(answer, true));
    if (recent) document.getElementById("recent")?.replaceWith(document.importNode(recent, true));
    form.dataset["parcel"] = current()?.dataset["awaits"] ?? "";
    lastCode = comparable(scan.fields["code"] ?? "");
    lastAt = performance.now();
    felt();
    window.htmx.process(answers);
  }

  /** One scan, from whichever source. */
  function scanned(text: string, symbology = ""): void {
    const code = firstLine(text);
    field.value = "";
    if (code === "") return;
    if (place.dataset["hold"]) {
      feel("stop");
      answers.querySelector<HTMLElement>("[data-acknowledge]")?.focus();
      answers.firstElementChild?.classList.add("is-insisting");
      return;
    }
    const now = performance.now();
    if (comparable(code) === lastCode && now - lastAt < SWALLOW_MS) {
      say(form.dataset["swallowed"] ?? "", "swallowed");
      return;
    }
    if (sending.length >= MOST_WAITING) {
      feel("stop");
      say(form.dataset["full"] ?? "", "waiting");
      return;
    }
    lastCode = comparable(code);
    lastAt = now;
    const words = form.dataset["reading"] ?? "";
    say(words.replace("{code}", code), "reading");
    saveMeasures();
    sending.add({ key: newKey(), fields: { code, symbology } });
  }

  /** What the answer on the screen waits for goes with the next scan. */
  function context(): Record<string, string> {
    const fields: Record<string, string> = { warehouse: form.dataset["warehouse"] ?? "" };
    const parcel = form.dataset["parcel"];
    if (parcel) fields["parcel_id"] = parcel;
    return fields;
  }

  /** Weight and size that stand in the fields are kept before the next scan is sent. */
  function saveMeasures(): void {
    const form = answers.querySelector<HTMLFormElement>("form[data-measures]");
    const given = form?.querySelectorAll<HTMLInputElement>("input[inputmode=numeric]") ?? [];
    if (!form || ![...given].some((input) => input.value.trim() !== "")) return;
    sending.add({ key: newKey(), fields: fieldsOf(form), ready: true });
    form.reset();
  }

  function fieldsOf(form: HTMLFormElement): Record<string, string> {
    const fields: Record<string, string> = {};
    for (const [name, value] of new FormData(form)) {
      if (typeof value !== "string" || name === "idempotency_key") continue;
      if (value.trim() !== "") fields[name] = value.trim();
    }
    return fields;
  }

  listen({
    scanned,
    typed: (text) => {
      openTyping(field);
      field.value += text;
    },
  });
  listenToPaste(scanned, field);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    scanned(field.value);
  });
  place.addEventListener("click", act);
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, wakeSpeaker, { capture: true });
  }

  function act(event: Event): void {
    const target = event.target as Element;
    if (target.closest("a[data-acknowledge]")) event.preventDefault();
    if (target.closest("[data-acknowledge]")) acknowledge();
    if (target.closest("[data-again]")) {
      acknowledge();
      void sending.run();
    }
    if (target.closest("[data-type]")) openTyping(field);
    const choice = target.closest<HTMLButtonElement>("button[data-answer]");
    if (choice) decide(choice);
    const sound = target.closest<HTMLElement>("[data-hear]")?.dataset["hear"];
    if (sound) feel(sound as Tone);
    if (target.closest("[data-camera]")) void openCamera(place, scanned);
  }

  function acknowledge(): void {
    place.dataset["hold"] = "";
    place.dataset["tone"] = "";
    const idle = need<HTMLTemplateElement>(place, "template[data-idle]");
    answers.replaceChildren(idle.content.cloneNode(true));
    form.dataset["parcel"] = "";
    lastCode = "";
  }

  /** The answer to a question ("another piece?") is the same scan, with one field more. */
  function decide(choice: HTMLButtonElement): void {
    const asked = choice.closest("form");
    if (!asked) return;
    const fields = { ...fieldsOf(asked), [choice.name]: choice.value };
    place.dataset["hold"] = "";
    sending.add({ key: newKey(), fields, ready: true });
  }

  answers.addEventListener("submit", (event) => {
    const asked = event.target as HTMLFormElement;
    event.preventDefault();
    if (asked.dataset["measures"] !== undefined) saveMeasures();
    if (asked.dataset["asks"] !== undefined) {
      sending.add({ key: newKey(), fields: fieldsOf(asked), ready: true });
    }
  });

  window.addEventListener("offline", () => say(form.dataset["offline"] ?? "", "waiting"));
  window.addEventListener("online", () => say("", ""));
  // Open for readers without scripts; here the scanner is the first choice.
  const typing = field.closest("details");
  if (typing) typing.open = false;
  place.dataset["hold"] = current()?.dataset["hold"] ?? "";
  if (sending.length > 0) void sending.run();
}

function need<E extends Element>(root: ParentNode, selector: string): E {
  const found = root.querySelector<E>(selector);
  if (!found) throw new Error(`the scan station has no ${selector}`);
  return found;
}

function openTyping(field: HTMLInputElement): void {
  const box = field.closest("details");
  if (box) box.open = true;
  field.focus();
}

async function openCamera(place: HTMLElement, scanned: (text: string, symbology: string) => void) {
  const dialog = need<HTMLDialogElement>(place, "dialog[data-viewfinder]");
  const trouble = need<HTMLElement>(dialog, "[data-trouble]");
  trouble.hidden = true;
  dialog.showModal();
  const { Camera } = await import("./scan/camera");
  const camera: Camera = new Camera(need(dialog, "video"), (text, symbology) => {
    dialog.close();
    scanned(text, symbology);
  });
  dialog.addEventListener("close", () => camera.close(), { once: true });
  const lamp = need<HTMLButtonElement>(dialog, "[data-lamp]");
  lamp.onclick = async () => {
    const on = lamp.getAttribute("aria-pressed") !== "true";
    if (await camera.lamp(on)) lamp.setAttribute("aria-pressed", String(on));
  };
  try {
    await camera.open();
  } catch {
    // Refused, missing or in use: say so in words; typing and the wedge go on working.
    trouble.hidden = false;
  }
}
