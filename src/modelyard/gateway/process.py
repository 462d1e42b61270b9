"""The gateway's process: listen, follow the routing file, say where it is, drain on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from modelyard.gateway.access_log import AccessLog
from modelyard.gateway.authorization import Authorizer, bearer
from modelyard.gateway.router import Router
from modelyard.gateway.routing import RoutingFile
from modelyard.gateway.settings import GatewaySettings
from modelyard.kit.files import write_json_atomically
from modelyard.kit.http_message import Request, Response, error_response
from modelyard.kit.http_server import HttpLimits, HttpServer
from modelyard.kit.process import process_start
from modelyard.kit.version import VERSION

log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 5.0


class Gateway:
    """Everything a gateway holds, apart from the signals of its process."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.authorizer = Authorizer(settings.home)
        self.access_log = AccessLog(settings.home / "logs" / "access.log") if settings.access_log else None
        self.router = Router(self.authorizer, self.access_log)
        self.routing = RoutingFile(settings.routing_file, self.router.delivery.adopt)
        self.server = HttpServer(self.handle, HttpLimits(body_bytes=settings.max_body_bytes))
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        """Listen; the port, which was chosen now when the setting is 0."""
        self.routing.read_if_changed()
        port = await self.server.listen_tcp(self.settings.host, self.settings.port)
        loop = asyncio.get_running_loop()
        self._background.append(loop.create_task(self.routing.watch()))
        if self.access_log is not None:
            self._background.append(loop.create_task(self.access_log.write_regularly()))
        return port

    async def stop(self) -> None:
        if not await self.server.drain(self.settings.drain_seconds):
            log.warning("requests were cut off after %g s of draining", self.settings.drain_seconds)
        self.router.delivery.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def handle(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        path = request.path
        if path == b"/health":
            return self._health()
        if path == b"/metrics":
            return self._metrics(request)
        # One stat of a file: who was just told that an endpoint is ready must find it.
        self.routing.read_if_changed()
        return self.router.route(request)

    def _health(self) -> Response:
        return Response(200, b'{"status":"ok","routing_version":%d}' % self.router.delivery.table.version)

    def _metrics(self, request: Request) -> Response:
        credential = bearer(request.header(b"authorization"))
        if credential is None or not self.authorizer.is_admin(credential):
            return error_response(401, "unauthenticated", "Metrics need the platform's admin token as bearer token.")
        delivery = self.router.delivery
        text = self.router.metrics.render(delivery.in_flight(), delivery.table.version)
        return Response(200, text.encode(), b"text/plain; version=0.0.4")


async def run(settings: GatewaySettings) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    gateway = Gateway(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    port = await gateway.start()
    settings = replace(settings, port=port)
    record = settings.home / "gateway.json"
    announcement = {
        "pid": os.getpid(),
        "pid_start": process_start(os.getpid()),
        "url": settings.url,
        "version": VERSION,
    }
    write_json_atomically(record, announcement)
    log.info("gateway listens at %s", settings.url)
    await _until_stopped(stopping, settings)
    record.unlink(missing_ok=True)
    await gateway.stop()


async def _until_stopped(stopping: asyncio.Event, settings: GatewaySettings) -> None:
    """Also when the home is gone: there is nothing left to route by, and nobody could find this gateway."""
    while not stopping.is_set() and settings.home.is_dir():
        try:
            await asyncio.wait_for(stopping.wait(), _LOOK_EVERY_SECONDS)
        except TimeoutError:
            continue


def allow_many_connections() -> None:
    """Each client is a file descriptor: take as many as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
