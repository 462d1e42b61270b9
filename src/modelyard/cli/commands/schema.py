"""`modelyard schema`"""

from __future__ import annotations

import importlib
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, option


def print_schema(call: Call) -> Any:
    """From the installed package: no server is needed."""
    schemas = importlib.import_module("modelyard.kinds.schemas")
    return schemas.schema(call.args.kind) if call.args.kind else schemas.schema_names()


ENTRIES = {
    "schema": Command(
        "schema",
        "Print the JSON schema of a kind, for your editor.",
        print_schema,
        (option("kind", help="Such as command-job, data or online-deployment; lists them when left out.", nargs="?"),),
        ("modelyard schema command-job -o json > command-job.schema.json", "modelyard schema"),
    )
}
