"""`modelyard up`, `down`, `status`, `server`, `gateway`: the platform on this machine."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, ExitCode, option
from modelyard.cli.spinner import Spinner
from modelyard.domain.errors import ModelyardError

if TYPE_CHECKING:
    from modelyard.client.platform_processes import LocalPlatform, ProcessFacts

_PORT = option("--port", help="The server's port.", type=int)
_HOST = option("--host", help="The address to listen at. Everything but loopback is open to your network.")
_GATEWAY_PORT = option("--gateway-port", help="The gateway's port.", type=int)
_HOME = option("--home", help="The folder of all state, instead of MODELYARD_HOME or ~/.modelyard.", metavar="FOLDER")
_DATABASE = option("--database-url", help="A PostgreSQL database instead of the embedded one.", metavar="URL")
_DETACH = option("--detach", help="Return when it answers. This is the default.", action="store_true")
_FOREGROUND = option("--foreground", help="Stay in the foreground until Ctrl-C.", action="store_true")
_ALL = option("--all", help="Cancel running jobs and stop scoring workers too.", action="store_true")


def start_platform(call: Call) -> Any:
    if call.args.foreground:
        return run_server(call)
    platform = _platform(call)
    before = platform.server()
    with Spinner() as spinner:
        facts = platform.start(_settings(call), spinner.say)
    if call.answers_wanted:
        return _status(call, platform)
    _welcome(call, platform, facts, already=before.running)
    return None


def stop_platform(call: Call) -> Any:
    platform = _platform(call)
    if call.args.all and platform.server().answers:
        cancelled = _cancel_jobs(call)
        call.note(f"{cancelled} jobs cancelled")
    with Spinner() as spinner:
        stopped = platform.stop(spinner.say)
        workers = platform.stop_workers() if call.args.all else 0
    if workers:
        call.note(f"{workers} scoring workers stopped")
    call.note(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def show_status(call: Call) -> Any:
    """Exit code 1 when the server does not run, so that scripts can ask."""
    platform = _platform(call)
    status = _status(call, platform)
    if call.answers_wanted:
        return status
    for facts in (platform.server(), platform.gateway()):
        body = facts.to_dict()
        shown = [body["name"], body["state"], body["url"], f"pid {body['pid']}" if body["pid"] else None]
        print("  ".join(str(part) for part in shown if part))
    if "jobs" in status:
        counts = ", ".join(f"{count} {name}" for name, count in status["jobs"].items())
        print(f"jobs  {counts or 'none active'}")
    print(f"home  {platform.home.path}")
    return ExitCode(0 if platform.server().answers else 1)


def run_server(call: Call) -> Any:
    return _replace_process(call, "modelyard.server")


def run_gateway(call: Call) -> Any:
    return _replace_process(call, "modelyard.gateway")


def _replace_process(call: Call, module: str) -> ExitCode:
    """Become the process, so that signals and the exit code are its own."""
    importlib.import_module("modelyard.client.platform_processes").require_server_extra()
    os.environ.update(_settings(call))
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module])


def _platform(call: Call) -> LocalPlatform:
    if getattr(call.args, "home", None):
        os.environ["MODELYARD_HOME"] = call.args.home
    found: LocalPlatform = importlib.import_module("modelyard.client.platform_processes").LocalPlatform(call.home)
    return found


def _settings(call: Call) -> dict[str, str]:
    """The options as the settings of the environment."""
    names = ("port", "host", "gateway_port", "gateway_host", "home", "database_url")
    given = {name: getattr(call.args, name, None) for name in names}
    return {f"MODELYARD_{name.upper()}": str(value) for name, value in given.items() if value is not None}


def _welcome(call: Call, platform: LocalPlatform, facts: ProcessFacts, *, already: bool) -> None:
    gateway = platform.gateway()
    print(f"Modelyard {facts.version} {'runs already' if already else 'is up'}.")
    print(f"  server   {facts.url}")
    print(f"  gateway  {gateway.url if gateway.answers else 'not running; see `modelyard logs gateway`'}")
    print(f"  home     {platform.home.path}")
    if facts.version != importlib.import_module("modelyard.kit.version").VERSION:
        print("  The installed version is another one: `modelyard down && modelyard up` changes to it.")
    if not already:
        print("\nNext:\n  modelyard job create -f job.yml --stream\n  modelyard status\n  modelyard down")


def _status(call: Call, platform: LocalPlatform) -> dict[str, Any]:
    server, gateway = platform.server(), platform.gateway()
    status: dict[str, Any] = {"server": server.to_dict(), "gateway": gateway.to_dict()}
    if server.answers:
        try:
            status["jobs"] = _active_jobs(call)
        except ModelyardError as error:
            call.note(f"The jobs cannot be counted: {error.message}")
    return {**status, "home": str(platform.home.path)}


def _active_jobs(call: Call) -> dict[str, int]:
    """How many jobs are at each status that is not an end, in all workspaces."""
    counts: dict[str, int] = {}
    for job in _active(call):
        counts[job["status"]] = counts.get(job["status"], 0) + 1
    return counts


def _active(call: Call) -> list[dict[str, Any]]:
    statuses = importlib.import_module("modelyard.domain.statuses").JobStatus
    wanted = [status.value for status in statuses if not status.terminal]
    found = []
    for workspace in call.scope.workspaces.list():
        jobs = call.other_workspace(workspace["name"]).jobs
        found += [{**job, "workspace": workspace["name"]} for job in jobs.list(status=wanted)]
    return found


def _cancel_jobs(call: Call) -> int:
    poller = importlib.import_module("modelyard.client.poller")
    jobs = _active(call)
    for job in jobs:
        try:
            call.other_workspace(job["workspace"]).jobs.cancel(job["name"])
        except ModelyardError as error:
            call.note(f"{job['name']}: {error.message}")

    def look() -> Any:
        left = len(_active(call))
        return poller.Progress(f"{left} left", left == 0)

    poller.LROPoller(look).wait(30)
    return len(jobs)


ENTRIES = {
    "up": Command(
        "up",
        "Start the platform on this machine, or say where it runs.",
        start_platform,
        (_PORT, _GATEWAY_PORT, _HOST, _HOME, _DATABASE, _DETACH, _FOREGROUND),
        ("modelyard up", "modelyard up --port 5700 --gateway-port 5701 --home ./yard"),
    ),
    "down": Command(
        "down",
        "Stop the platform; jobs go on unless told otherwise.",
        stop_platform,
        (_HOME, _ALL),
        ("modelyard down", "modelyard down --all"),
    ),
    "status": Command(
        "status",
        "Show what runs here.",
        show_status,
        (_HOME,),
        ("modelyard status", "modelyard status --query server.url -o tsv"),
    ),
    "server": Command(
        "server",
        "Run the server in the foreground.",
        run_server,
        (_PORT, _GATEWAY_PORT, _HOST, _HOME, _DATABASE),
        ("modelyard server --port 5600",),
    ),
    "gateway": Command(
        "gateway",
        "Run the gateway of the endpoints in the foreground.",
        run_gateway,
        (_GATEWAY_PORT, option("--gateway-host", help="The address to listen at."), _HOME),
        ("modelyard gateway --gateway-port 5601",),
    ),
}
