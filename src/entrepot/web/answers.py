"""Pages as answers: rendered in the reader's language, under a strict content policy."""

from collections import defaultdict
from collections.abc import Sequence

from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType

from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import Refusal
from entrepot.web.deps import Site
from entrepot.web.refusals import InWords, in_words
from entrepot.web.rendering import render
from entrepot.web.visits import Visit

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing foreign and nothing inline. `wasm-unsafe-eval` lets the camera's decoder run; it does
not allow eval of scripts. Tabler draws its ticks with data: images."""

HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}


def page(
    visit: Visit,
    template: str,
    *,
    deps: Site,
    refusal: Refusal | None = None,
    told_by: InWords = in_words,
    status: int | None = None,
    cookies: Sequence[Cookie] = (),
    **context: object,
) -> Response[str]:
    """A rendered page or part. `given` and `errors` are fields of a form: absent is empty.

    Templates find a refusal in the words of `told_by`; the page has its status unless one is
    given.
    """
    for name in ("given", "errors"):
        fields = context.get(name)
        if isinstance(fields, dict):
            context[name] = defaultdict(str, fields)
    text = render(
        template,
        visit.language,
        visit=visit,
        assets=deps.assets,
        now=deps.clock(),
        new_key=new_token,
        refusal=told_by(visit, refusal) if refusal else None,
        **context,
    )
    return Response(
        text,
        status_code=status or (refusal.status if refusal else 200),
        media_type=MediaType.HTML,
        headers=HEADERS,
        cookies=[*visit.cookies, *cookies],
    )


def see_other(visit: Visit, url: str, *, cookies: Sequence[Cookie] = ()) -> Response[str]:
    """Go and look there: the answer to a form that was done."""
    return Response(
        "",
        status_code=303,
        headers={"location": url, "cache-control": "no-store"},
        media_type=MediaType.HTML,
        cookies=[*visit.cookies, *cookies],
    )
