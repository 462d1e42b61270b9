"""The hot paths of tracking: plain SQL on MLflow's tables, by connections of their own."""
