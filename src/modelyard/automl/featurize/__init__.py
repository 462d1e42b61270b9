"""From columns to matrices, fitted inside each fold; guardrails and the checks before any training."""
