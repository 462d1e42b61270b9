"""Forecasting: series, features, backtests, models, ensembles, intervals."""
