"""`modelyard mlflow-env`"""

from __future__ import annotations

import shlex
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command


def print_environment(call: Call) -> Any:
    """As a mapping when a form is asked for, else as lines that a shell evaluates."""
    connection = call.connection
    variables = {
        "MLFLOW_TRACKING_URI": f"{connection.server_url}/mlflow/{connection.workspace}",
        "MLFLOW_TRACKING_TOKEN": connection.token,
    }
    if call.answers_wanted:
        return variables
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return None


ENTRIES = {
    "mlflow-env": Command(
        "mlflow-env",
        "Print what plain mlflow needs, for your shell to evaluate.",
        print_environment,
        (),
        ('eval "$(modelyard mlflow-env)"',),
    )
}
