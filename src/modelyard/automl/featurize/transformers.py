"""What a user says of transformers, by Azure ML's names: which are blocked, and how others are set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard.automl.plan.settings import Featurization
from modelyard.domain.errors import InvalidInput, did_you_mean

ONE_HOT, TARGET, TF_IDF = "one_hot_encoder", "cat_target_encoder", "tf_idf"
COUNTS, LABELS = "count_vectorizer", "label_encoder"
# Known to Azure ML, and nothing that the engine would do by itself.
_NEVER_USED = ("text_target_encoder", "wo_e_target_encoder", "word_embedding", "naive_bayes", "hash_one_hot_encoder")
_KNOWN = (ONE_HOT, TARGET, TF_IDF, COUNTS, LABELS, *_NEVER_USED)
_STRATEGIES = ("mean", "median", "most_frequent", "constant")
_FIELD = "featurization.transformer_params"
# Written without spaces between words.
_WITHOUT_SPACES = ("zho", "chi", "jpn", "tha", "lao", "khm", "mya")


@dataclass(frozen=True)
class TermSettings:
    """How the terms of a text column are made."""

    most: int = 3000
    pairs: bool = True
    pieces: bool = False


@dataclass(frozen=True)
class Transformers:
    blocked: frozenset[str] = frozenset()
    imputations: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """By column: strategy and constant."""
    terms: Mapping[str, TermSettings] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)
    """Most indicators of a column."""
    messages: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Featurization, columns: Iterable[str]) -> Transformers:
        """
        Raises:
            InvalidInput: a name or a parameter is not known.
        """
        names = list(columns)
        messages: list[str] = []
        blocked = frozenset(_known(name) for name in settings.blocked_transformers)
        for name in sorted(blocked & set(_NEVER_USED)):
            messages.append(f"{name} is blocked; the engine does not use it anyway.")
        imputations: dict[str, tuple[str, float]] = {}
        terms: dict[str, TermSettings] = {}
        categories: dict[str, int] = {}
        if settings.language[:3].lower() in _WITHOUT_SPACES:
            terms = dict.fromkeys(names, TermSettings(pieces=True))
        elif settings.language not in ("eng", "en", "mul"):
            messages.append(
                f"Texts are split at Unicode's word boundaries; language '{settings.language}' adds nothing."
            )
        for name, entries in settings.transformer_params.items():
            known = _known(name, also=("imputer",))
            for entry in entries:
                fields = _fields(entry, names)
                parameters = dict(entry.get("parameters") or {})
                if known == "imputer":
                    imputations.update(dict.fromkeys(fields, _imputation(parameters)))
                elif known == TF_IDF:
                    terms.update(dict.fromkeys(fields, _terms(parameters)))
                elif known == "hash_one_hot_encoder":
                    categories.update(dict.fromkeys(fields, _bits(parameters)))
                else:
                    raise InvalidInput(
                        f"{name} takes no parameters", field=_FIELD, mend="imputer, tf_idf or hash_one_hot_encoder"
                    )
                if parameters:
                    messages.append(f"{name}: {', '.join(sorted(parameters))} cannot be set here and is left aside.")
        return cls(blocked, imputations, terms, categories, tuple(messages))

    def to_dict(self) -> dict[str, Any]:
        return {
            "blocked": sorted(self.blocked),
            "imputations": {name: list(value) for name, value in self.imputations.items()},
            "terms": {name: [one.most, one.pairs, one.pieces] for name, one in self.terms.items()},
            "categories": dict(self.categories),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Transformers:
        return cls(
            frozenset(stored["blocked"]),
            {name: (str(value[0]), float(value[1])) for name, value in stored["imputations"].items()},
            {name: TermSettings(int(one[0]), bool(one[1]), bool(one[2])) for name, one in stored["terms"].items()},
            {name: int(most) for name, most in stored["categories"].items()},
        )


def _known(name: str, also: tuple[str, ...] = ()) -> str:
    folded = name.replace("_", "").lower()
    for known in (*_KNOWN, *also):
        if known.replace("_", "") == folded:
            return known
    raise InvalidInput(
        f"'{name}' is no transformer",
        field="featurization",
        mend=did_you_mean(name, (*_KNOWN, *also)) or ", ".join(_KNOWN),
    )


def _fields(entry: Mapping[str, Any], names: list[str]) -> list[str]:
    wanted = list(entry.get("fields") or names)
    for name in wanted:
        if name not in names:
            raise InvalidInput(f"there is no column '{name}'", field=_FIELD, mend=did_you_mean(name, names))
    return wanted


def _imputation(parameters: dict[str, Any]) -> tuple[str, float]:
    strategy = str(parameters.pop("strategy", "median"))
    if strategy not in _STRATEGIES:
        text = f"'{strategy}' is no way to fill in what is missing"
        raise InvalidInput(text, field=_FIELD, mend=f"one of {', '.join(_STRATEGIES)}")
    return strategy, _told(parameters.pop("fill_value", 0.0), "fill_value")


def _terms(parameters: dict[str, Any]) -> TermSettings:
    most = int(_told(parameters.pop("max_features", TermSettings.most), "max_features"))
    lengths = parameters.pop("ngram_range", (1, 2))
    pieces = str(parameters.pop("analyzer", "word")).startswith("char")
    try:
        longest = int(lengths[1])
    except (TypeError, ValueError, LookupError) as error:
        raise InvalidInput("ngram_range needs two numbers", field=_FIELD, mend="such as [1, 2]") from error
    if most < 1:
        raise InvalidInput("max_features must be 1 or more", field=_FIELD)
    return TermSettings(most, longest >= 2, pieces)


def _bits(parameters: dict[str, Any]) -> int:
    bits = int(_told(parameters.pop("number_of_bits", 8), "number_of_bits"))
    if not 1 <= bits <= 16:
        raise InvalidInput("number_of_bits must be from 1 to 16", field=_FIELD)
    return int(2**bits)


def _told(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} must be a number, not {value!r}", field=_FIELD) from error
