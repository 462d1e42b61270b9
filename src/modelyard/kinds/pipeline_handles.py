"""What a pipeline function handles while it runs: its inputs, its nodes, their outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from modelyard.domain.entity import Part
from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.search_space import AnyDistribution

_DISTRIBUTIONS = getattr(AnyDistribution, "__args__", ())


class PipelineInput(str):
    """An input of the pipeline being built: the text of its expression."""

    def __new__(cls, name: str) -> PipelineInput:
        return super().__new__(cls, f"${{{{parent.inputs.{name}}}}}")


class NodeOutput:
    """An output of a node; where it is used as an input, an edge is drawn. `mode`, `path`, `name` may be set."""

    def __init__(self, node: NodeHandle, name: str) -> None:
        self.node = node
        self.port = name
        self.type: str | None = None
        self.mode: str | None = None
        self.path: str | None = None
        self.name: str | None = None
        self.version: str | None = None

    def written(self) -> dict[str, Any]:
        """What was set of it."""
        facts = ("type", "mode", "path", "name", "version")
        return {key: str(value) for key in facts if (value := getattr(self, key)) is not None}


class NodeOutputs:
    """The outputs of a node by attribute or key; one that its component does not declare is refused."""

    def __init__(self, node: NodeHandle, names: list[str] | None) -> None:
        self._node = node
        self._names = names
        self._made: dict[str, NodeOutput] = {}

    def __getattr__(self, name: str) -> NodeOutput:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> NodeOutput:
        if self._names is not None and name not in self._names:
            mend = did_you_mean(name, self._names) or f"its outputs: {', '.join(self._names) or 'none'}"
            raise InvalidInput(f"the component has no output '{name}'", field=f"outputs.{name}", mend=mend)
        return self._made.setdefault(name, NodeOutput(self._node, name))

    def items(self) -> Iterator[tuple[str, NodeOutput]]:
        return iter(self._made.items())


class NodeHandle:
    """A node of the pipeline being built. Its fields (`compute`, `limits`, `resources`, ...) may be set."""

    def __init__(self, body: Mapping[str, Any], inputs: Mapping[str, Any], outputs: list[str] | None) -> None:
        self.body: dict[str, Any] = dict(body)
        self.inputs: dict[str, Any] = dict(inputs)
        self.outputs = NodeOutputs(self, outputs)
        self.name: str | None = None
        self.owner = BUILDING.get()
        if self.owner is not None:
            self.owner.nodes.append(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("body", "inputs", "outputs", "name", "owner"):
            object.__setattr__(self, name, value)
        else:
            self.body[name] = value.to_dict() if isinstance(value, Part) else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("body", "inputs", "outputs", "name", "owner"):
            raise AttributeError(name)
        return self.body.get(name)

    def set_limits(self, **limits: Any) -> None:
        self.body["limits"] = {**self.body.get("limits", {}), **limits}

    def set_resources(self, **resources: Any) -> None:
        self.body["resources"] = {**self.body.get("resources", {}), **resources}

    def sweep(self, *, primary_metric: str, goal: str, sampling_algorithm: Any = "random", **fields: Any) -> NodeHandle:
        """This node with its inputs that were given a distribution searched; it takes the node's place."""
        space = {name: value for name, value in self.inputs.items() if isinstance(value, _DISTRIBUTIONS)}
        limits = ("max_total_trials", "max_concurrent_trials", "timeout", "trial_timeout")
        body = {
            "type": "sweep",
            "trial": self.body["component"],
            "search_space": {name: value.to_dict() for name, value in space.items()},
            "sampling_algorithm": plain(sampling_algorithm),
            "objective": {"goal": goal, "primary_metric": primary_metric},
            "limits": {key: fields.pop(key) for key in limits if fields.get(key) is not None},
            "early_termination": plain(fields.pop("early_termination_policy", None)),
            **{key: plain(value) for key, value in fields.items()},
        }
        if self.owner is not None:
            self.owner.nodes.remove(self)
        kept = {name: value for name, value in self.inputs.items() if name not in space}
        return NodeHandle({key: value for key, value in body.items() if value is not None}, kept, self.outputs._names)


class Building:
    """The pipeline whose function runs."""

    def __init__(self) -> None:
        self.nodes: list[NodeHandle] = []


BUILDING: ContextVar[Building | None] = ContextVar("modelyard_pipeline", default=None)


def building() -> Building | None:
    """The pipeline that is being built here, if any."""
    return BUILDING.get()


def plain(value: Any) -> Any:
    """A part as it is written; anything else as it is."""
    return value.to_dict() if isinstance(value, Part) else value
