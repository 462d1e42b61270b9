"""Arrow, loaded at its first use, or the command that installs it."""

from __future__ import annotations

from typing import Any

from modelyard.domain.extras import LazyModule


def _library(module: str) -> Any:
    return LazyModule(module, extra="server", what="Reading tables")


pa = _library("pyarrow")
compute = _library("pyarrow.compute")
csv = _library("pyarrow.csv")
parquet = _library("pyarrow.parquet")
numpy = _library("numpy")
pandas = _library("pandas")
