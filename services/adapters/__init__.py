"""Who we talk to: one file per provider and channel, both directions.

Each module here without a leading underscore (but `base`) is an adapter and holds `ADAPTER`. Its
name is the file's name. `discover` is called once at start; a module without ADAPTER stops it.
"""

import importlib
import pkgutil
import sys
from collections.abc import Mapping

from services.adapters.base import Adapter
from services.runtime.errors import Stop


def discover() -> Mapping[str, type[Adapter]]:
    """Every adapter by name. Raises Stop for a module of this folder that holds none."""
    found: dict[str, type[Adapter]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_") or module.name == "base":
            continue
        adapter = getattr(importlib.import_module(f"{__name__}.{module.name}"), "ADAPTER", None)
        if adapter is None:
            raise Stop("adapters", f"services/adapters/{module.name}.py holds no ADAPTER")
        found[module.name] = adapter
    return found


def known_codes() -> list[tuple[str, str, str, str | None, str | None]]:
    """(adapter, code, state, fault, meaning) of each line of each adapter's table STATES."""
    return [
        (name, code, state, fault, words[0] if words else None)
        for name in discover()
        for code, (state, fault, *words) in sys.modules[f"{__name__}.{name}"].STATES.items()
    ]
