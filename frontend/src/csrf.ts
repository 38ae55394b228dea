/** The page's proof that a request comes from itself; the server binds it to the session. */
export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";
}
