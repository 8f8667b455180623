"""The `bongsu` command in this process: quicker than `commands`, for what starts nothing."""

import asyncio
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.cli.app import app, explained


class Terminal:
    """Asked in a thread, with a data folder and these settings; `before` begins every command."""

    def __init__(self, folder: Path, *before: str, **settings: str) -> None:
        self._before = before
        told = {"BONGSU_DATA": str(folder), "BONGSU_DEVELOPMENT": "true"}
        self._runner = CliRunner(env=told | settings)

    async def say(self, *words: str) -> tuple[int, str]:
        """Exit code, and what was printed; of a refusal the sentence."""
        done = await asyncio.to_thread(self._runner.invoke, app, [*self._before, *words])
        if isinstance(done.exception, Exception):  # as the console entry point does
            sentence, code = explained(done.exception)
            return code, f"bongsu: {sentence}\n"
        return done.exit_code, done.output

    async def read(self, *words: str) -> Any:
        """What it prints for programs."""
        return json.loads((await self.say(*words, "--json"))[1])
