"""`modelyard online-deployment`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import changed_entity, load_entity
from modelyard.cli.grammar import FILE, MAX_RESULTS, NAME, NO_WAIT, SET, YES, Command, Group, option
from modelyard.cli.spinner import waited
from modelyard.domain.errors import InvalidInput

_COLUMNS = ("name", "endpoint_name", "state=provisioning_state", "model", "instances=instance_count")
_ENDPOINT = option(
    "-e", "--endpoint-name", "--endpoint", help="The endpoint.", dest="endpoint_name", required=True, metavar="NAME"
)
_ENDPOINT_OPTIONAL = option(
    "-e",
    "--endpoint-name",
    "--endpoint",
    help="The endpoint, when the file does not name it.",
    dest="endpoint_name",
    metavar="NAME",
)
_LOCAL = option("--local", help="Taken: every deployment of a local server is local.", action="store_true")
_ALL_TRAFFIC = option("--all-traffic", help="Send it all requests once it answers.", action="store_true")


def create_deployment(call: Call) -> Any:
    args = call.args
    flags = {"name": args.name, "endpoint_name": args.endpoint_name}
    entity = load_entity(call, "online-deployment", flags, file_needed=True)
    poller = call.client.online_deployments.begin_create_or_update(entity, local=args.local)
    deployments = call.scope.named("online-endpoints", str(entity.endpoint_name), "deployments")
    if args.no_wait and not args.all_traffic:
        return deployments.get(str(entity.name))
    body = waited(poller)
    if args.all_traffic:
        _send_all_traffic(call, str(entity.endpoint_name), str(entity.name))
    return body


def update_deployment(call: Call) -> Any:
    """With a file it is rolled over to what the file says; without, what --set names is changed."""
    args = call.args
    if args.file is not None:
        return create_deployment(call)
    if not (args.name and args.endpoint_name and args.set):
        raise InvalidInput(
            "What is to change?", field="--file", mend="give --file, or --name, --endpoint-name and --set path=value"
        )
    resource = call.scope.named("online-endpoints", args.endpoint_name, "deployments")
    stored = resource.get(args.name)
    changed = changed_entity(call, "online-deployment", stored)
    return waited(call.client.online_deployments.begin_create_or_update(changed))


def show_deployment(call: Call) -> Any:
    return call.scope.named("online-endpoints", call.args.endpoint_name, "deployments").get(call.args.name)


def list_deployments(call: Call) -> Any:
    return call.first(call.scope.named("online-endpoints", call.args.endpoint_name, "deployments").list())


def delete_deployment(call: Call) -> Any:
    args = call.args
    call.confirm(f"Delete the deployment '{args.name}' of '{args.endpoint_name}'?")
    poller = call.client.online_deployments.begin_delete(args.name, args.endpoint_name)
    if not args.no_wait:
        waited(poller)


def get_logs(call: Call) -> Any:
    args = call.args
    print(call.client.online_deployments.get_logs(args.name, args.endpoint_name, args.lines).rstrip("\n"))


def _send_all_traffic(call: Call, endpoint: str, deployment: str) -> None:
    call.scope.named("online-endpoints").patch(endpoint, {"traffic": {deployment: 100}})
    waited(call.client.online_endpoints.follow(endpoint))


_CREATE_OPTIONS = (
    FILE,
    option("-n", "--name", help="Its name, such as blue."),
    _ENDPOINT_OPTIONAL,
    _ALL_TRAFFIC,
    _LOCAL,
    option("--skip-script-validation", help="Taken, as Azure ML scripts give it.", action="store_true"),
    option("--package-model", "--with-package", help="Taken, as Azure ML scripts give it.", action="store_true"),
    option("--vscode-debug", help="Taken, as Azure ML scripts give it.", action="store_true"),
    NO_WAIT,
    SET,
)
_COMMANDS = (
    Command(
        "create",
        "Start a model version behind an endpoint.",
        create_deployment,
        _CREATE_OPTIONS,
        (
            "modelyard online-deployment create -e iris -n blue -f blue.yml --all-traffic",
            "modelyard online-deployment create -f green.yml --set instance_count=2",
        ),
        _COLUMNS,
    ),
    Command(
        "show",
        "Show a deployment.",
        show_deployment,
        (NAME, _ENDPOINT, _LOCAL),
        ("modelyard online-deployment show -e iris -n blue --query provisioning_state -o tsv",),
        _COLUMNS,
    ),
    Command(
        "list",
        "List the deployments of an endpoint.",
        list_deployments,
        (_ENDPOINT, MAX_RESULTS, _LOCAL),
        ("modelyard online-deployment list -e iris",),
        _COLUMNS,
    ),
    Command(
        "update",
        "Roll a deployment over to what the file or --set says.",
        update_deployment,
        _CREATE_OPTIONS,
        (
            "modelyard online-deployment update -f blue.yml",
            "modelyard online-deployment update -e iris -n blue --set instance_count=2",
        ),
        _COLUMNS,
    ),
    Command(
        "delete",
        "Stop and remove a deployment.",
        delete_deployment,
        (NAME, _ENDPOINT, YES, NO_WAIT, _LOCAL),
        ("modelyard online-deployment delete -e iris -n blue --yes",),
    ),
    Command(
        "get-logs",
        "Print the last lines that its workers wrote.",
        get_logs,
        (
            NAME,
            _ENDPOINT,
            option("-l", "--lines", help="How many.", type=int, default=50),
            option("-c", "--container", help="Taken, as Azure ML scripts give it."),
            _LOCAL,
        ),
        ("modelyard online-deployment get-logs -e iris -n blue --lines 100",),
    ),
)

ENTRIES = {"online-deployment": Group("online-deployment", "Model versions behind an endpoint.", _COMMANDS)}
