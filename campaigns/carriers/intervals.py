"""Intervals: how far a share may be from the truth when only so many texts were counted."""

from dataclasses import dataclass
from math import sqrt

# Quantiles of the normal distribution: 95 in 100 for reports; 99.7 in 100 for alarms, which are
# looked at every few minutes and must not cry wolf once a day.
REPORTED = 1.959964
ALARMED = 2.967738


@dataclass(frozen=True, slots=True)
class Share:
    """*part* of *whole*, and between which bounds the true share lies."""

    part: int
    whole: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def said(self) -> str:
        """The bounds as people read them, such as ``96-98 %``."""
        return f"{100 * self.low:.0f}-{100 * self.high:.0f} %"

    def document(self) -> dict[str, object]:
        value = self.value
        return {
            "texts": self.part,
            "share": None if value is None else round(value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
        }


def share(part: int, whole: int, *, z: float = REPORTED) -> Share:
    """Return *part* of *whole* with its Wilson score interval (Wilson 1927).

    Unlike the usual one it holds for few texts and for shares near nothing and everything; of no
    texts at all it says that nothing is known.
    """
    if not whole:
        return Share(part, whole, 0.0, 1.0)
    seen, doubt = part / whole, z * z / whole
    middle = (seen + doubt / 2) / (1 + doubt)
    reach = z / (1 + doubt) * sqrt(seen * (1 - seen) / whole + doubt / (4 * whole))
    low = 0.0 if part == 0 else max(0.0, middle - reach)
    high = 1.0 if part == whole else min(1.0, middle + reach)
    return Share(part, whole, low, high)
