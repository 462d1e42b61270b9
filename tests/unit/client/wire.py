"""A transport over a function instead of a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from modelyard.client.connection import Connection
from modelyard.client.home import Home
from modelyard.client.scope import Scope
from modelyard.client.transport import Transport

Answer = Callable[[httpx.Request], httpx.Response]


def transport_over(answer: Answer, home: Path = Path("/nonexistent")) -> Transport:
    connection = Connection("http://127.0.0.1:1", "token", "default", Home(home))
    return Transport(connection, handler=httpx.MockTransport(answer), sleep=lambda _: None)


def scope_over(answer: Answer, home: Path = Path("/nonexistent")) -> Scope:
    transport = transport_over(answer, home)
    return Scope(transport.connection, transport)
