"""What a command works with: its options, the server, and the person at the terminal."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from modelyard.domain.errors import InvalidInput

if TYPE_CHECKING:
    from modelyard.client.connection import Connection
    from modelyard.client.home import Home
    from modelyard.client.ml_client import MLClient
    from modelyard.client.resources.view import ListViewType
    from modelyard.client.scope import Scope


class Call:
    """One run of one command. The client is loaded when it is first asked for, so that help stays quick."""

    def __init__(self, args: argparse.Namespace, title: str) -> None:
        self.args = args
        self.title = title

    @cached_property
    def home(self) -> Home:
        found: Home = importlib.import_module("modelyard.client.home").Home.from_environment()
        return found

    @cached_property
    def connection(self) -> Connection:
        module = importlib.import_module("modelyard.client.connection")
        found: Connection = module.find_connection(
            server_url=self.args.server_url, workspace=getattr(self.args, "workspace_name", None)
        )
        return found

    @cached_property
    def scope(self) -> Scope:
        """The workspace as the wire has it: enough to show and list, and quick to load."""
        found: Scope = importlib.import_module("modelyard.client.scope").Scope(self.connection)
        return found

    @cached_property
    def client(self) -> MLClient:
        """The SDK's client, for what needs entities."""
        found: MLClient = importlib.import_module("modelyard.client.ml_client").MLClient.over(
            self.connection, self.scope.transport
        )
        return found

    def other_workspace(self, name: str) -> Scope:
        """The same server's workspace of that name."""
        found: Scope = importlib.import_module("modelyard.client.scope").Scope(
            self.connection.in_workspace(name), self.scope.transport
        )
        return found

    def close(self) -> None:
        if "scope" in vars(self):
            self.scope.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def view(self) -> ListViewType:
        """Which items a list shows, by --archived-only and --include-archived."""
        types = importlib.import_module("modelyard.client.resources.view").ListViewType
        found: ListViewType = types.ALL if self.args.include_archived else types.ACTIVE_ONLY
        if self.args.archived_only:
            found = types.ARCHIVED_ONLY
        return found

    @property
    def answers_wanted(self) -> bool:
        """Whether the caller asked for the answer in a form of its own, so that stdout is kept for it."""
        return bool(self.args.query or self.args.output)

    def first(self, items: Iterable[Any]) -> list[Any]:
        """The items of a list, at most --max-results of them."""
        return list(islice(items, self.args.max_results))

    def note(self, text: str) -> None:
        """Tell the person something that is not the answer."""
        print(text, file=sys.stderr, flush=True)

    def confirm(self, question: str) -> None:
        """Return when --yes is given or the person agrees; InvalidInput where nobody can be asked."""
        if self.args.yes:
            return
        if not sys.stdin.isatty():
            raise InvalidInput(f"{question} Nobody is there to answer.", field="--yes", mend="give --yes")
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise SystemExit(1)
