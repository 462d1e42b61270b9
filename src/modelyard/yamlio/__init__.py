"""YAML files to entities and back, with line numbers, includes and overrides."""

from modelyard.yamlio.dumping import dump
from modelyard.yamlio.loading import load
from modelyard.yamlio.overrides import Flags

__all__ = ["Flags", "dump", "load"]
