"""Who is told of an incident: one file per kind of receiver, discovered.

Each module here but `base` holds `NOTIFIER`. The only part of alerting that calls a provider.
"""

import asyncio
import importlib
import pkgutil
from collections.abc import Mapping

import structlog

from services.adapters.base import NotNow
from services.alerting.paging.message import Answer, Message, Result, Target
from services.alerting.paging.notifiers.base import Notifier, Outside
from services.runtime.errors import Refuse, Retry, Stop
from services.runtime.exchange import NoAnswer

_log = structlog.get_logger()


def discover() -> Mapping[str, type[Notifier]]:
    """Every notifier by name. Raises Stop for a module of this folder that holds none."""
    found: dict[str, type[Notifier]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "base":
            continue
        notifier = getattr(importlib.import_module(f"{__name__}.{module.name}"), "NOTIFIER", None)
        if notifier is None:
            raise Stop("notifiers", f"notifiers/{module.name}.py holds no NOTIFIER")
        found[module.name] = notifier
    return found


class Notifiers:
    """All of them; what one raises is an answer."""

    def __init__(self, outside: Outside) -> None:
        self._by_name = {name: kind(outside) for name, kind in discover().items()}
        self._said: dict[str, str] = {}  # by path: why it cannot be used

    async def send(self, message: Message, target: Target, deadline_s: float) -> Answer:
        """Tell once; an answer within `deadline_s` seconds, whatever happens."""
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._by_name[target.notifier].send(message, target)
        except (NoAnswer, TimeoutError):
            return Answer(Result.UNCLEAR, "no answer")
        except NotNow as error:
            return Answer(Result.LATER, error.result.code or error.reason)
        except Retry as error:
            return Answer(Result.LATER, error.reason)
        except (Refuse, Stop) as error:
            return self.unusable(target.path, error)
        except Exception as error:  # other paths are to be tried, whatever is wrong with this one
            _log.exception("a notifier failed", path=target.path)
            return Answer(Result.UNCLEAR, type(error).__name__)
        self._said.pop(target.path, None)
        return answer

    def unusable(self, path: str, error: Refuse | Stop) -> Answer:
        """What a path answers that a person must mend; they are told once, however often it is
        tried."""
        if self._said.get(path) != str(error):
            self._said[path] = str(error)
            _log.error("a path cannot be used", path=path, reason=str(error))
        return Answer(Result.REFUSED, error.reason)
