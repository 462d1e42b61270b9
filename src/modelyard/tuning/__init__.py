"""The logic of a sweep: spaces, sampling strategies and early termination. No database, no processes."""
