// The camera's dialog: open, look, close; in words when the camera is refused.
import type { Camera } from "./camera";
import { need } from "./elements";

type Scanned = (text: string, symbology: string) => void;

/** Show what the camera sees until a code is found or the dialog is closed. */
export async function openViewfinder(place: HTMLElement, scanned: Scanned): Promise<void> {
  const dialog = need<HTMLDialogElement>(place, "dialog[data-viewfinder]");
  const trouble = need<HTMLElement>(dialog, "[data-trouble]");
  trouble.hidden = true;
  dialog.showModal();
  const { Camera } = await import("./camera");
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
