"""The hold switch of SENS, for tests of what nobody answers.

In:  accepted records. Out: they set out at once, or, while held, when somebody says so.
Before: `sens.py` accepted them. After: the carriage. `sens_control.py` turns the switch.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from simulators.carriage import utc_now
from simulators.records import Record
from simulators.sens_gate import ENDPOINT_TIMEOUT


class Hold:
    """What is held; calls get no answer until `release`, at most `unanswered_s` seconds."""

    def __init__(
        self, set_out: Callable[[list[Record], datetime], None], unanswered_s: float
    ) -> None:
        self._set_out, self._unanswered_s = set_out, unanswered_s
        self._held: list[Record] = []
        self._released = asyncio.Event()
        self._released.set()

    @property
    def count(self) -> int:
        """Messages received and held."""
        return len(self._held)

    async def pass_on(self, records: list[Record], at: datetime) -> None:
        """Let them travel, or keep them and the call waiting."""
        if self._released.is_set():
            return self._set_out(records, at)
        self._held += records
        try:
            async with asyncio.timeout(self._unanswered_s):
                await self._released.wait()
        except TimeoutError:
            raise ENDPOINT_TIMEOUT from None

    def hold(self) -> None:
        """From now on send calls are processed, but neither answered nor carried."""
        self._released.clear()

    def deliver(self, count: int) -> tuple[int, int]:
        """Carry the first `count` held messages and drop the rest; how many of each."""
        carried, dropped = self._held[:count], self._held[count:]
        self._held = []
        self._set_out(carried, utc_now())
        return len(carried), len(dropped)

    def release(self) -> int:
        """Answer the held calls and carry what is still held; how many."""
        carried, _ = self.deliver(len(self._held))
        self._released.set()
        return carried
