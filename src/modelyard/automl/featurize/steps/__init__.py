"""How the values of one column become features: one file a kind of step."""
