"""The page and API server process."""

from granian import Granian
from granian.constants import Interfaces

from entrepot.platform.settings import Settings


def serve(settings: Settings, *, host: str = "127.0.0.1", workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT; an open event stream is cut after three seconds.

    Granian takes uvloop where it is installed, and asyncio's own loop elsewhere.
    """
    Granian(
        "entrepot.app.asgi:create",
        address=host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=workers,
        factory=True,
        workers_kill_timeout=3,
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]
        respawn_failed_workers=True,
        respawn_interval=0.5,
        backlog=2048,
    ).serve()
