"""What to do for a table, a task and a budget: settings, defaults, portfolio of configurations."""
