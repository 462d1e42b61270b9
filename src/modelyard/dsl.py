"""Pipelines as Python functions, under the names of Azure ML's SDK: `@dsl.pipeline`, conditions and loops."""

from __future__ import annotations

from modelyard.kinds.pipeline_building import condition, do_while, parallel_for, pipeline

if_else = condition

__all__ = ["condition", "do_while", "if_else", "parallel_for", "pipeline"]
