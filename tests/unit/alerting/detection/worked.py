"""The law of the worked example, and short ways to say classes and moments in tests."""

import numpy as np

from services.alerting.detection import law
from services.alerting.detection.law import SECOND, Laws, Part, Row
from services.alerting.detection.likelihood import Tables, tables

MEDIUM = "alimtalk"
CLASSES = tuple(Row(MEDIUM, name) for name in ("c1", "c2", "c3"))


def worked_tables() -> Tables:
    """Log-normal, median 2 s, sigma 0.7, a loss of 0.0025, nothing pooled; for every class."""
    rows = tuple(sorted({*CLASSES, Row(law.UNKNOWN), Row(MEDIUM), Row(law.ACCEPTANCE)}))
    shares = np.tile(law.log_normal([Part(1, 2.0, 0.7)]), (len(rows), 1))
    return tables(Laws(rows, shares, np.full(len(rows), 0.0025)))


def us(seconds: float) -> int:
    """Seconds in the detector's unit."""
    return round(seconds * SECOND)
