// A keyboard wedge types a code faster than any hand and ends it with Enter. It is caught
// wherever the focus is: what it typed into a field is taken out again.
import { firstLine } from "./codes";

/** Two characters of one scan follow each other within this time; hands are slower. */
const BURST_GAP_MS = 45;
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
  let last = 0;
  let fast = true;
  let before: { field: Field; value: string } | null = null;
  let slow = 0;

  function begin(target: EventTarget | null): void {
    const field = editable(target);
    burst = "";
    fast = true;
    before = field && { field, value: field.value };
  }

  // A busy page may fire this timer between two characters of one scan. The burst is therefore
  // kept: when the next character's own time shows that it belongs to it, it goes on.
  function settle(): void {
    if (burst !== "" && before === null) ends.typed(burst);
  }

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const now = event.timeStamp;
      const gap = now - last;
      const closing = event.key === "Enter" || event.key === "Tab";
      if (closing && burst.length >= SHORTEST_SCAN && fast && gap <= BURST_GAP_MS * 2) {
        event.preventDefault();
        event.stopImmediatePropagation();
        window.clearTimeout(slow);
        if (before?.field.isConnected) before.field.value = before.value;
        const code = firstLine(burst);
        burst = "";
        ends.scanned(code);
        return;
      }
      if (event.key.length !== 1) return;
      // Space and Enter press a focused button: only a running burst may swallow them.
      if (gap > BURST_GAP_MS || burst === "") {
        if (event.key === " " && event.target instanceof HTMLElement && event.target !== document.body)
          return;
        begin(event.target);
      }
      burst += event.key;
      fast = fast && (burst.length === 1 || gap <= BURST_GAP_MS);
      last = now;
      window.clearTimeout(slow);
      slow = window.setTimeout(settle, BURST_GAP_MS * 2);
    },
    true,
  );
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
