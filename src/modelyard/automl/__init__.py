"""AutoML: the best tabular and forecasting models for a budget.

As a library, without a server: `automl.fit(table, target="income", timeout_minutes=1)`. As a job:
`automl.classification(...)`. Names are imported when they are first used.
"""

from __future__ import annotations
