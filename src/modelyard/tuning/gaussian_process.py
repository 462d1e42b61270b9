"""A small Gaussian process for expensive objectives: Matern-5/2 with a length scale for each dimension.

Hyperparameters are at the maximum of the posterior (Rasmussen and Williams 2006, chapter 5, with weak log-normal
priors); proposals maximise the logarithm of expected improvement (Ament et al. 2023). Arrays are float64: inputs of
shape (n, d) in the unit cube, y of shape (n,), smaller is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import erfcx, log_ndtr
from scipy.stats import qmc

Array = np.ndarray[Any, np.dtype[np.float64]]
_ROOT5 = math.sqrt(5.0)
_JITTER = 1e-8
_SAME = 1e-7  # in the unit cube
_CANDIDATES = 512


@dataclass(frozen=True)
class GaussianProcess:
    """A process fitted to standardised targets."""

    inputs: Array
    scales: Array
    amplitude: float
    noise: float
    factor: Array
    weights: Array

    @property
    def logs(self) -> Array:
        """Logarithms of the length scales, the amplitude and the noise."""
        return np.append(np.log(self.scales), [math.log(self.amplitude), math.log(self.noise)])

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the function, without noise, at points of shape (m, d)."""
        cross = self.amplitude * matern52(_distances(points, self.inputs, self.scales))
        mean = cross @ self.weights
        half = solve_triangular(self.factor, cross.T, lower=True, check_finite=False)
        variance = np.maximum(self.amplitude - np.einsum("ij,ij->j", half, half), 1e-12)
        return mean, np.sqrt(variance)

    def believing(self, points: Array, y: Array) -> GaussianProcess:
        """The process when each of `points` came out as predicted: spreads concurrent trials (kriging believer)."""
        mean, _ = self.predict(points)
        return _solved(np.vstack([self.inputs, points]), np.append(y, mean), self.scales, self.amplitude, self.noise)


def fit(inputs: Array, y: Array, seed: int, near: Array | None = None) -> GaussianProcess:
    """The process of highest posterior density; y must have mean 0 and deviation 1. `near` are the hyperparameters of
    an earlier fit: the search begins there too, which saves most of it."""
    dimensions = inputs.shape[1]
    rng = np.random.default_rng(seed)
    differences = (inputs[:, None, :] - inputs[None, :, :]) ** 2
    default = np.concatenate([np.full(dimensions, math.log(0.5)), [0.0, math.log(1e-3)]])
    bounds = [(math.log(0.02), math.log(8.0))] * dimensions + [(math.log(0.05), math.log(20.0)), (math.log(1e-6), 0.0)]
    starts = [default, near if near is not None else default + rng.normal(0, 0.6, dimensions + 2)]
    found = [
        minimize(
            _negative_posterior,
            np.clip(start, [low for low, _ in bounds], [high for _, high in bounds]),
            args=(differences, y),
            jac=True,
            bounds=bounds,
            method="L-BFGS-B",
            options={"maxiter": 40},
        )
        for start in starts
    ]
    return solved(inputs, y, min(found, key=lambda result: float(result.fun)).x)


def solved(inputs: Array, y: Array, logs: Array) -> GaussianProcess:
    """The process with these hyperparameters, as `GaussianProcess.logs` gives them."""
    return _solved(inputs, y, np.exp(logs[:-2]), math.exp(logs[-2]), math.exp(logs[-1]))


def propose(process: GaussianProcess, best: float, seed: int, snap: Any = None) -> Array:
    """The point of the unit cube with the highest log expected improvement on `best`.

    `snap` maps points (m, d) to the nearest points that can be drawn (categories, whole numbers).
    """
    dimensions = process.inputs.shape[1]
    rng = np.random.default_rng(seed)
    snap = snap or (lambda points: points)
    spread = qmc.Sobol(dimensions, rng=rng).random(_CANDIDATES)
    near = _around(process, rng)
    candidates = snap(np.vstack([spread, near]))
    values = _log_improvement(process, candidates, best)
    for width in (0.1, 0.03, 0.01, 0.003):  # a local search that needs no gradient and keeps to what can be drawn
        top = candidates[np.argsort(-values)[:8]]
        steps = rng.normal(0, width, (16, *top.shape)) * (rng.random((16, *top.shape)) < max(0.4, 2 / dimensions))
        fresh = snap(np.clip(top[None] + steps, 0, 1).reshape(-1, dimensions))
        candidates = np.vstack([top, fresh])
        values = np.concatenate([np.sort(values)[::-1][:8], _log_improvement(process, fresh, best)])
    chosen: Array = candidates[_best_unknown(process, candidates, values)]
    return chosen


def _best_unknown(process: GaussianProcess, candidates: Array, values: Array) -> int:
    """The most promising candidate that was not tried before, when there is one: no trial is spent on a known point."""
    known = np.abs(candidates[:, None, :] - process.inputs[None]).max(axis=2).min(axis=1) < _SAME
    return int(np.argmax(values if known.all() else np.where(known, -np.inf, values)))


def matern52(distance: Array) -> Array:
    """The correlation at a scaled distance."""
    kernel: Array = (1 + _ROOT5 * distance + 5 / 3 * distance**2) * np.exp(-_ROOT5 * distance)
    return kernel


def standardise(values: Array) -> Array:
    """Targets of mean 0 and deviation 1, their upper tail pressed: one diverged trial must not hide the rest."""
    middle = np.median(values)
    spread = np.median(np.abs(values - middle)) * 1.4826 or float(np.std(values)) or 1.0
    centred = (values - middle) / spread
    pressed = np.where(centred > 1, 1 + np.log(np.maximum(centred, 1)), centred)
    deviation = float(np.std(pressed)) or 1.0
    result: Array = (pressed - np.mean(pressed)) / deviation
    return result


def _around(process: GaussianProcess, rng: np.random.Generator) -> Array:
    mean, _ = process.predict(process.inputs)
    top = process.inputs[np.argsort(mean)[:4]]
    steps = rng.normal(0, 0.1, (32, *top.shape)) * np.minimum(process.scales, 1.0)
    around: Array = np.clip(top[None] + steps, 0, 1).reshape(-1, process.inputs.shape[1])
    return around


def _distances(points: Array, others: Array, scales: Array) -> Array:
    a, b = points / scales, others / scales
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    distances: Array = np.sqrt(np.maximum(squares, 0))
    return distances


def _solved(inputs: Array, y: Array, scales: Array, amplitude: float, noise: float) -> GaussianProcess:
    kernel = amplitude * matern52(_distances(inputs, inputs, scales))
    kernel[np.diag_indices_from(kernel)] += noise + _JITTER
    factor = cholesky(kernel, lower=True, check_finite=False)
    weights = cho_solve((factor, True), y, check_finite=False)
    return GaussianProcess(inputs, scales, amplitude, noise, factor, weights)


def _negative_posterior(logs: Array, differences: Array, y: Array) -> tuple[float, Array]:
    """Minus the log posterior of the log hyperparameters, and its gradient."""
    dimensions = differences.shape[2]
    inverse_squares = np.exp(-2 * logs[:dimensions])
    amplitude, noise = math.exp(logs[-2]), math.exp(logs[-1])
    scaled = differences * inverse_squares
    distance = np.sqrt(scaled.sum(2))
    decay = np.exp(-_ROOT5 * distance)
    correlation = (1 + _ROOT5 * distance + 5 / 3 * distance**2) * decay
    kernel = amplitude * correlation
    kernel[np.diag_indices_from(kernel)] += noise + _JITTER
    try:
        factor = cholesky(kernel, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e10, np.zeros_like(logs)
    weights = cho_solve((factor, True), y, check_finite=False)
    inverse = cho_solve((factor, True), np.eye(len(y)), check_finite=False)
    outer = inverse - np.outer(weights, weights)
    value = 0.5 * y @ weights + np.log(np.diag(factor)).sum()
    # d correlation / d log scale_j = 5/3 (1 + sqrt5 r) exp(-sqrt5 r) * scaled_j
    slope = outer * (amplitude * 5 / 3 * (1 + _ROOT5 * distance) * decay)
    gradient = np.empty_like(logs)
    gradient[:dimensions] = 0.5 * np.einsum("ij,ijk->k", slope, scaled)
    gradient[-2] = 0.5 * (outer * correlation).sum() * amplitude
    gradient[-1] = 0.5 * np.trace(outer) * noise
    prior, prior_gradient = _prior(logs, dimensions)
    return float(value + prior), gradient + prior_gradient


def _prior(logs: Array, dimensions: int) -> tuple[float, Array]:
    """Weak normal priors on the logarithms: scales about half the cube, little noise."""
    centre = np.concatenate([np.full(dimensions, math.log(0.5)), [0.0, math.log(1e-3)]])
    width = np.concatenate([np.full(dimensions, 1.0), [1.0, 2.0]])
    z = (logs - centre) / width
    return float(0.5 * (z**2).sum()), z / width


def _log_improvement(process: GaussianProcess, points: Array, best: float) -> Array:
    """log E[max(best - f, 0)], stable far below zero."""
    mean, deviation = process.predict(points)
    z = (best - mean) / deviation
    # log(phi(z) + z Phi(z)); for z < -1 by erfcx, which does not cancel
    log_density = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
    plain = np.log(np.maximum(np.exp(log_density) + z * np.exp(log_ndtr(z)), 1e-300))
    low = np.minimum(z, -1.0)
    ratio = np.sqrt(math.pi / 2) * erfcx(-low / math.sqrt(2))
    tail = log_density + np.log(np.maximum(1 + low * ratio, 1e-300))
    tail = np.where(z < -1e5, log_density - 2 * np.log(np.abs(np.minimum(z, -1))), tail)
    improvement: Array = np.where(z > -1, plain, tail) + np.log(deviation)
    return improvement
