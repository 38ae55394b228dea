"""Health, readiness and metrics, and the outermost layer that counts and logs requests."""

import time
from typing import Any

import structlog
from litestar import Response, get
from litestar.types import ASGIApp, Message, Receive, Send
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from entrepot.api.deps import DatabaseOf
from entrepot.api.guard import request_id
from entrepot.kernel.principals import Operator
from entrepot.platform import queue

log = structlog.get_logger()

_PROBE = Operator(name="probe")

REQUESTS = Counter("entrepot_requests_total", "Answers", ["method", "route", "status"])
SECONDS = Histogram(
    "entrepot_request_seconds",
    "Time to the answer",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
CONNECTIONS = Gauge("entrepot_database_connections", "Open database connections")
JOBS_WAITING = Gauge("entrepot_jobs_waiting", "Tokens in the queue")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Named in the figures; any word may be a method, and each label is kept for ever."""
JOBS_DEAD = Gauge("entrepot_jobs_dead", "Dead letters in the queue")


@get("/healthz", tags=["operation"], security=[])
async def get_health() -> dict[str, str]:
    """Whether this process answers at all."""
    return {"status": "ok"}


@get("/readyz", tags=["operation"], security=[])
async def get_ready(db: DatabaseOf) -> dict[str, str]:
    """Whether requests can be served: the control database answers. Else 503."""
    async with db.control(_PROBE) as tx:
        await queue.count_jobs(tx)
    return {"status": "ready"}


@get("/metrics", tags=["operation"], include_in_schema=False)
async def get_metrics(db: DatabaseOf) -> Response[bytes]:
    """Figures for Prometheus; no names, no ids."""
    async with db.control(_PROBE) as tx:
        state = await queue.count_jobs(tx)
    JOBS_WAITING.set(state.waiting)
    JOBS_DEAD.set(state.dead)
    CONNECTIONS.set(db.pools.open_connections)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


WATCH_ROUTES = [get_health, get_ready, get_metrics]


def counted(app: ASGIApp) -> ASGIApp:
    """Count, time and log every request; the outermost layer."""

    async def outer(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        scope.setdefault("state", {})
        try:
            await app(scope, receive, sending)
        finally:
            _note(scope, status, time.perf_counter() - began)

    return outer


def _note(scope: Any, status: int, seconds: float) -> None:
    route = str(scope.get("path_template") or "unknown")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, status).inc()
    SECONDS.labels(route).observe(seconds)
    if status >= 500:
        log.error("request.failed", route=route, status=status, trace_id=request_id(scope))
