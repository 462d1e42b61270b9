"""Migrations of our tables: `versions/<number>_<what>.py`, in the order of their numbers.

`python scripts/draft_migration.py <what>` writes the next one from what changed in `store/rows`. A released one is
never edited. Expand first, contract in a later release, so that the release before still works with the schema.
"""
