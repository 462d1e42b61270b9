"""Inputs by http and https.

The bounds protect the node: size, time, and the scheme after every redirect. Requests are not kept from private
addresses: the user code of the same job could reach those anyway, and a team's data often lives there. The one
exception is the link-local range, where clouds serve the machine's own credentials.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPMessage
from typing import IO

from .task import TaskError

MAX_BYTES = 50 << 30
MAX_SECONDS = 3600.0
IDLE_SECONDS = 60.0
BLOCK_BYTES = 1 << 18


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        try:
            _check(newurl)
        except TaskError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str, target: str, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> None:
    """Download `url` to the file `target`, whole or not at all. Raises TaskError with the server's reason."""
    _check(url)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    temporary = f"{target}.modelyard-partial"
    opener = urllib.request.build_opener(_CheckedRedirects())
    try:
        with opener.open(url, timeout=IDLE_SECONDS) as answer, open(temporary, "wb") as stream:
            _copy(answer, stream, url, max_bytes, time.monotonic() + max_seconds)
        os.replace(temporary, target)
    except urllib.error.HTTPError as error:
        error.close()
        raise TaskError("DownloadFailed", f"{_shown(url)} answered {error.code} {error.reason}.") from error
    except (urllib.error.URLError, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        raise TaskError("DownloadFailed", f"{_shown(url)} could not be fetched: {reason}.") from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _copy(answer: IO[bytes], stream: IO[bytes], url: str, max_bytes: int, deadline: float) -> None:
    total = 0
    while block := answer.read(BLOCK_BYTES):
        total += len(block)
        if total > max_bytes:
            raise TaskError("DownloadTooLarge", f"{_shown(url)} is larger than {max_bytes} bytes.")
        if time.monotonic() > deadline:
            raise TaskError("DownloadFailed", f"{_shown(url)} took too long.")
        stream.write(block)


def _check(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TaskError("DownloadRefused", f"{_shown(url)} is not an http or https address.")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise TaskError("DownloadFailed", f"The host of {_shown(url)} is unknown: {error}.") from error
    for *_, address in found:
        if ipaddress.ip_address(str(address[0]).partition("%")[0]).is_link_local:
            raise TaskError("DownloadRefused", f"{_shown(url)} is a link-local address, where machines keep secrets.")


def _shown(url: str) -> str:
    """The address without credentials and query, which often is a signature."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
