"""`modelyard online-endpoint`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import changes_from_sets, load_entity, pairs
from modelyard.cli.grammar import FILE, MAX_RESULTS, NAME, NO_WAIT, SET, YES, Command, Group, option
from modelyard.cli.spinner import waited
from modelyard.domain.errors import InvalidInput

_COLUMNS = ("name", "state=provisioning_state", "auth_mode", "traffic", "scoring_uri")
_LOCAL = option("--local", help="Taken: every endpoint of a local server is local.", action="store_true")
_TRAFFIC = option(
    "--traffic", help='Percent by deployment: "blue=90 green=10".', nargs="+", action="extend", metavar="NAME=PERCENT"
)
_MIRROR = option(
    "--mirror-traffic", help="Percent of requests copied to a deployment.", nargs="+", metavar="NAME=PERCENT"
)
_DEPLOYMENT = option(
    "-d", "--deployment-name", "--deployment", help="This deployment alone.", dest="deployment_name", metavar="NAME"
)
_CHANGEABLE = ("traffic", "mirror_traffic", "auth_mode", "description", "tags")


def create_endpoint(call: Call) -> Any:
    args = call.args
    flags = {"name": args.name, "auth_mode": args.auth_mode, "traffic": _percents(args.traffic, "--traffic")}
    entity = load_entity(call, "online-endpoint", flags)
    poller = call.client.online_endpoints.begin_create_or_update(entity, local=args.local)
    if args.no_wait:
        return call.scope.named("online-endpoints").get(str(entity.name))
    return waited(poller)


def update_endpoint(call: Call) -> Any:
    args = call.args
    if args.file is not None:
        return create_endpoint(call)
    if args.name is None:
        raise InvalidInput("Which endpoint?", field="--name", mend="name it, or describe it with --file")
    changes: dict[str, Any] = changes_from_sets(args.set, _CHANGEABLE)
    changes["traffic"] = _percents(args.traffic, "--traffic") or _numbers(changes.get("traffic"))
    changes["mirror_traffic"] = _percents(args.mirror_traffic, "--mirror-traffic") or changes.get("mirror_traffic")
    changes["auth_mode"] = args.auth_mode or changes.get("auth_mode")
    given = {key: value for key, value in changes.items() if value is not None}
    if not given:
        raise InvalidInput("Nothing to change.", field="--traffic", mend='such as --traffic "blue=90 green=10"')
    resource = call.scope.named("online-endpoints")
    if isinstance(given.get("tags"), dict):
        given["tags"] = {**(resource.get(args.name).get("tags") or {}), **given["tags"]}
    resource.patch(args.name, given)
    if args.no_wait:
        return resource.get(args.name)
    return waited(call.client.online_endpoints.follow(args.name))


def show_endpoint(call: Call) -> Any:
    return call.scope.named("online-endpoints").get(call.args.name)


def list_endpoints(call: Call) -> Any:
    return call.first(call.scope.named("online-endpoints").list())


def delete_endpoint(call: Call) -> Any:
    args = call.args
    call.confirm(f"Delete the endpoint '{args.name}' with its deployments?")
    poller = call.client.online_endpoints.begin_delete(args.name)
    if not args.no_wait:
        waited(poller)


def invoke_endpoint(call: Call) -> Any:
    args = call.args
    answer = call.client.online_endpoints.invoke(
        args.name, request_file=args.request_file, deployment_name=args.deployment_name, input_data=args.input_data
    )
    print(answer)


def get_credentials(call: Call) -> Any:
    """Named as Azure's CLI does: primaryKey and secondaryKey, or accessToken."""
    keys = call.client.online_endpoints.get_keys(call.args.name)
    return {_camel(name): value for name, value in keys.to_dict().items()}


def regenerate_keys(call: Call) -> Any:
    call.client.online_endpoints.begin_regenerate_keys(call.args.name, key_type=call.args.key_type).wait()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _percents(words: list[str] | None, flag: str) -> dict[str, int] | None:
    found = pairs(words, flag)
    try:
        return {name: int(percent.rstrip("%")) for name, percent in found.items()} or None
    except ValueError as error:
        raise InvalidInput(f"{error}: a share is a whole number.", field=flag, mend='"blue=90 green=10"') from error


def _numbers(shares: Any) -> Any:
    return {name: int(value) for name, value in shares.items()} if isinstance(shares, dict) else shares


_COMMANDS = (
    Command(
        "create",
        "Create an endpoint.",
        create_endpoint,
        (
            FILE,
            option("-n", "--name", help="Its name."),
            option("--auth-mode", help="How callers prove themselves.", choices=("key", "aml_token", "aad_token")),
            _TRAFFIC,
            _LOCAL,
            NO_WAIT,
            SET,
        ),
        ("modelyard online-endpoint create -n iris", "modelyard online-endpoint create -n iris -f endpoint.yml"),
        _COLUMNS,
    ),
    Command(
        "show",
        "Show an endpoint.",
        show_endpoint,
        (NAME, _LOCAL),
        ("modelyard online-endpoint show -n iris --query scoring_uri -o tsv",),
        _COLUMNS,
    ),
    Command(
        "list", "List endpoints.", list_endpoints, (MAX_RESULTS, _LOCAL), ("modelyard online-endpoint list",), _COLUMNS
    ),
    Command(
        "update",
        "Change traffic, auth mode, description or tags.",
        update_endpoint,
        (
            FILE,
            option("-n", "--name", help="Its name."),
            _TRAFFIC,
            _MIRROR,
            option("--auth-mode", help="How callers prove themselves.", choices=("key", "aml_token", "aad_token")),
            _LOCAL,
            NO_WAIT,
            SET,
        ),
        ('modelyard online-endpoint update -n iris --traffic "blue=90 green=10"',),
        _COLUMNS,
    ),
    Command(
        "delete",
        "Delete an endpoint with its deployments.",
        delete_endpoint,
        (NAME, YES, NO_WAIT, _LOCAL),
        ("modelyard online-endpoint delete -n iris --yes",),
    ),
    Command(
        "invoke",
        "Score one request and print the answer.",
        invoke_endpoint,
        (
            NAME,
            option("-r", "--request-file", help="The request's body.", metavar="FILE"),
            option("--input-data", help="The request's body as text.", metavar="JSON"),
            _DEPLOYMENT,
            _LOCAL,
        ),
        (
            "modelyard online-endpoint invoke -n iris -r request.json",
            "modelyard online-endpoint invoke -n iris -r request.json -d green",
        ),
    ),
    Command(
        "get-credentials",
        "Print its keys, or a token for it.",
        get_credentials,
        (NAME,),
        ("modelyard online-endpoint get-credentials -n iris --query primaryKey -o tsv",),
    ),
    Command(
        "regenerate-keys",
        "Replace a key; the old one stops working at once.",
        regenerate_keys,
        (
            NAME,
            option("--key-type", help="Which key.", choices=("primary", "secondary"), default="primary"),
            NO_WAIT,
        ),
        ("modelyard online-endpoint regenerate-keys -n iris --key-type secondary",),
    ),
)

ENTRIES = {"online-endpoint": Group("online-endpoint", "Stable scoring addresses, their keys and traffic.", _COMMANDS)}
