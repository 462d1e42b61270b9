"""Nested state as one zip: JSON, arrays as `.npy`, long texts and bytes as members. Never a pickle.

A booster's text stays readable inside: `unzip -p model.zip texts/0.txt`.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.domain.errors import InvalidInput

_TREE = "state.json"
_LONG_TEXT = 1024
_LARGEST_BYTES = 16 * 2**30
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""One time for all members: equal states are equal bytes."""


def pack(state: Mapping[str, Any]) -> bytes:
    """The archive of JSON values, numpy arrays (none of objects) and scalars, texts and bytes, nested in any way.

    Raises:
        TypeError: something else was in it.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        writer = _Writer(archive)
        tree = writer.encode(state)
        writer.add(_TREE, json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode())
    return target.getvalue()


def unpack(archive: bytes) -> dict[str, Any]:
    """What `pack` was given; tuples come back as lists.

    Raises:
        InvalidInput: it is no such archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if sum(member.file_size for member in opened.infolist()) > _LARGEST_BYTES:
                raise InvalidInput("The model's archive unpacks to more than 16 GiB.", field="model.zip")
            state = _decode(json.loads(opened.read(_TREE)), opened)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise InvalidInput(f"This is no archive of a model: {error}.", field="model.zip") from error
    if not isinstance(state, dict):
        raise InvalidInput("This is no archive of a model.", field="model.zip")
    return state


class _Writer:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._count = 0

    def add(self, name: str, content: bytes) -> None:
        # What is compressed already (an archive within, a booster) would only take time.
        packed = content[:2] in (b"PK", b"\x78\xda")
        way = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        self._archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, way, 6)

    def encode(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value.item() if isinstance(value, np.generic) else value
        if isinstance(value, str):
            return str(value) if len(value) < _LONG_TEXT else self._member("$text", "texts", "txt", value.encode())
        if isinstance(value, bytes | bytearray):
            return self._member("$bytes", "bytes", "bin", bytes(value))
        if isinstance(value, np.ndarray):
            return self._member("$array", "arrays", "npy", _npy(value))
        if isinstance(value, np.generic):
            return self.encode(value.item())
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.encode(one) for one in value]
        raise TypeError(f"a {type(value).__name__} has no place in a saved model")

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {str(key): self.encode(one) for key, one in value.items()}
        return {"$pairs": [[self.encode(key), self.encode(one)] for key, one in value.items()]}

    def _member(self, mark: str, folder: str, ending: str, content: bytes) -> dict[str, str]:
        name = f"{folder}/{self._count}.{ending}"
        self._count += 1
        self.add(name, content)
        return {mark: name}


def _npy(array: np.ndarray) -> bytes:
    if array.dtype.hasobject:
        raise TypeError("an array of objects has no place in a saved model")
    target = io.BytesIO()
    np.lib.format.write_array(target, np.asarray(array, order="C"), allow_pickle=False)
    return target.getvalue()


def _decode(value: Any, archive: zipfile.ZipFile) -> Any:
    if isinstance(value, list):
        return [_decode(one, archive) for one in value]
    if not isinstance(value, dict):
        return value
    if "$text" in value:
        return archive.read(value["$text"]).decode()
    if "$bytes" in value:
        return archive.read(value["$bytes"])
    if "$array" in value:
        return np.lib.format.read_array(io.BytesIO(archive.read(value["$array"])), allow_pickle=False)
    if "$pairs" in value:
        return {_decode(key, archive): _decode(one, archive) for key, one in value["$pairs"]}
    return {key: _decode(one, archive) for key, one in value.items()}
