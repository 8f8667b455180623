"""Ratios of counts, rounded to the side that flatters nobody, and how sure they are.

In:  counts. Out: millionths for print; the bounds of the 95 % Clopper-Pearson interval in 1e-12,
by which verdicts are made. Pure.
"""

import math
from typing import Final, NamedTuple

PPM: Final = 10**6
_PICO: Final = 10**12
_TAIL = 0.025  # each side of the interval
_NORMAL = 1.96  # standard deviations, of a normal distribution
_STEPS = 200  # of Newton's method or bisection; a handful are needed
_TINY = 1e-300


def floored(part: int, whole: int) -> int | None:
    """part / whole in 1e-6, rounded down; None of nothing."""
    return part * PPM // whole if whole else None


def raised(part: int, whole: int) -> int | None:
    """part / whole in 1e-6, rounded up: for what is bad. None of nothing."""
    return -(-part * PPM // whole) if whole else None


def half_up(part: int, whole: int) -> int:
    """part / whole in 1e-6, to the nearest, halves up."""
    return (2 * part * PPM + whole) // (2 * whole)


class Interval(NamedTuple):
    """Bounds of a ratio in 1e-12."""

    low: int
    high: int

    def printed(self) -> tuple[int, int]:
        """The bounds in 1e-6, to the nearest."""
        return half_up(self.low, _PICO), half_up(self.high, _PICO)

    def at_least(self, ppm: int) -> bool | None:
        """Is the ratio `ppm` or more, whatever chance did? None: it cannot be told."""
        objective = ppm * (_PICO // PPM)
        return True if self.low >= objective else False if self.high < objective else None

    def at_most(self, ppm: int) -> bool | None:
        """Is the ratio `ppm` or less, whatever chance did? None: it cannot be told."""
        objective = ppm * (_PICO // PPM)
        return True if self.high <= objective else False if self.low > objective else None


def interval(part: int, whole: int, unknown: int = 0) -> Interval:
    """The two-sided 95 % Clopper-Pearson interval of part / whole; `unknown` more may belong to the
    part or to the rest.

    Raises ValueError unless 0 <= part <= whole.
    """
    if not 0 <= part <= whole or unknown < 0:
        raise ValueError(f"{part} of {whole}, {unknown} unknown")
    everything = whole + unknown
    return Interval(_lower(part, everything), _PICO - _lower(whole - part, everything))


def _lower(part: int, whole: int) -> int:
    """BetaInv(0.025; part, whole - part + 1) in 1e-12."""
    return round(_quantile(part, whole - part + 1) * _PICO) if part else 0


def _quantile(a: int, b: int) -> float:
    """Where the beta distribution reaches the tail: Newton's method, kept between known bounds."""
    low, high = 0.0, 1.0
    x = _near_quantile(a, b) if a <= b else 1 - _near_quantile(b, a, upper=True)
    enough = 1e-14 * math.sqrt(a * b) / (a + b) ** 1.5  # a smaller step, squared, is below 1e-12
    for _ in range(_STEPS):
        if not low < x < high:
            x = (low + high) / 2
        reached, density = _beta(x, a, b)
        low, high = (x, high) if reached < _TAIL else (low, x)
        step = (reached - _TAIL) / max(density, _TINY)
        x -= step
        if step * step < enough:
            break
    return min(max(x, low), high)


def _near_quantile(a: int, b: int, upper: bool = False) -> float:
    """Where to begin: the cube root of such a variable is nearly normal (Wilson and Hilferty)."""
    spread = _NORMAL * math.sqrt(b / (a + b) / a) / 3
    return a / (a + b) * (1 - 1 / (9 * a) + (spread if upper else -spread)) ** 3


def _beta(x: float, a: int, b: int) -> tuple[float, float]:
    """The regularised incomplete beta function and its density at x, 0 < x < 1."""
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    power = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta)
    if x * (a + b + 2) < a + 1:
        reached = power * _fraction(x, a, b) / a
    else:
        reached = 1 - power * _fraction(1 - x, b, a) / b
    return reached, power / (x * (1 - x))


def _fraction(x: float, a: int, b: int) -> float:
    """The continued fraction of the incomplete beta function, evaluated forward (Lentz)."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value, m, change = d, 0, 0.0
    while abs(change - 1) > 1e-14:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + even * d), 1 + even / c
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + odd * d), 1 + odd / c
        change = c * d
        value *= change
    return value
