"""Front ends: one module a provider, found by itself.

A module of this package that holds FRONT_END is the API of one provider, in its documented wire
format. It is built once when the world has an account of that provider.
"""

import asyncio
import importlib
import pkgutil
from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

from starlette.routing import Route

import simulators
from simulators.carriage import Carriage, LiveWorld
from simulators.config import SimulatorConfig


class FrontEnd(Protocol):
    """The API of a provider around the world; accepted messages set out on the carriage."""

    provider: ClassVar[str]

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None: ...

    def routes(self) -> list[Route]:
        """The provider's paths, and below `/world/<provider>` its own switches."""
        ...

    def stop(self) -> None:
        """End all silence, so that the process can stop at once."""
        ...


@runtime_checkable
class Serves(Protocol):
    """A front end that does not speak HTTP: it listens by itself."""

    async def serve(self, stop: asyncio.Event) -> None:
        """Listen until `stop`."""
        ...


def discover() -> Mapping[str, type[FrontEnd]]:
    """Every front end by provider."""
    found: dict[str, type[FrontEnd]] = {}
    for module in pkgutil.iter_modules(simulators.__path__):
        if not module.name.startswith("_"):
            loaded = importlib.import_module(f"simulators.{module.name}")
            front_end = getattr(loaded, "FRONT_END", None)
            if front_end is not None:
                found[front_end.provider] = front_end
    return found
