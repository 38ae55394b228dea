"""What a reader sees when a page cannot be: the refusal in words, or a way to the log-in."""

from collections.abc import Callable
from urllib.parse import urlencode

import structlog
from litestar import Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException

from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import KINDS, Refusal, Unauthenticated
from entrepot.web.answers import page
from entrepot.web.deps import Site
from entrepot.web.entering import OUR_HOUSE, visit_of
from entrepot.web.visits import PageRequest, Visit, begin_visit

log = structlog.get_logger()

PART_HEADERS = ("x-page-part", "hx-request")
Handler = Callable[[PageRequest, Exception], Response[str]]


class Broken(Refusal):
    """A bug of ours, as a reader sees it."""

    default_code = "our_mistake"


def as_refusal(error: Exception) -> Refusal:
    """Whatever was raised, as a refusal: the framework's own answers by their status."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException):
        kind = KINDS.get(error.status_code)
        if kind is not None:
            return kind(error.detail)
        if error.status_code < 500:
            return KINDS[404](error.detail, code=f"http_{error.status_code}")
    return Broken("unexpected")


def problem_handler(site: Site) -> Handler:
    """The exception handler of the page routers."""

    def show(request: PageRequest, error: Exception) -> Response[str]:
        refusal = as_refusal(error)
        trace_id = ""
        if isinstance(refusal, Broken):
            trace_id = new_token(6)
            log.error("page.broke", trace_id=trace_id, path=request.url.path, exc_info=error)
        visit = visit_of(request) or begin_visit(request, OUR_HOUSE, None)
        part = any(request.headers.get(name) for name in PART_HEADERS)
        template = "problem_part.html" if part else "problem.html"
        if request.headers.get("x-page-part") == "answer":
            template = "staff/refused.html"
        if isinstance(refusal, Unauthenticated) and not part and request.method == "GET":
            return _to_log_in(request, visit)
        answer = page(
            visit,
            template,
            deps=site,
            refusal=refusal,
            trace_id=trace_id,
        )
        answer.headers["x-refusal"] = refusal.code
        if isinstance(refusal, Unauthenticated) and request.headers.get("hx-request"):
            answer.headers["hx-redirect"] = f"{visit.base}/log-in"
        if refusal.retry_after_s is not None:
            answer.headers["retry-after"] = str(refusal.retry_after_s)
        return answer

    return show


def _to_log_in(request: PageRequest, visit: Visit) -> Response[str]:
    """Log in first, then go on where one wanted to go."""
    if visit.house_of.tenant is None:
        return Response("", status_code=303, headers={"location": "/"}, media_type=MediaType.HTML)
    query = request.scope["query_string"].decode("ascii", "replace")
    wanted = request.url.path + (f"?{query}" if query else "")
    return Response(
        "",
        status_code=303,
        headers={"location": f"{visit.base}/log-in?{urlencode({'next': wanted})}"},
        media_type=MediaType.HTML,
        cookies=list(visit.cookies),
    )
