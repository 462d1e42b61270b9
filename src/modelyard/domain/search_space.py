"""Search spaces of a sweep: what each parameter may be.

The meaning of each distribution is Azure ML's. The bounds of a log distribution are bounds of the logarithm of the
value, to base e unless the sampling algorithm says another `logbase`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Tag

from modelyard.domain.entity import Part, problem
from modelyard.domain.errors import InvalidInput
from modelyard.domain.unions import by_type

Scalar = bool | int | float | str
_SEPARATOR = "."
# exp() of more than this overflows a float.
_LARGEST_EXPONENT = 709.0


class Choice(Part):
    """One of the values. A value that is a mapping opens a space of its own, searched when that value is drawn."""

    positional: ClassVar[tuple[str, ...]] = ("values",)

    type: Literal["choice"] = "choice"
    values: list[Any]
    """Numbers, texts, or mappings whose members are literals or distributions."""

    def problems(self) -> Iterable[dict[str, str]]:
        if not self.values:
            yield problem("values", "a choice needs at least one value", "list the values, such as [16, 32]")
        for index, value in enumerate(self.values):
            if value is None or isinstance(value, list):
                yield problem(f"values.{index}", "a value is a number, a text, true or false, or a mapping")


class Randint(Part):
    """A whole number from 0 up to, not including, `upper`."""

    positional: ClassVar[tuple[str, ...]] = ("upper",)

    type: Literal["randint"] = "randint"
    upper: int

    def problems(self) -> Iterable[dict[str, str]]:
        if self.upper < 1:
            yield problem("upper", f"upper must be at least 1, not {self.upper}")


class _Bounded(Part):
    positional: ClassVar[tuple[str, ...]] = ("min_value", "max_value", "q")

    min_value: float
    max_value: float
    logarithmic: ClassVar[bool] = False

    def problems(self) -> Iterable[dict[str, str]]:
        yield from _finite(self, "min_value", "max_value")
        if self.min_value >= self.max_value:
            text = f"min_value {self.min_value:g} is not below max_value {self.max_value:g}"
            yield problem("min_value", text, "swap them, or write the one value into the command")
        elif self.logarithmic and self.max_value > _LARGEST_EXPONENT:
            mend = f"for values up to {self.max_value:g} write max_value: {math.log(self.max_value):.4g}"
            yield problem("max_value", "the bounds are of the logarithm of the value; this overflows", mend)
        yield from _quantum(self)


class Uniform(_Bounded):
    """A real number, uniform between the bounds."""

    type: Literal["uniform"] = "uniform"


class QUniform(_Bounded):
    """round(uniform(min_value, max_value) / q) * q."""

    type: Literal["quniform"] = "quniform"
    q: float


class LogUniform(_Bounded):
    """exp(uniform(min_value, max_value))."""

    type: Literal["loguniform"] = "loguniform"
    logarithmic: ClassVar[bool] = True


class QLogUniform(_Bounded):
    """round(exp(uniform(min_value, max_value)) / q) * q."""

    type: Literal["qloguniform"] = "qloguniform"
    logarithmic: ClassVar[bool] = True
    q: float


class _Gaussian(Part):
    positional: ClassVar[tuple[str, ...]] = ("mu", "sigma", "q")

    mu: float
    sigma: float
    logarithmic: ClassVar[bool] = False

    def problems(self) -> Iterable[dict[str, str]]:
        yield from _finite(self, "mu", "sigma")
        if self.sigma <= 0:
            yield problem("sigma", f"sigma must be above 0, not {self.sigma:g}")
        yield from _quantum(self)


class Normal(_Gaussian):
    """A real number from the normal distribution of mean `mu` and deviation `sigma`."""

    type: Literal["normal"] = "normal"


class QNormal(_Gaussian):
    """round(normal(mu, sigma) / q) * q."""

    type: Literal["qnormal"] = "qnormal"
    q: float


class LogNormal(_Gaussian):
    """exp(normal(mu, sigma))."""

    type: Literal["lognormal"] = "lognormal"
    logarithmic: ClassVar[bool] = True


class QLogNormal(_Gaussian):
    """round(exp(normal(mu, sigma)) / q) * q."""

    type: Literal["qlognormal"] = "qlognormal"
    logarithmic: ClassVar[bool] = True
    q: float


SearchDistribution = Annotated[
    Annotated[Choice, Tag("<choice>")]
    | Annotated[Randint, Tag("<randint>")]
    | Annotated[Uniform, Tag("<uniform>")]
    | Annotated[QUniform, Tag("<quniform>")]
    | Annotated[LogUniform, Tag("<loguniform>")]
    | Annotated[QLogUniform, Tag("<qloguniform>")]
    | Annotated[Normal, Tag("<normal>")]
    | Annotated[QNormal, Tag("<qnormal>")]
    | Annotated[LogNormal, Tag("<lognormal>")]
    | Annotated[QLogNormal, Tag("<qlognormal>")],
    by_type(),
]
AnyDistribution = (
    Choice | Randint | Uniform | QUniform | LogUniform | QLogUniform | Normal | QNormal | LogNormal | QLogNormal
)
_KINDS: Mapping[str, type[Part]] = {
    str(kind.own_type()): kind
    for kind in (Choice, Randint, Uniform, QUniform, LogUniform, QLogUniform, Normal, QNormal, LogNormal, QLogNormal)
}


def member(value: Any) -> Any:
    """A member of a nested mapping: a distribution where it is one (or is written as one), else a literal."""
    if isinstance(value, Mapping) and str(value.get("type", "")).replace("_", "").lower() in _KINDS:
        return _KINDS[str(value["type"]).replace("_", "").lower()].from_dict(value)
    return value


def is_discrete(distribution: AnyDistribution) -> bool:
    """Whether every value of it, and of the spaces nested in it, can be listed."""
    if isinstance(distribution, Randint):
        return True
    if not isinstance(distribution, Choice):
        return False
    nested = (item for value in distribution.values if isinstance(value, Mapping) for item in value.values())
    return all(not isinstance(item, Part) or is_discrete(item) for item in map(member, nested))  # type: ignore[arg-type]


def parameter_names(space: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Every name that `${{search_space.<name>}}` may use: `model`, and `model.depth` inside a nested choice."""
    for name, value in space.items():
        path = f"{prefix}{name}"
        yield path
        distribution = member(value)
        if isinstance(distribution, Choice):
            for option in distribution.values:
                if isinstance(option, Mapping):
                    yield from parameter_names(option, f"{path}{_SEPARATOR}")


def space_problems(space: Mapping[str, AnyDistribution], field: str = "search_space") -> Iterator[dict[str, str]]:
    """What is wrong with a space as a whole: nothing in it, names, members of nested mappings."""
    if not space:
        yield problem(field, "the search space is empty", "give at least one parameter a distribution")
    for name, distribution in space.items():
        if not name.replace("_", "a").replace("-", "a").isalnum():
            yield problem(field, f"'{name[:60]}' is not a parameter name", "use letters, digits, '-' and '_'")
        if isinstance(distribution, Choice):
            yield from _option_problems(distribution, f"{field}.{name}")


def describe(distribution: AnyDistribution, base: float | str) -> str:
    """The values that a distribution covers, in words; `base` is that of the logarithms."""
    if isinstance(distribution, Choice):
        return f"one of {', '.join(_shortened(value) for value in distribution.values)}"
    if isinstance(distribution, Randint):
        return f"a whole number from 0 to {distribution.upper - 1}"
    step = f", in steps of {distribution.q:g}" if hasattr(distribution, "q") else ""
    number = math.e if base == "e" else float(base)
    shown = base if isinstance(base, str) else f"{base:g}"
    if isinstance(distribution, _Bounded):
        low, high = distribution.min_value, distribution.max_value
        if not distribution.logarithmic:
            return f"searched from {low:g} to {high:g}{step}"
        bounds = f"bounds {low:g} to {high:g} of the logarithm, base {shown}"
        return f"searched from {number**low:.6g} to {number**high:.6g}{step} ({bounds})"
    spread = f"mean {distribution.mu:g}, deviation {distribution.sigma:g}"
    return f"normal, {spread}{step}" + (f", of the logarithm, base {shown}" if distribution.logarithmic else "")


def _shortened(value: Any) -> str:
    return f"a space of {', '.join(map(str, value))}" if isinstance(value, Mapping) else str(value)[:60]


def base_problems(space: Mapping[str, AnyDistribution], base: float | str) -> Iterator[dict[str, str]]:
    """Bounds of logarithms that are too large for this base. Those to base e are checked with their distribution."""
    if base == "e":
        return
    largest = _LARGEST_EXPONENT / math.log(float(base))
    for name, distribution in space.items():
        if isinstance(distribution, LogUniform | QLogUniform) and distribution.max_value > largest:
            text = f"the bounds are of the logarithm to base {base} of the value; this overflows"
            yield problem(f"search_space.{name}.max_value", text, f"stay below {largest:.4g}")


def _option_problems(choice: Choice, field: str) -> Iterator[dict[str, str]]:
    for index, option in enumerate(choice.values):
        if not isinstance(option, Mapping):
            continue
        for key, value in option.items():
            place = f"{field}.values.{index}.{key}"
            try:
                inner = member(value)
            except InvalidInput as error:
                yield problem(f"{place}.{error.field}", error.message, error.mend)
                continue
            if isinstance(inner, Choice):
                yield from _option_problems(inner, place)
            elif not isinstance(inner, Part | bool | int | float | str):
                yield problem(place, "neither a literal nor a distribution", "give it a 'type'")


def _finite(part: Part, *fields: str) -> Iterator[dict[str, str]]:
    for field in fields:
        if not math.isfinite(getattr(part, field)):
            yield problem(field, f"{field} must be a finite number")


def _quantum(part: Part) -> Iterator[dict[str, str]]:
    q = getattr(part, "q", None)
    if q is not None and not (math.isfinite(q) and q > 0):
        yield problem("q", f"q must be above 0, not {q:g}")
