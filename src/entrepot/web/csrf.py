"""Proof that a form comes from our own page: a token bound to a secret cookie.

The cookie is HttpOnly; the token is its keyed hash, so a page of another site can neither read
nor compute it. Before log-in a cookie of the visit stands in for the session's.
"""

import hashlib
import hmac

from entrepot.kernel.refusals import Forbidden

FIELD = "csrf_token"
HEADER = "x-csrf-token"


def token_for(cookie: str) -> str:
    """The token that pages of this cookie carry."""
    return hmac.new(cookie.encode(), b"entrepot page form", hashlib.sha256).hexdigest()


def check(*, cookie: str | None, offered: str | None, fetch_site: str | None) -> None:
    """Refuse a write that another site may have caused.

    `fetch_site` is the browser's Sec-Fetch-Site header; absent in old browsers, where the token
    alone decides. Raises Forbidden.
    """
    if fetch_site not in (None, "same-origin", "none"):
        raise Forbidden("the form was sent from another site", code="foreign_form")
    if not cookie or not offered or not hmac.compare_digest(token_for(cookie), offered):
        raise Forbidden("the page is too old: load it again", code="stale_page")
