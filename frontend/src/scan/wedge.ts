// A keyboard wedge types a code faster than any hand and ends it with Enter. It is caught
// wherever the focus is: what it typed into a field is taken out again.
import { firstLine } from "./codes";

/** A scanner's characters follow each other within this time on average; hands are slower. */
const SCANNER_PACE_MS = 60;
/** After such a pause something new begins. A busy page delays single characters, so it is long. */
const PAUSE_MS = 350;
/** Nothing for this long: if it was slow typing, it belongs into the code field. */
const SETTLE_MS = 120;
const SHORTEST_SCAN = 4;

type Field = HTMLInputElement | HTMLTextAreaElement;

function editable(target: EventTarget | null): Field | null {
  const field = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  return field ? (target as Field) : null;
}

export interface WedgeEnds {
  /** A whole code arrived. */
  scanned(code: string): void;
  /** Slow typing outside a field: the text so far belongs into the code field. */
  typed(text: string): void;
}

/** Listens to the whole document until the page goes. */
export function listen(ends: WedgeEnds): void {
  let burst = "";
  let first = 0;
  let last = Number.NEGATIVE_INFINITY;
  let before: { field: Field; value: string } | null = null;
  let settled = false;
  let timer = 0;

  function begin(target: EventTarget | null, now: number): void {
    const field = editable(target);
    burst = "";
    first = now;
    settled = false;
    before = field && { field, value: field.value };
  }

  // The burst is kept: when it was a scanner after all, its end still finds it whole.
  function settle(): void {
    if (burst === "" || before !== null || settled) return;
    settled = true;
    ends.typed(burst);
  }

  // Outside a field nothing but a code can be meant, so there the pace does not matter: a scanner
  // that stutters (a slow radio link) loses no character.
  function isScan(now: number): boolean {
    const pace = (last - first) / Math.max(1, burst.length - 1);
    const meant = before === null || pace <= SCANNER_PACE_MS;
    return burst.length >= SHORTEST_SCAN && meant && now - last <= PAUSE_MS;
  }

  function finish(event: KeyboardEvent): void {
    event.preventDefault();
    event.stopImmediatePropagation();
    window.clearTimeout(timer);
    if (before?.field.isConnected) before.field.value = before.value;
    const code = firstLine(burst);
    burst = "";
    ends.scanned(code);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    // The event's own time, not the time of its handling: a busy page handles late.
    const now = event.timeStamp;
    if (event.key === "Enter" || event.key === "Tab") {
      if (isScan(now)) finish(event);
      else burst = "";
      return;
    }
    if (event.key.length !== 1) return;
    if (burst === "" || now - last > PAUSE_MS) {
      // Space alone presses a focused button; only within a scan it is part of a code.
      if (event.key === " ") return;
      begin(event.target, now);
    }
    burst += event.key;
    last = now;
    window.clearTimeout(timer);
    timer = window.setTimeout(settle, SETTLE_MS);
  }

  document.addEventListener("keydown", onKey, true);
}

/** Paste anywhere is a scan too. */
export function listenToPaste(scanned: (code: string) => void, codeField: Field | null): void {
  document.addEventListener("paste", (event) => {
    const field = editable(event.target);
    if (field && field !== codeField) return;
    const code = firstLine(event.clipboardData?.getData("text") ?? "");
    if (code === "") return;
    event.preventDefault();
    scanned(code);
  });
}
