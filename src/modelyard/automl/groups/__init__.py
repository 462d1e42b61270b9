"""Many models: one for each group of a table (a model per store), trained side by side, saved and served as one."""
