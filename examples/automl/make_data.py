"""Writes the tables of these examples: three that scikit-learn ships, and three made up here. `python make_data.py`"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes

DATA = Path(__file__).parent / "data"
WORDS = {
    "good": "quick quiet sturdy pleased perfect recommend bright lasts value excellent".split(),
    "bad": "broken late noisy refund loose scratched returned stopped weak disappointed".split(),
    "any": "the box came with a cable and we use it in our kitchen every day since spring".split(),
}


def tumours() -> pd.DataFrame:
    """569 tumours (Wisconsin, 1995): the ten mean measurements, and whether it was benign."""
    table = load_breast_cancer(as_frame=True).frame
    mean = table[[name for name in table if name.startswith("mean ")]]
    return mean.rename(columns=lambda name: name.removeprefix("mean ").replace(" ", "_")).assign(benign=table["target"])


def diabetes() -> pd.DataFrame:
    """442 patients: ten measurements, and the progression of the disease a year later (Efron et al. 2004)."""
    return load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})


def payments(random: np.random.Generator) -> pd.DataFrame:
    """1,500 payments, one in thirty of them fraud."""
    rows = 1500
    country = random.choice(["DE", "FR", "NL", "US", "BR"], rows, p=[0.4, 0.25, 0.15, 0.15, 0.05])
    amount = random.lognormal(3.5, 1.0, rows)
    hour = random.integers(0, 24, rows)
    device_days = random.exponential(200, rows)
    night = (hour < 6).astype(float)
    risk = -4.5 + 0.012 * amount + 1.6 * night + 1.5 * (country == "BR") - 0.004 * device_days
    fraud = random.random(rows) < 1 / (1 + np.exp(-risk))
    table = {"amount": amount.round(2), "hour": hour, "country": country, "device_days": device_days.round(0)}
    return pd.DataFrame(table | {"is_fraud": fraud.astype(int)})


def sales(random: np.random.Generator) -> pd.DataFrame:
    """Units sold a day in four stores, with the price of the day: a trend, a week, and what the price does."""
    days = pd.date_range("2024-01-01", periods=180, freq="D")
    parts = []
    for number, store in enumerate(["north", "south", "east", "west"]):
        week = 8 * np.sin(2 * np.pi * (np.arange(len(days)) + number) / 7)
        price = random.choice([2.0, 2.2, 2.5], len(days), p=[0.6, 0.25, 0.15])
        level = 40 + 12 * number + 0.05 * (number - 1) * np.arange(len(days))
        units = level + week - 14 * (price - 2.0) + random.normal(0, 2.5, len(days))
        parts.append(pd.DataFrame({"day": days, "store": store, "price": price, "units": units.round(1)}))
    return pd.concat(parts, ignore_index=True)


def reviews(random: np.random.Generator) -> pd.DataFrame:
    """500 made-up reviews of products, and whether the buyer would buy again."""
    rows = []
    for _ in range(500):
        happy = random.random() < 0.6
        tone = WORDS["good" if happy ^ (random.random() < 0.1) else "bad"]
        words = [*random.choice(tone, 3), *random.choice(WORDS["any"], 9)]
        random.shuffle(words)
        product = str(random.choice(["kettle", "lamp", "radio"]))
        rows.append(
            {
                "review": " ".join(words),
                "product": product,
                "price": round(20 + 60 * random.random(), 2),
                "again": "yes" if happy else "no",
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    DATA.mkdir(exist_ok=True)
    random = np.random.default_rng(20)
    tables = {"tumours": tumours(), "diabetes": diabetes(), "payments": payments(random), "sales": sales(random)}
    for name, table in (tables | {"reviews": reviews(random)}).items():
        table.to_csv(DATA / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
