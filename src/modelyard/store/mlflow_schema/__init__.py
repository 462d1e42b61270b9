"""MLflow's tables in our database: a checked copy of what its own migrations make."""
