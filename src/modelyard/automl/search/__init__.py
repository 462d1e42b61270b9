"""The search: trials in worker processes, inside the walls of the budget."""
