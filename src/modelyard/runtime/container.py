"""The argument list that runs a task's command in a container engine, and the one that removes what is left of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def container_argv(document: dict[str, Any], directory: str, variables: list[str], argv: list[str]) -> list[str]:
    """Run `argv` in the task's image; paths inside are the paths outside, values come from the engine's environment."""
    container = document["container"]
    mounts = [directory, document["artifacts_dir"]]
    read_only = [entry["target"] for entry in document.get("inputs", ()) if entry.get("source", {}).get("path")]
    mounts += [_folder(entry) for entry in document.get("outputs", ())]
    command = [container["engine"], "run", "--rm", "--init", "--name", container_name(document)]
    for path in dict.fromkeys(mounts):
        command += ["--volume", f"{path}:{path}"]
    for path in dict.fromkeys(read_only):
        if not path.startswith(directory + "/"):
            command += ["--volume", f"{path}:{path}:ro"]
    for source in _links(document, directory):
        command += ["--volume", f"{source}:{source}:ro"]
    for name in variables:
        command += ["--env", name]
    command += ["--workdir", f"{directory}/wd", *container.get("args", ()), "--entrypoint", argv[0]]
    return [*command, container["image"], *argv[1:]]


def cleanup_argv(document: dict[str, Any]) -> list[str]:
    """Remove the task's container by force; empty when the task has none."""
    container = document.get("container")
    return [container["engine"], "rm", "--force", container_name(document)] if container else []


def container_name(document: dict[str, Any]) -> str:
    return "modelyard-" + "".join(letter if letter.isalnum() else "-" for letter in document["task_id"])


def _folder(entry: dict[str, Any]) -> str:
    path = str(entry["path"])
    return path.rpartition("/")[0] if entry["type"] == "uri_file" else path


def _links(document: dict[str, Any], directory: str) -> list[str]:
    """Sources of inputs that stand as links in the task directory: their targets must exist inside too."""
    found = []
    for entry in document.get("inputs", ()):
        source = entry.get("source", {}).get("path")
        if source and entry.get("target", "").startswith(directory + "/") and entry["mode"] not in _COPIED:
            found.append(str(source))
    return found


_COPIED = ("download", "eval_download")
