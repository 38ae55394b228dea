// Small things the station does with the page.

/** The element that must be there: a template that lost it is a bug, not a case. */
export function need<E extends Element>(root: ParentNode, selector: string): E {
  const found = root.querySelector<E>(selector);
  if (!found) throw new Error(`the scan station has no ${selector}`);
  return found;
}

/** The filled-in fields of a form, without the key that the page gave it. */
export function fieldsOf(form: HTMLFormElement): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value !== "string" || name === "idempotency_key") continue;
    if (value.trim() !== "") fields[name] = value.trim();
  }
  return fields;
}
