"""`modelyard job`"""

from __future__ import annotations

import importlib
import sys
import webbrowser
from pathlib import Path
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import changes_from_sets, checked_sets, load_entity
from modelyard.cli.grammar import (
    ARCHIVED_ONLY,
    FILE,
    INCLUDE_ARCHIVED,
    MAX_RESULTS,
    NAME,
    NO_WAIT,
    SET,
    Command,
    ExitCode,
    Group,
    option,
)
from modelyard.cli.job_watch import watch
from modelyard.cli.problems import report
from modelyard.cli.trial_commands import TRIAL_COMMANDS
from modelyard.domain.errors import InvalidInput

_COLUMNS = (
    "name",
    "type",
    "status",
    "experiment=experiment_name",
    "display_name",
    "created=creation_context.created_at",
)
_PLAN_COLUMNS = ("node", "kind", "what", "reused_from", "compute", "reason")
_NODE_COLUMNS = ("node", "kind", "phase", "job", "reused_from", "reason", "ended=ended_at")
_REUSE_COLUMNS = ("node", "phase", "reused_from", "reason", "changed", "compared_with")
_CHANGEABLE = ("display_name", "description", "tags")
_CANCEL_ON_INTERRUPT = option("--cancel-on-interrupt", help="Ctrl-C cancels the job.", action="store_true")
_WEB = option("-e", "--web", help="Open the job in the studio.", action="store_true")


def create_job(call: Call) -> Any:
    args = call.args
    job = load_entity(call, "job", {"name": args.name}, file_needed=True)
    created = call.client.jobs.create_or_update(job, skip_validation=args.skip_validation)
    body = created.to_dict()
    if args.save_as:
        Path(args.save_as).write_text(importlib.import_module("modelyard.yamlio").dump(created), "utf-8")
    if args.web:
        _open(body)
    if not args.stream:
        if sys.stdout.isatty() and not call.answers_wanted:
            call.note(f"Follow it: modelyard job stream -n {created.name}")
        return body
    call.note(f"{created.name}: submitted")
    ended = watch(call, str(created.name))
    return ended if isinstance(ended, ExitCode) or call.answers_wanted else None


def show_job(call: Call) -> Any:
    body = call.scope.jobs.get(call.args.name)
    if call.args.web:
        _open(body)
    if sys.stdout.isatty() and not call.answers_wanted:
        # What a failed job died of comes before everything else that is known of it.
        error = importlib.import_module("modelyard.client.streaming").failure(body)
        if error is not None:
            report(error)
    if body.get("type") == "sweep":
        best = call.scope.jobs.sweep(call.args.name)["best_trial"] or {}
        wanted = ("name", "score", "parameters")
        body["best_trial"] = {key: best[key] for key in wanted} if best else None
    return body


def list_jobs(call: Call) -> Any:
    args = call.args
    found = call.scope.jobs.list(
        parent=args.parent_job_name,
        status=args.status,
        experiment=args.experiment_name,
        tag=args.tag,
        q=args.search,
        archived=call.view.archived,
    )
    return call.first(found)


def stream_job(call: Call) -> Any:
    ended = watch(call, call.args.name)
    return ended if isinstance(ended, ExitCode) or call.answers_wanted else None


def cancel_job(call: Call) -> Any:
    call.scope.jobs.cancel(call.args.name)
    if call.args.no_wait:
        return
    # The SDK's poller waits for the end; asking twice to cancel changes nothing.
    call.client.jobs.begin_cancel(call.args.name).wait()
    call.note(f"{call.args.name} is {call.scope.jobs.get(call.args.name)['status']}")


def extend_job(call: Call) -> Any:
    args = call.args
    return call.client.jobs.extend(args.name, max_total_trials=args.max_total_trials, timeout=args.timeout).to_dict()


def resume_job(call: Call) -> Any:
    return call.client.jobs.resume(call.args.name, node=call.args.node).to_dict()


def clone_job(call: Call) -> Any:
    overrides = importlib.import_module("modelyard.yamlio.overrides")
    changes = {path: overrides.parse_value(value, path) for path, _, value in map(_parted, checked_sets(call.args.set))}
    return call.client.jobs.clone(call.args.name, changes).to_dict()


def _parted(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def download_job(call: Call) -> Any:
    args = call.args
    call.client.jobs.download(args.name, download_path=args.download_path, output_name=args.output_name, all=args.all)
    call.note(f"Downloaded to {args.download_path}")


def archive_job(call: Call) -> Any:
    call.scope.jobs.patch(call.args.name, {"archived": True})


def restore_job(call: Call) -> Any:
    call.scope.jobs.patch(call.args.name, {"archived": False})


def update_job(call: Call) -> Any:
    args = call.args
    given = {"display_name": args.display_name, "description": args.description}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    changes |= changes_from_sets(args.set, _CHANGEABLE)
    if not changes:
        raise InvalidInput("Nothing to change.", field="--set", mend="such as --set tags.owner=me")
    if isinstance(changes.get("tags"), dict):
        changes["tags"] = {**(call.scope.jobs.get(args.name).get("tags") or {}), **changes["tags"]}
    return call.scope.jobs.patch(args.name, changes)


def validate_job(call: Call) -> Any:
    result = call.client.jobs.validate(load_entity(call, "job", file_needed=True))
    if result.passed:
        return result.to_dict()
    raise result.errors[0]


def plan_job(call: Call) -> Any:
    return call.client.jobs.plan(load_entity(call, "job", file_needed=True))


def list_nodes(call: Call) -> Any:
    return call.client.jobs.list_nodes(call.args.name)


def explain_reuse(call: Call) -> Any:
    rows = call.client.jobs.explain_reuse(call.args.name, call.args.node)
    if call.answers_wanted:
        return rows
    for row in rows:
        row["changed"] = ", ".join(change["part"] for change in row.get("changed", []))
    return rows


def show_services(call: Call) -> Any:
    return call.scope.jobs.get(call.args.name).get("services") or {}


def _open(body: dict[str, Any]) -> None:
    address = ((body.get("services") or {}).get("Studio") or {}).get("endpoint")
    if address:
        webbrowser.open(address)


_COMMANDS = (
    Command(
        "create",
        "Submit a job; its code and local inputs are uploaded first.",
        create_job,
        (
            FILE,
            option("-n", "--name", help="Its name; made up when left out."),
            option("-s", "--stream", help="Follow its log until it ends.", action="store_true"),
            _CANCEL_ON_INTERRUPT,
            _WEB,
            option("--skip-validation", help="Taken, as Azure ML scripts give it.", action="store_true"),
            option("-a", "--save-as", help="Write the job as it was created to this file.", metavar="FILE"),
            SET,
        ),
        (
            "modelyard job create -f job.yml --stream",
            "run_id=$(modelyard job create -f job.yml --query name -o tsv)",
            'modelyard job create -f job.yml --set inputs.rate=0.1 display_name="a try"',
        ),
        _COLUMNS,
    ),
    Command(
        "show",
        "Show a job.",
        show_job,
        (NAME, _WEB),
        ("modelyard job show -n $run_id", "modelyard job show -n $run_id --query status -o tsv"),
        (*_COLUMNS, "best=best_trial.score", "parameters=best_trial.parameters"),
    ),
    Command(
        "list",
        "List jobs, newest first.",
        list_jobs,
        (
            MAX_RESULTS,
            option("--parent-job-name", help="Children of this job.", metavar="NAME"),
            option("--status", help="At this status alone."),
            option("--experiment-name", help="Of this experiment alone.", metavar="NAME"),
            option("--tag", help="With this tag alone.", metavar="KEY[=VALUE]"),
            option("--search", help="With this text in a name.", metavar="TEXT"),
            ARCHIVED_ONLY,
            INCLUDE_ARCHIVED,
        ),
        ("modelyard job list -r 10 -o table", "modelyard job list --status Failed --query '[].name' -o tsv"),
        _COLUMNS,
    ),
    *TRIAL_COMMANDS,
    Command(
        "stream",
        "Follow the log of a job until it ends. Ctrl-C leaves it running.",
        stream_job,
        (NAME, _CANCEL_ON_INTERRUPT),
        ("modelyard job stream -n $run_id",),
    ),
    Command(
        "cancel",
        "Stop a job with its whole process tree.",
        cancel_job,
        (NAME, NO_WAIT),
        ("modelyard job cancel -n $run_id",),
    ),
    Command(
        "extend",
        "Give a sweep more trials; one that has ended goes on.",
        extend_job,
        (
            NAME,
            option("--max-total-trials", help="Trials altogether.", type=int, required=True, metavar="NUMBER"),
            option("--timeout", help="Seconds from now on.", type=int),
        ),
        ("modelyard job extend -n $sweep --max-total-trials 50",),
        _COLUMNS,
    ),
    Command(
        "resume",
        "Let a sweep or pipeline that was cancelled or failed go on.",
        resume_job,
        (NAME, option("--node", help="Of a pipeline that ended: run this node and what needs it.", metavar="NODE")),
        ("modelyard job resume -n $sweep", "modelyard job resume -n $pipeline --node train"),
        _COLUMNS,
    ),
    Command(
        "clone",
        "Submit a job like this one, with changes.",
        clone_job,
        (NAME, SET),
        ("modelyard job clone -n $sweep --set limits.max_total_trials=50",),
        _COLUMNS,
    ),
    Command(
        "download",
        "Bring its artifacts or outputs here.",
        download_job,
        (
            NAME,
            option("-p", "--download-path", help="The folder to write to.", default="."),
            option("--output-name", help="This output alone.", metavar="OUTPUT"),
            option("--all", help="Artifacts and every output.", action="store_true"),
        ),
        (
            "modelyard job download -n $run_id -p ./results --all",
            "modelyard job download -n $run_id --output-name model",
        ),
    ),
    Command("archive", "Hide a job from lists.", archive_job, (NAME,), ("modelyard job archive -n $run_id",)),
    Command("restore", "Bring a job back into lists.", restore_job, (NAME,), ("modelyard job restore -n $run_id",)),
    Command(
        "update",
        "Change display name, description or tags.",
        update_job,
        (
            NAME,
            option("--display-name", help="The new name to show."),
            option("--description", help="The new description."),
            SET,
        ),
        ("modelyard job update -n $run_id --set tags.keep=yes display_name=best",),
        _COLUMNS,
    ),
    Command(
        "validate",
        "Say what submitting the file would refuse.",
        validate_job,
        (FILE, SET),
        ("modelyard job validate -f job.yml",),
    ),
    Command(
        "plan",
        "Say what submitting a pipeline would run, and what would be reused.",
        plan_job,
        (FILE, SET),
        ("modelyard job plan -f pipeline.yml",),
        _PLAN_COLUMNS,
    ),
    Command(
        "nodes",
        "List the nodes of a pipeline with what became of them.",
        list_nodes,
        (NAME,),
        ("modelyard job nodes -n $pipeline",),
        _NODE_COLUMNS,
    ),
    Command(
        "explain-reuse",
        "Say why nodes of a pipeline ran, or which run stood for them.",
        explain_reuse,
        (NAME, option("--node", help="This node alone.", metavar="NODE")),
        ("modelyard job explain-reuse -n $pipeline", "modelyard job explain-reuse -n $pipeline --node train -o json"),
        _REUSE_COLUMNS,
    ),
    Command(
        "show-services",
        "Show the addresses of a job.",
        show_services,
        (NAME, option("--node-index", help="Of this node.", type=int, default=0)),
        ("modelyard job show-services -n $run_id",),
    ),
)

ENTRIES = {"job": Group("job", "Submit, follow and collect jobs.", _COMMANDS)}
