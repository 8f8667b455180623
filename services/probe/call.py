"""Step 3's frame: call an adapter within the slot's budget, and tell the four results apart.

In:  an adapter, a message, seconds left. Out: accepted | refused | unreachable | unclear.
Before: the probe was announced. After: the answer is recorded. Only what surely never left the
machine, or was turned away for its rate, is tried again; silence never is.
"""

import asyncio

from services.adapters.base import Adapter, Message, NotNow, SendResult
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.runtime.errors import Retry
from services.runtime.retry import Backoff

MOST_TRIES = 4
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0


async def call(
    adapter: Adapter, message: Message, within_s: float, answer_within_s: float
) -> SendResult:
    """Send once, again only after Retry: at most MOST_TRIES within `within_s` seconds.

    `answer_within_s` bounds one try. Raises Stop when the account is misconfigured.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    tries = 0
    while True:
        tries += 1
        try:
            async with asyncio.timeout(answer_within_s):
                return await adapter.send(message)
        except TimeoutError:
            # It hung somewhere between us and an answer: it may have arrived.
            return SendResult(AnswerResult.UNCLEAR)
        except Retry as error:
            wait_s = backoff.next_s()
            if tries == MOST_TRIES or loop.time() + wait_s >= end:
                return _spent(error)
        await asyncio.sleep(wait_s)


def _spent(error: Retry) -> SendResult:
    if isinstance(error, NotNow):
        return error.result
    if error.reason == "throttled":
        return SendResult(AnswerResult.REFUSED, "throttled", FaultDomain.QUOTA)
    return SendResult(AnswerResult.UNREACHABLE)
