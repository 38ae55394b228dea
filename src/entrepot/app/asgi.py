"""The ASGI app of one process: API, pages, the thin way for scans, counting around all."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from litestar import Litestar
from litestar.openapi import OpenAPIConfig

from entrepot import __version__
from entrepot.app.logs import configure_logs
from entrepot.app.wiring import House, open_house
from entrepot.platform.settings import Settings, read_settings

log = structlog.get_logger()
