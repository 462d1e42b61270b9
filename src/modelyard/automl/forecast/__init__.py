"""Forecasting: the flow of a search over series instead of rows."""
