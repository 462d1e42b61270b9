"""The verbs of `modelyard job` that are about trials: of sweeps, and of AutoML jobs."""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import MAX_RESULTS, Command, option

_TRIAL_COLUMNS = (
    "number",
    "phase",
    "score",
    "parameters",
    "copied_from",
    "cost_core_s=cost_core_seconds",
    "reason",
    "job=name",
)
_RANKED_COLUMNS = (
    "number",
    "algorithm",
    "score",
    "std=score_std",
    "fit_s=fit_seconds",
    "row_ms=row_milliseconds",
    "bytes=size_bytes",
    "from=origin",
    "status",
    "winner",
    "job=name",
)


def list_trials(call: Call) -> Any:
    args = call.args
    found = call.scope.jobs.trials(args.name, "best" if args.best else args.order_by)
    return call.first(found)


def show_leaderboard(call: Call) -> Any:
    return call.first(call.scope.jobs.leaderboard(call.args.name))


def show_sweep(call: Call) -> Any:
    return call.scope.jobs.sweep(call.args.name)


TRIAL_COMMANDS = (
    Command(
        "trials",
        "List the trials of a sweep with their parameters and scores.",
        list_trials,
        (
            option("name", help="The sweep's name.", metavar="NAME"),
            MAX_RESULTS,
            option("--best", help="Best first.", action="store_true"),
            option("--order-by", help="Which come first.", choices=("newest", "oldest", "best"), default="oldest"),
        ),
        ("modelyard job trials $sweep -o table", "modelyard job trials $sweep --best -r 1 --query '[0].parameters'"),
        _TRIAL_COLUMNS,
    ),
    Command(
        "leaderboard",
        "List the trials of an AutoML job, best first.",
        show_leaderboard,
        (option("name", help="The AutoML job's name.", metavar="NAME"), MAX_RESULTS),
        ("modelyard job leaderboard $job -o table", "modelyard job leaderboard $job -r 1 --query '[0].algorithm'"),
        _RANKED_COLUMNS,
    ),
    Command(
        "sweep-summary",
        "Show what a sweep has found: counts, best trial, how it came to be, importances, cost, time left, ranges.",
        show_sweep,
        (option("name", help="The sweep's name.", metavar="NAME"),),
        ("modelyard job sweep-summary $sweep", "modelyard job sweep-summary $sweep --query importances"),
    ),
)
