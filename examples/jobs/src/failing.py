"""Fails the way scripts do: deep inside, with a message."""


def mean(values: list[float]) -> float:
    if not values:
        raise ValueError("no values: the table is empty")
    return sum(values) / len(values)


print("reading the table")
print(mean([]))
