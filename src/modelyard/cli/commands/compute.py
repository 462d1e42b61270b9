"""`modelyard compute`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import changed_entity, load_entity
from modelyard.cli.grammar import FILE, MAX_RESULTS, NAME, NO_WAIT, SET, YES, Command, Group, option
from modelyard.domain.errors import NotFound

_COLUMNS = ("name", "type", "size", "state=provisioning_state", "max_instances", "description")
_TYPES = ("local", "amlcompute", "computeinstance", "kubernetes", "virtualmachine", "synapsespark")


def create_compute(call: Call) -> Any:
    poller = call.client.compute.begin_create_or_update(load_entity(call, "compute", _given(call)))
    if call.args.no_wait:
        return call.scope.named("computes").get(str(call.args.name)) if call.args.name else None
    return poller.result().to_dict()


def update_compute(call: Call) -> Any:
    """What the flags, the file and --set do not say stays as it is."""
    args = call.args
    if args.file is None and args.name is None:
        raise NotFound("Which compute?", field="--name", mend="modelyard compute update -n NAME --max-instances 2")
    if args.file is None:
        stored = call.scope.named("computes").get(args.name)
        entity = changed_entity(call, "compute", stored, _given(call))
    else:
        entity = load_entity(call, "compute", _given(call))
    return call.client.compute.begin_update(entity).result().to_dict()


def _given(call: Call) -> dict[str, Any]:
    args = call.args
    given = {
        "name": args.name,
        "type": args.type,
        "size": args.size,
        "min_instances": args.min_instances,
        "max_instances": args.max_instances,
        "idle_time_before_scale_down": args.idle_time_before_scale_down,
        "tier": args.tier,
        "description": args.description,
        "location": args.location,
        "resource_id": args.resource_id,
        "namespace": args.namespace,
    }
    return {key: value for key, value in given.items() if value is not None}


def show_compute(call: Call) -> Any:
    return call.scope.named("computes").get(call.args.name)


def list_computes(call: Call) -> Any:
    found = call.scope.named("computes").list()
    wanted = call.args.type
    return call.first(found if wanted is None else found.filter(lambda item: item.get("type") == wanted))


def delete_compute(call: Call) -> Any:
    call.confirm(f"Delete the compute '{call.args.name}'?")
    call.scope.named("computes").delete(call.args.name)


def list_nodes(call: Call) -> Any:
    return call.first(vars(node) for node in call.client.compute.list_nodes(call.args.name))


def list_sizes(call: Call) -> Any:
    return [vars(size) for size in call.client.compute.list_sizes()]


def list_usage(call: Call) -> Any:
    return [vars(usage) for usage in call.client.compute.list_usage()]


_WRITE = (
    FILE,
    option("-n", "--name", help="Its name."),
    option("-t", "--type", help="What it is.", choices=_TYPES),
    option("--size", help="The size of its nodes."),
    option("--min-instances", help="Nodes that always run.", type=int),
    option("--max-instances", help="Nodes at most.", type=int),
    option("--idle-time-before-scale-down", help="Seconds until an idle node goes.", type=int, metavar="SECONDS"),
    option("--tier", help="Dedicated or low priority.", choices=("dedicated", "low_priority")),
    option("--location", help="A label; nothing moves."),
    option("--resource-id", help="What an attached compute is made of."),
    option("--namespace", help="Of a Kubernetes cluster."),
    option("--description", help="What it is for."),
    NO_WAIT,
    SET,
)
_COMMANDS = (
    Command(
        "create",
        "Create a compute. An Azure ML cluster becomes a name for this machine, with its sizes as limits.",
        create_compute,
        _WRITE,
        (
            "modelyard compute create -n cpu-cluster --type amlcompute --min-instances 0 --max-instances 8",
            "modelyard compute create -f compute.yml",
        ),
        _COLUMNS,
    ),
    Command("show", "Show a compute.", show_compute, (NAME,), ("modelyard compute show -n local",), _COLUMNS),
    Command(
        "list",
        "List computes.",
        list_computes,
        (option("-t", "--type", help="Of this type alone.", choices=_TYPES), MAX_RESULTS),
        ("modelyard compute list -o table",),
        _COLUMNS,
    ),
    Command(
        "update",
        "Change a compute.",
        update_compute,
        _WRITE,
        ("modelyard compute update -n cpu-cluster --max-instances 2",),
        _COLUMNS,
    ),
    Command(
        "delete",
        "Delete a compute.",
        delete_compute,
        (NAME, YES, NO_WAIT),
        ("modelyard compute delete -n cpu-cluster --yes",),
    ),
    Command(
        "attach",
        "Attach a compute that exists elsewhere.",
        create_compute,
        _WRITE,
        ("modelyard compute attach -f cluster.yml",),
        _COLUMNS,
    ),
    Command(
        "list-nodes", "List its nodes.", list_nodes, (NAME, MAX_RESULTS), ("modelyard compute list-nodes -n local",)
    ),
    Command(
        "list-sizes",
        "List the sizes that there are.",
        list_sizes,
        (option("--location", help="A label; taken and not used."), option("--type", help="Taken and not used.")),
        ("modelyard compute list-sizes",),
    ),
    Command(
        "list-usage",
        "Show how much is in use.",
        list_usage,
        (option("--location", help="A label; taken and not used."),),
        ("modelyard compute list-usage",),
    ),
)

ENTRIES = {"compute": Group("compute", "Where jobs run.", _COMMANDS)}
