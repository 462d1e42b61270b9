"""The processes of one task: one for a plain command, several when a distribution is asked for on this node."""

from __future__ import annotations

import os

from .lean import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MPI_SAFE = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


class Rank:
    """One process to start: its number, its arguments, its own variables and the name of its log."""

    def __init__(self, number: int, argv: list[str], variables: dict[str, str]) -> None:
        self.number = number
        self.argv = argv
        self.variables = variables
        self.log = "std_log.txt" if number == 0 else f"std_log_process_{number}.txt"


def ranks(document: dict[str, Any], argv: list[str]) -> list[Rank]:
    """Every process of the task. Nodes of a distribution are laid side by side on this one machine."""
    count = int(document.get("processes") or 1)
    distribution = document.get("distribution") or {}
    kind = distribution.get("type")
    if kind is None and count == 1:
        return [Rank(0, argv, {"AZUREML_PROCESS_NAME": "main"})]
    mpirun = _on_path("mpirun", document["env"].get("PATH", ""))
    if kind == "mpi" and mpirun:
        return [Rank(0, [mpirun, "-np", str(count), *argv], {**_mpi(0, count), **MPI_SAFE})]
    ports = _free_ports(count + int(distribution.get("parameter_server_count") or 0) + 1)
    return [Rank(number, argv, _variables(kind, number, count, distribution, ports)) for number in range(count)]


def _variables(
    kind: str | None, rank: int, count: int, distribution: dict[str, Any], ports: list[int]
) -> dict[str, str]:
    common = {"AZUREML_PROCESS_NAME": f"rank_{rank}"}
    if kind == "pytorch":
        return {**common, **_pytorch(rank, count, distribution, ports[0])}
    if kind == "tensorflow":
        return {**common, "TF_CONFIG": _tensorflow(rank, count, distribution, ports[1:])}
    return {**common, **_mpi(rank, count)}


def _pytorch(rank: int, count: int, distribution: dict[str, Any], port: int) -> dict[str, str]:
    per_node = max(1, count // max(1, int(distribution.get("nodes") or 1)))
    return {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(count),
        "RANK": str(rank),
        "NODE_RANK": str(rank // per_node),
        "LOCAL_RANK": str(rank % per_node),
        "LOCAL_WORLD_SIZE": str(per_node),
        "AZUREML_CR_NODE_RANK": str(rank // per_node),
    }


def _tensorflow(rank: int, count: int, distribution: dict[str, Any], ports: list[int]) -> str:
    servers = int(distribution.get("parameter_server_count") or 0)
    workers = count - servers
    addresses = [f"127.0.0.1:{port}" for port in ports[:count]]
    cluster = {"worker": addresses[:workers]}
    if servers:
        cluster["ps"] = addresses[workers:]
    task = {"type": "worker", "index": rank} if rank < workers else {"type": "ps", "index": rank - workers}
    return dumps({"cluster": cluster, "task": task, "environment": "cloud"})


def _mpi(rank: int, count: int) -> dict[str, str]:
    return {
        "OMPI_COMM_WORLD_RANK": str(rank),
        "OMPI_COMM_WORLD_SIZE": str(count),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(rank),
        "OMPI_COMM_WORLD_LOCAL_SIZE": str(count),
        "AZ_BATCHAI_MPI_MASTER_NODE": "127.0.0.1",
        "AZ_BATCH_MASTER_NODE": "127.0.0.1:6000",
        "AZ_BATCH_HOST_LIST": "127.0.0.1",
    }


def _on_path(name: str, path: str) -> str | None:
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, name)
        if folder and os.access(candidate, os.X_OK):
            return candidate
    return None


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    import socket

    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()
