// The scan station: one loop that waits for a code from anywhere and shows one answer.
import { comparable, firstLine, newKey } from "./codes";
import { fieldsOf, need } from "./elements";
import { feel, wakeSpeaker, type Tone } from "./feedback";
import { MOST_WAITING, Sending, type Scan } from "./sending";
import { openViewfinder } from "./viewfinder";
import { listen, listenToPaste } from "./wedge";

/** The same code again within this time is one scan: triggers bounce. */
const SWALLOW_MS = 2_000;

export class Station {
  private readonly form: HTMLFormElement;
  private readonly field: HTMLInputElement;
  private readonly answers: HTMLElement;
  private readonly status: HTMLElement;
  private readonly sending: Sending;
  private lastCode = "";
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly place: HTMLElement) {
    this.form = need(place, "[data-scan-form]");
    this.field = need(this.form, "input[name=code]");
    this.answers = need(place, "[data-answers]");
    this.status = need(place, "[data-status]");
    this.sending = new Sending(this.form.action, {
      context: () => this.context(),
      answered: (scan, answer) => this.show(scan, answer.html),
      waiting: (scan, again) => this.wait(scan, again),
      stale: () => window.location.reload(),
      gaveUp: (scan) => this.giveUp(scan),
    });
  }

  /** Begin to wait for scans, and send what an earlier load of this page left waiting. */
  open(): void {
    listen({ scanned: (code) => this.scanned(code), typed: (text) => this.typed(text) });
    listenToPaste((code) => this.scanned(code), this.field);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.scanned(this.field.value);
    });
    this.place.addEventListener("click", (event) => this.act(event));
    this.answers.addEventListener("submit", (event) => this.submitted(event));
    for (const kind of ["pointerdown", "keydown"]) {
      document.addEventListener(kind, wakeSpeaker, { capture: true });
    }
    window.addEventListener("offline", () => this.say(this.words("offline"), "waiting"));
    window.addEventListener("online", () => this.say(""));
    // Open for readers without scripts; here the scanner is the first choice.
    const typing = this.field.closest("details");
    if (typing) typing.open = false;
    this.place.dataset["hold"] = this.current()?.dataset["hold"] ?? "";
    if (this.sending.length > 0) void this.sending.run();
  }

  /** One scan, from whichever source. */
  private scanned(text: string, symbology = ""): void {
    const code = firstLine(text);
    this.field.value = "";
    if (code === "") return;
    if (this.place.dataset["hold"]) {
      this.insist();
      return;
    }
    const now = performance.now();
    if (comparable(code) === this.lastCode && now - this.lastAt < SWALLOW_MS) {
      this.say(this.words("swallowed"), "swallowed");
      return;
    }
    if (this.sending.length >= MOST_WAITING) {
      feel("stop");
      this.say(this.words("full"), "waiting");
      return;
    }
    this.lastCode = comparable(code);
    this.lastAt = now;
    this.say(this.words("reading", code), "reading");
    this.saveMeasures();
    this.sending.add({ key: newKey(), fields: { code, symbology } });
  }

  private typed(text: string): void {
    this.openTyping();
    this.field.value += text;
  }

  private show(scan: Scan, html: string): void {
    this.say("");
    const parts = new DOMParser().parseFromString(html, "text/html");
    const answer = parts.querySelector("[data-tone]");
    const recent = parts.querySelector("#recent");
    if (answer) this.answers.replaceChildren(document.importNode(answer, true));
    if (recent) document.getElementById("recent")?.replaceWith(document.importNode(recent, true));
    this.form.dataset["parcel"] = this.current()?.dataset["awaits"] ?? "";
    this.lastCode = comparable(scan.fields["code"] ?? "");
    this.lastAt = performance.now();
    const tone = this.current()?.dataset["tone"] as Tone | undefined;
    if (tone) feel(tone);
    this.mark(tone ?? "", this.current()?.dataset["hold"] ?? "");
    // What was scanned before its reader saw that something is wrong is forgotten.
    if (this.place.dataset["hold"]) this.sending.drop();
  }

  private wait(scan: Scan, again: number): void {
    this.say(this.words("trying", scan.fields["code"]), "waiting");
    if (again === 1) feel("attention");
  }

  /** No answer of ours came: that stays until it is acknowledged. */
  private giveUp(scan: Scan): void {
    this.say("");
    const kept = need<HTMLTemplateElement>(this.place, "template[data-gave-up]");
    this.answers.replaceChildren(kept.content.cloneNode(true));
    const code = this.answers.querySelector("[data-code]");
    if (code) code.textContent = scan.fields["code"] ?? "";
    feel("stop");
    this.mark("stop", "1");
  }

  /** A scan while a problem waits: the problem says so again. */
  private insist(): void {
    feel("stop");
    this.answers.querySelector<HTMLElement>("[data-acknowledge], [data-answer]")?.focus();
    const card = this.answers.firstElementChild;
    card?.classList.remove("is-insisting");
    requestAnimationFrame(() => card?.classList.add("is-insisting"));
  }

  private act(event: Event): void {
    const target = event.target as Element;
    const acknowledged = target.closest("[data-acknowledge]");
    if (acknowledged instanceof HTMLAnchorElement) event.preventDefault();
    if (acknowledged) this.acknowledge();
    if (target.closest("[data-again]")) void this.sending.run();
    if (target.closest("[data-type]")) this.openTyping();
    const choice = target.closest<HTMLButtonElement>("button[data-answer]");
    if (choice?.form) this.answer(choice.form, { [choice.name]: choice.value });
    const sound = target.closest<HTMLElement>("[data-hear]")?.dataset["hear"];
    if (sound) feel(sound as Tone);
    if (target.closest("[data-camera]")) {
      void openViewfinder(this.place, (code, symbology) => this.scanned(code, symbology));
    }
  }

  private submitted(event: SubmitEvent): void {
    const asked = event.target as HTMLFormElement;
    event.preventDefault();
    if (asked.dataset["measures"] !== undefined) this.saveMeasures();
    if (asked.dataset["asks"] !== undefined) this.answer(asked, {});
  }

  /** The answer to a question of the card is the same scan, with one field more; once. */
  private answer(asked: HTMLFormElement, chosen: Record<string, string>): void {
    if (asked.inert) return;
    asked.inert = true;
    this.place.dataset["hold"] = "";
    this.sending.add({ key: newKey(), fields: { ...fieldsOf(asked), ...chosen }, ready: true });
  }

  /** Weight and size that stand in the fields are kept before the next scan is sent. */
  private saveMeasures(): void {
    const measures = this.answers.querySelector<HTMLFormElement>("form[data-measures]");
    const given = measures?.querySelectorAll<HTMLInputElement>("input[inputmode=numeric]") ?? [];
    if (!measures || ![...given].some((input) => input.value.trim() !== "")) return;
    this.sending.add({ key: newKey(), fields: fieldsOf(measures), ready: true });
    measures.reset();
  }

  private acknowledge(): void {
    const idle = need<HTMLTemplateElement>(this.place, "template[data-idle]");
    this.answers.replaceChildren(idle.content.cloneNode(true));
    this.form.dataset["parcel"] = "";
    this.lastCode = "";
    this.mark("", "");
  }

  /** What the answer on the screen waits for goes with the next scan. */
  private context(): Record<string, string> {
    const fields: Record<string, string> = { warehouse: this.form.dataset["warehouse"] ?? "" };
    const parcel = this.form.dataset["parcel"];
    if (parcel) fields["parcel_id"] = parcel;
    return fields;
  }

  private current(): HTMLElement | null {
    return this.answers.querySelector<HTMLElement>("[data-tone]");
  }

  private mark(tone: string, hold: string): void {
    this.place.dataset["tone"] = tone;
    this.place.dataset["hold"] = hold;
  }

  private say(words: string, kind = ""): void {
    this.status.textContent = words;
    this.status.dataset["kind"] = kind;
  }

  private words(name: string, code = ""): string {
    return (this.form.dataset[name] ?? "").replace("{code}", code);
  }

  private openTyping(): void {
    const box = this.field.closest("details");
    if (box) box.open = true;
    this.field.focus();
  }
}
