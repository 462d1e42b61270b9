"""YAML files to entities and back, with line numbers, includes and overrides."""

from modelyard.yamlio.dumping import dump
from modelyard.yamlio.loading import load

__all__ = ["dump", "load"]
