"""Drafts the next migration from what changed in `store/rows`: `python scripts/draft_migration.py add_quotas`.

Read it before it is committed: Alembic sees added and removed things, not renamed ones, and no data.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code

from modelyard.store import schema, upgrade
from modelyard.store.database import Database

VERSIONS = Path(schema.versions.__path__[0])
TEMPLATE = '''"""{title}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
{imports}
revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


# lint: long-function: drafted by a program, read in one go, never changed after its release
def upgrade() -> None:
    {body}
'''


def main(what: str) -> int:
    slug = re.sub(r"[^a-z0-9]+", "_", what.lower()).strip("_")
    known = schema.revisions()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/draft.db")
        if known:
            database.migrate()
        with database.engines.write.begin() as connection:
            context = upgrade.comparison(connection)
            changes = produce_migrations(context, schema.METADATA).upgrade_ops
            imports: set[str] = set()
            body = render_python_code(
                changes, migration_context=context, imports=imports, render_item=upgrade.render_type
            )
        database.dispose()
    revision = f"{len(known) + 1:04d}"
    path = VERSIONS / f"{revision}_{slug}.py"
    text = TEMPLATE.format(
        # Alembic's own remarks say nothing here.
        title=slug.replace("_", " ").capitalize(),
        imports="\n".join(sorted({*imports, "from sqlalchemy.dialects import postgresql"})) + "\n",
        revision=revision,
        before=f'"{known[-1]}"' if known else None,
        body=re.sub(r"\n? *# ###.*", "", body).strip(),
    )
    path.write_text(text)
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run([ruff, "check", "--quiet", "--fix", path], check=False)
    subprocess.run([ruff, "format", "--quiet", path], check=False)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main("_".join(sys.argv[1:]) or "change"))
