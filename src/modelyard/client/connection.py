"""Which server, with which token, in which workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from modelyard.client.home import Home
from modelyard.domain.errors import InvalidInput, Unauthenticated, Unavailable

DEFAULT_WORKSPACE = "default"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Connection:
    """Everything that a call needs to reach its workspace. The token never shows in its text form."""

    server_url: str
    token: str
    workspace: str
    home: Home

    def __repr__(self) -> str:
        return f"Connection(server_url={self.server_url!r}, workspace={self.workspace!r})"

    def in_workspace(self, name: str) -> Connection:
        return replace(self, workspace=name)


def find_connection(
    *,
    server_url: str | None = None,
    token: str | None = None,
    workspace: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Connection:
    """Resolve each part: the argument, then the environment, then `modelyard login`, then the local server's files."""
    values = os.environ if environment is None else environment
    home = Home.from_environment(values)
    url = _server_url(server_url or values.get("MODELYARD_SERVER_URL"), home)
    chosen = workspace or values.get("MODELYARD_WORKSPACE") or _default_workspace(home)
    return Connection(url, token or values.get("MODELYARD_TOKEN") or _token_for(url, home), chosen, home)


def _server_url(given: str | None, home: Home) -> str:
    url = given or home.login().get("server_url") or home.server().get("url")
    if not url:
        raise Unavailable(
            "No Modelyard server is known here.",
            mend="start one with `modelyard up`, or set MODELYARD_SERVER_URL (or `modelyard login --server URL`)",
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            f"'{url}' is not the address of a server.",
            field="server_url",
            mend="give it as http://host:port or https://host",
        )
    return str(url).rstrip("/")


def _default_workspace(home: Home) -> str:
    defaults = home.login().get("defaults") or {}
    return str(defaults.get("workspace") or DEFAULT_WORKSPACE)


def _token_for(url: str, home: Home) -> str:
    """The stored token of this very server. The admin token of a local server is never sent to another machine."""
    login = home.login()
    if login.get("token") and login.get("server_url") == url:
        return str(login["token"])
    local = url == home.server().get("url") or urlsplit(url).hostname in _LOOPBACK
    admin = home.admin_token() if local else None
    if admin is None:
        raise Unauthenticated(
            f"No token is known for {url}.",
            mend="set MODELYARD_TOKEN, or run `modelyard login --server URL --token TOKEN`",
        )
    return admin
