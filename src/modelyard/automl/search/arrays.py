"""Arrays that processes share: files, read by mapping them into memory. Written once, whole, then only read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from modelyard.automl.featurize.design import Design
from modelyard.domain.extras import LazyModule

sparse = LazyModule("scipy.sparse", extra="automl", what="a sparse design")

_HEADER = "design.json"


def write_array(path: Path, array: np.ndarray) -> Path:
    """`path` appears at once and whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    part.replace(path)
    return path


def read_array(path: Path, *, mapped: bool = True) -> np.ndarray:
    """Where mapped, what is written to it stays in this process: some learners want writable memory."""
    return np.asarray(np.load(path, mmap_mode="c" if mapped else None, allow_pickle=False))


def write_design(folder: Path, design: Design) -> None:
    """`folder` holds the matrix and, written last, the header."""
    folder.mkdir(parents=True, exist_ok=True)
    header: dict[str, Any] = {
        "names": list(design.names),
        "categorical": list(design.categorical),
        "cardinalities": list(design.cardinalities),
    }
    if isinstance(design.matrix, np.ndarray):
        write_array(folder / "matrix.npy", design.matrix)
    else:
        matrix = design.matrix.tocsr()
        header["shape"] = [int(size) for size in matrix.shape]
        for part in ("data", "indices", "indptr"):
            write_array(folder / f"{part}.npy", getattr(matrix, part))
    part_file = folder / f"{_HEADER}.{os.getpid()}.part"
    part_file.write_text(json.dumps(header))
    part_file.replace(folder / _HEADER)


def has_design(folder: Path) -> bool:
    return (folder / _HEADER).is_file()


def read_design(folder: Path) -> Design:
    header = json.loads((folder / _HEADER).read_text())
    if "shape" in header:
        data, indices, indptr = (read_array(folder / f"{part}.npy") for part in ("data", "indices", "indptr"))
        matrix = sparse.csr_matrix((data, indices, indptr), shape=tuple(header["shape"]), copy=False)
    else:
        matrix = read_array(folder / "matrix.npy")
    return Design(matrix, tuple(header["names"]), tuple(header["categorical"]), tuple(header["cardinalities"]))
