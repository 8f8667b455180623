"""The API of alerting, for what a person does in their own name with a personal token.

In:  a path, what is said. Out: the answer; a refusal ends the command with its sentence and code.
"""

from pathlib import Path
from typing import Any

import aiohttp

from services.alerting.answers.api import BASE
from services.cli.context import INVALID, REFUSED, UNREACHABLE, USAGE, CliSettings, context, fail
from services.cli.report_sentences import language, sentence
from services.runtime.errors import Retry
from services.runtime.settings import load

WITHIN_S = 20.0
# By the answer's status; what is asked for is in none of them.
_CODES = {401: REFUSED, 403: REFUSED, 404: USAGE, 409: REFUSED, 429: UNREACHABLE, 503: UNREACHABLE}


async def call(data: Path, path: str, said: dict[str, Any] | None = None) -> Any:
    """Read it, or with `said` do it. Raises Retry when nobody answers."""
    url, token = _door(data)
    method = "GET" if said is None else "POST"
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.request(method, f"{url}{BASE}{path}", json=said) as answer,
        ):
            told = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Retry("api", sentence("api_away", url=url)) from error
    if answer.status != 200:
        spoken = told.get("error_ko") if language() == "ko" else None
        fail(spoken or told["error"], _CODES.get(answer.status, INVALID))
    return told


def _door(data: Path) -> tuple[str, str]:
    """The address and the token; ends the command when nobody named them."""
    settings = load(CliSettings)
    url = settings.api or _local(data)
    if url is None or settings.token is None:
        missing = "BONGSU_API" if url is None else "BONGSU_TOKEN"
        fail(sentence("no_api", name=missing), USAGE)
    return url.rstrip("/"), settings.token.get_secret_value()


def _local(data: Path) -> str | None:
    ops = context(data).ops
    return next((url for name, url in ops.items() if name.startswith("alerting")), None)
