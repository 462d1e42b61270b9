"""Enumerations as Azure ML reads them: in any case, and in snake_case, camelCase or words."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


def squash(text: str) -> str:
    """The form in which two spellings of one value are equal: `AUC_weighted` and `AUCWeighted`."""
    return text.replace("_", "").replace("-", "").replace(" ", "").lower()


class Choice(StrEnum):
    """A closed set of words. Its value is the spelling that we write; others are accepted."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        wanted = squash(value)
        return next((member for member in cls if squash(member.value) == wanted), None)


class AssetTypes(Choice):
    URI_FILE = "uri_file"
    URI_FOLDER = "uri_folder"
    MLTABLE = "mltable"
    CUSTOM_MODEL = "custom_model"
    MLFLOW_MODEL = "mlflow_model"
    TRITON_MODEL = "triton_model"


class DataType(Choice):
    URI_FILE = "uri_file"
    URI_FOLDER = "uri_folder"
    MLTABLE = "mltable"


class ModelType(Choice):
    CUSTOM_MODEL = "custom_model"
    MLFLOW_MODEL = "mlflow_model"
    TRITON_MODEL = "triton_model"


class InputOutputModes(Choice):
    RO_MOUNT = "ro_mount"
    RW_MOUNT = "rw_mount"
    MOUNT = "mount"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    DIRECT = "direct"
    EVAL_MOUNT = "eval_mount"
    EVAL_DOWNLOAD = "eval_download"


class InputType(Choice):
    """What an input may hold: a file, a folder, a table, a model, or a literal."""

    URI_FILE = "uri_file"
    URI_FOLDER = "uri_folder"
    MLTABLE = "mltable"
    CUSTOM_MODEL = "custom_model"
    MLFLOW_MODEL = "mlflow_model"
    TRITON_MODEL = "triton_model"
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"

    @property
    def literal(self) -> bool:
        return self in (InputType.STRING, InputType.INTEGER, InputType.NUMBER, InputType.BOOLEAN)


class JobTier(Choice):
    SPOT = "spot"
    BASIC = "basic"
    STANDARD = "standard"
    PREMIUM = "premium"
    NULL = "null"


class JobPriority(Choice):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AuthMode(Choice):
    KEY = "key"
    AML_TOKEN = "aml_token"
    AAD_TOKEN = "aad_token"


class Enablement(Choice):
    ENABLED = "enabled"
    DISABLED = "disabled"


class OsType(Choice):
    LINUX = "linux"
    WINDOWS = "windows"


class ComputeTier(Choice):
    DEDICATED = "dedicated"
    LOW_PRIORITY = "low_priority"


class RollingRate(Choice):
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
