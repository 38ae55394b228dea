// What a scanner, a paste or a finger delivered, made comparable.

export const LONGEST_CODE = 200;

/** The code without blanks and invisible characters, in capitals; full-width forms made narrow. */
export function comparable(code: string): string {
  return code
    .normalize("NFKC")
    .replace(/[\s\u00AD\u200B-\u200F\u2060\uFEFF-]/g, "")
    .toUpperCase();
}

/** The first line of what was delivered, or an empty text when there is no code in it. */
export function firstLine(text: string): string {
  const line = text.split(/[\r\n\t]/).find((part) => part.trim() !== "") ?? "";
  return line.trim().slice(0, LONGEST_CODE);
}

/** A key for one scan: sent again with the same key after a lost answer, it counts once. */
export function newKey(): string {
  // randomUUID exists only in secure contexts; a warehouse may use plain http on its own network.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
