// htmx as the pages use it: no eval (the content security policy forbids it), no styles of its
// own, nothing of a page kept in the browser's storage. The extension looks for window.htmx.
import htmx from "htmx.org";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
htmx.config.timeout = 15_000;
window.htmx = htmx;

export { htmx };
