"""The apps that tell what a test handset saw: one file each, discovered, pure.

Each module here but `base` holds `OBSERVER`. `discover` is called once at start.
"""

import importlib
import pkgutil
from collections.abc import Mapping

from services.ingest.receivers.base import Observes
from services.runtime.errors import Stop


def discover() -> Mapping[str, Observes]:
    """Every observer by its kind. Raises Stop for a module that holds none, or a kind twice."""
    found: dict[str, Observes] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "base":
            continue
        observer = getattr(importlib.import_module(f"{__name__}.{module.name}"), "OBSERVER", None)
        if observer is None or observer.kind in found:
            raise Stop("receivers", f"receivers/{module.name}.py holds no OBSERVER of its own")
        found[observer.kind] = observer
    return found
