"""Constants under the names that Azure ML's SDK gives them."""

from __future__ import annotations

from modelyard.domain.choices import AssetTypes, InputOutputModes, ModelType

__all__ = ["AssetTypes", "InputOutputModes", "ModelType"]
