"""Arrow, or the command that installs it."""

from __future__ import annotations

from modelyard.domain.extras import require

_WHAT = "Reading tables"

pa = require("pyarrow", extra="server", what=_WHAT)
compute = require("pyarrow.compute", extra="server", what=_WHAT)
csv = require("pyarrow.csv", extra="server", what=_WHAT)
parquet = require("pyarrow.parquet", extra="server", what=_WHAT)
numpy = require("numpy", extra="server", what=_WHAT)
pandas = require("pandas", extra="server", what=_WHAT)
