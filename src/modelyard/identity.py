"""Stand-ins for the classes of `azure.identity`, so that a script needs only its imports changed.

The token is found by `MLClient` itself; these are taken and hold nothing.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from modelyard.client.connection import find_connection

_HOUR_SECONDS = 3600


class AccessToken(NamedTuple):
    """A token and the time, in seconds since 1970, until which it may be kept."""

    token: str
    expires_on: int


class DefaultAzureCredential:
    """Takes every argument of its namesake."""

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
        """The token of the server in use; Unauthenticated or Unavailable where there is none."""
        return AccessToken(find_connection().token, int(time.time()) + _HOUR_SECONDS)

    def close(self) -> None:
        return


class AzureCliCredential(DefaultAzureCredential):
    pass


class ClientSecretCredential(DefaultAzureCredential):
    pass


class EnvironmentCredential(DefaultAzureCredential):
    pass


class InteractiveBrowserCredential(DefaultAzureCredential):
    pass


class ManagedIdentityCredential(DefaultAzureCredential):
    pass
