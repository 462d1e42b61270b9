"""`modelyard schema`"""

from __future__ import annotations

import importlib
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, option


def print_schema(call: Call) -> Any:
    """From the installed package: no server is needed."""
    if call.args.kind is None:
        return importlib.import_module("modelyard.kinds.catalogue").kind_names()
    return importlib.import_module("modelyard.kinds.schemas").schema(call.args.kind)


ENTRIES = {
    "schema": Command(
        "schema",
        "Print the JSON schema of a kind, for your editor.",
        print_schema,
        (option("kind", help="Such as command-job, data or online-deployment; lists them when left out.", nargs="?"),),
        ("modelyard schema command-job -o json > command-job.schema.json", "modelyard schema"),
    )
}
