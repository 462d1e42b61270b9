"""What a model's predictions look like: as data of bounded size, and as pictures."""
