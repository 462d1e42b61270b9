"""Every hot call by its method and path."""

from __future__ import annotations

from collections.abc import Mapping

from modelyard.server.mlflow.hot import experiment_calls, logging_calls, run_calls
from modelyard.server.mlflow.hot.call import HotCall

API = "/api/2.0/mlflow/"

HOT_CALLS: Mapping[tuple[str, str], HotCall] = {
    (call.method, API + call.path): call
    for module in (logging_calls, run_calls, experiment_calls)
    for call in module.CALLS
}
