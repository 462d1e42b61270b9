"""The MLflow protocol: hot calls by our own SQL, everything else by MLflow's handlers. See docs/adr."""
