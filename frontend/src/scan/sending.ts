// Sends scans one after the other. A scan that got no answer is sent again with the same key, so
// it counts once; the waiting ones survive a reload of the page.
import { csrfToken } from "../csrf";

export interface Scan {
  key: string;
  fields: Record<string, string>;
  /** Whether the fields are final: once sent, a scan never changes. */
  ready?: boolean;
}

export interface Answer {
  html: string;
  stale: boolean;
}

export interface SendingEnds {
  /** What else goes with a scan, asked just before it is sent the first time. */
  context(): Record<string, string>;
  answered(scan: Scan, answer: Answer): void;
  /** No answer yet; `again` counts the tries so far. */
  waiting(scan: Scan, again: number): void;
  /** The session or the page is too old: the scan is kept, the page must be loaded anew. */
  stale(): void;
  /** All tries are used up; the scan is kept until someone asks again. */
  gaveUp(scan: Scan): void;
}

const PAUSES_MS = [400, 800, 1_600, 3_200, 6_400, 10_000, 10_000];
/** More waiting scans than this are no hiccup of the network any more. */
export const MOST_WAITING = 50;
const PATIENCE_MS = 8_000;
const AWAY = new Set([408, 429, 500, 502, 503, 504]);
const STORE = "entrepot.scans";

function pause(ms: number): Promise<void> {
  return new Promise((done) => {
    window.setTimeout(done, ms);
    // Back on the network: no need to wait for the rest of the pause.
    window.addEventListener("online", () => done(), { once: true });
  });
}

export class Sending {
  private readonly queue: Scan[];
  private running = false;

  constructor(
    private readonly url: string,
    private readonly ends: SendingEnds,
  ) {
    this.queue = this.remembered();
  }

  get length(): number {
    return this.queue.length;
  }

  add(scan: Scan): void {
    this.queue.push(scan);
    this.remember();
    void this.run();
  }

  /** Forget what is waiting: it was scanned before its reader saw that something is wrong. */
  drop(): void {
    this.queue.length = 0;
    this.remember();
  }

  /** Go on with what is waiting, after a reload or after giving up. */
  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      for (let scan = this.queue[0]; scan; scan = this.queue[0]) {
        const answer = await this.deliver(scan);
        if (!answer) {
          this.ends.gaveUp(scan);
          return;
        }
        if (answer.stale) {
          this.ends.stale();
          return;
        }
        this.queue.shift();
        this.remember();
        this.ends.answered(scan, answer);
      }
    } finally {
      this.running = false;
    }
  }

  private async deliver(scan: Scan): Promise<Answer | null> {
    if (!scan.ready) {
      scan.fields = { ...this.ends.context(), ...scan.fields };
      scan.ready = true;
      this.remember();
    }
    for (let again = 0; again <= PAUSES_MS.length; again += 1) {
      const answer = await this.post(scan);
      if (answer) return answer;
      this.ends.waiting(scan, again + 1);
      await pause(PAUSES_MS[again] ?? 0);
    }
    return null;
  }

  private async post(scan: Scan): Promise<Answer | null> {
    try {
      const response = await fetch(this.url, {
        method: "POST",
        body: new URLSearchParams({ ...scan.fields, idempotency_key: scan.key }),
        headers: { "X-CSRF-Token": csrfToken(), "X-Page-Part": "answer" },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const html = await response.text();
      const refusal = response.headers.get("x-refusal") ?? "";
      const stale = response.status === 401 || refusal === "stale_page";
      // A page that is no answer of ours (a proxy's, a hotel's) is no answer at all.
      const ours = html.includes("data-tone=");
      return AWAY.has(response.status) || !(ours || stale) ? null : { html, stale };
    } catch {
      // No network or no answer in time: the caller tries again with the same key.
      return null;
    }
  }

  private remember(): void {
    sessionStorage.setItem(STORE, JSON.stringify(this.queue));
  }

  private remembered(): Scan[] {
    try {
      return JSON.parse(sessionStorage.getItem(STORE) ?? "[]") as Scan[];
    } catch {
      return [];
    }
  }
}
