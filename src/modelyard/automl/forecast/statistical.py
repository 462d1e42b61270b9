"""statsforecast's models, imported when first used: a second and more, so only where series are fitted."""

from __future__ import annotations

import os
from typing import Any

from modelyard.domain.extras import LazyModule

# What its compiler made is kept on disk: the first fit of CES takes twenty seconds otherwise, in every process.
os.environ.setdefault("NIXTLA_NUMBA_CACHE", "1")

models: Any = LazyModule("statsforecast.models", extra="automl", what="A statistical forecaster")
