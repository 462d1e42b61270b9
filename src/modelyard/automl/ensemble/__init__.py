"""Voting and stacking over out-of-fold predictions."""
