"""`modelyard login`, `logout`, `token`, `configure`: which server, whose token, which defaults."""

from __future__ import annotations

import getpass
import importlib
import os
import sys
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import pairs
from modelyard.cli.grammar import Command, option
from modelyard.domain.errors import InvalidInput

_DEFAULTS = ("workspace", "group", "location", "subscription")


def log_in(call: Call) -> Any:
    """Try the token first: a wrong one is not remembered."""
    args = call.args
    url = (
        args.server or args.server_url or os.environ.get("MODELYARD_SERVER_URL") or call.home.login().get("server_url")
    )
    if not url:
        raise InvalidInput("Which server?", field="--server", mend="modelyard login --server https://host:port")
    token = args.token or os.environ.get("MODELYARD_TOKEN") or _ask_token()
    connections = importlib.import_module("modelyard.client.connection")
    connection = connections.find_connection(server_url=url, token=token)
    with importlib.import_module("modelyard.client.transport").Transport(connection) as transport:
        info = transport.get("/api/v1/info")
    call.home.remember({"server_url": connection.server_url, "token": token})
    call.note(f"Logged in to {connection.server_url} as {(info.get('caller') or {}).get('name', 'unknown')}.")


def log_out(call: Call) -> Any:
    call.home.remember({"server_url": None, "token": None})
    call.note("Forgotten.")


def print_token(call: Call) -> Any:
    print(call.connection.token)


def configure(call: Call) -> Any:
    given = pairs(call.args.defaults, "--defaults")
    for name in given:
        if name not in _DEFAULTS:
            raise InvalidInput(f"There is no default '{name}'.", field="--defaults", mend=f"one of {_DEFAULTS}")
    merged = {**(call.home.login().get("defaults") or {}), **given}
    kept = {key: value for key, value in merged.items() if value}
    if given:
        call.home.remember({"defaults": kept or None})
    return kept if call.args.list_defaults or not given else None


def _ask_token() -> str:
    token = (getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not token:
        raise InvalidInput("No token was given.", field="--token", mend="give it by --token, or on standard input")
    return token


ENTRIES = {
    "login": Command(
        "login",
        "Remember a server and its token.",
        log_in,
        (
            option("--server", help="The address of the server.", metavar="URL"),
            option("--token", help="The token; asked for, or read from standard input, when left out."),
        ),
        ("modelyard login --server https://yard.example.org", "modelyard login --server http://host:5600 < token-file"),
    ),
    "logout": Command("logout", "Forget the server and the token.", log_out, (), ("modelyard logout",)),
    "token": Command(
        "token",
        "Print the token in use.",
        print_token,
        (),
        ("export MLFLOW_TRACKING_TOKEN=$(modelyard token)",),
    ),
    "configure": Command(
        "configure",
        "Set defaults such as the workspace.",
        configure,
        (
            option("-d", "--defaults", help="name=value; an empty value forgets it.", nargs="+", metavar="NAME=VALUE"),
            option("-l", "--list-defaults", help="Show the defaults.", action="store_true"),
        ),
        ("modelyard configure --defaults workspace=vision", "modelyard configure --list-defaults"),
    ),
}
