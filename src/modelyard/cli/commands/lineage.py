"""`modelyard lineage`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, option

_KINDS = ("data", "model", "environment", "component", "code", "job", "deployment")


def show_lineage(call: Call) -> Any:
    args = call.args
    name, _, version = args.name.partition(":")
    version = args.version or version
    parts = [args.kind, name, *([version] if version else [])]
    path = call.scope.named("lineage", *parts).path()
    graph = call.scope.transport.get(path, {"direction": args.direction, "depth": args.depth})
    if args.query or args.output not in (None, "table"):
        return graph
    return [_row(edge) for edge in graph.get("edges", [])]


def _row(edge: dict[str, Any]) -> dict[str, Any]:
    return {"from": _node(edge["source"]), "relation": edge["relation"], "to": _node(edge["target"])}


def _node(node: Any) -> str:
    if not isinstance(node, dict):
        return str(node)
    version = f":{node['version']}" if node.get("version") else ""
    return f"{node['kind']} {node['name']}{version}"


ENTRIES = {
    "lineage": Command(
        "lineage",
        "What made a thing, and what was made from it.",
        show_lineage,
        (
            option("kind", help="What it is.", choices=_KINDS),
            option("name", help="Its name, or name:version."),
            option("-v", "--version", help="Its version."),
            option("--direction", help="Which way.", choices=("up", "down", "both"), default="both"),
            option("--depth", help="How many steps.", type=int),
        ),
        ("modelyard lineage model iris:1", "modelyard lineage data iris -v 1 --direction down -o json"),
        ("from", "relation", "to"),
    )
}
