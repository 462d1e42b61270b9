"""Forecasters, one file each; found by a scan."""
