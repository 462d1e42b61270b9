"""`modelyard version`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command
from modelyard.domain.errors import ModelyardError
from modelyard.kit.version import VERSION


def show_versions(call: Call) -> Any:
    """The server's is left out where none answers."""
    try:
        server = call.scope.transport.get("/api/v1/info")
    except ModelyardError:
        return {"client": VERSION}
    return {"client": VERSION, "server": server["version"], "url": call.connection.server_url}


ENTRIES = {
    "version": Command(
        "version",
        "Print the versions of client and server.",
        show_versions,
        (),
        ("modelyard version", "modelyard version --query client -o tsv"),
    )
}
