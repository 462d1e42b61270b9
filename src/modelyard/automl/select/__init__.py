"""The choice among finished candidates: score, Pareto front, hard limits."""
