"""`python -m simulators`: the simulated outside world as one process.

In:  settings (BONGSU_SIM_...), the configuration file. Out: exit 0 when stopped, 3 if the address
     is taken, 4 if a setting or the file is wrong, with one sentence on stderr.
"""

import asyncio
import logging
import signal
import socket
import sys

import structlog
from pydantic import ValidationError

from simulators.app import run
from simulators.config import SimulatorConfig, SimulatorSettings

log = structlog.get_logger()


def main() -> int:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.basicConfig(level=logging.WARNING)
    try:
        settings = SimulatorSettings()
        config = SimulatorConfig.model_validate_json(settings.config.read_bytes())
        listener = socket.create_server((settings.host, settings.port))
    except ValidationError as error:
        return _wrong(error)
    except OSError as error:
        name = error.filename or "the address to listen on"
        print(f"simulators: {name}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 3
    asyncio.run(_serve(config, listener))
    return 0


def _wrong(error: ValidationError) -> int:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    if error.title == SimulatorSettings.__name__:
        where = f"BONGSU_SIM_{where.upper()}"
    print(f"simulators: {where}: {first['msg']}", file=sys.stderr)  # noqa: T201
    return 4


async def _serve(config: SimulatorConfig, listener: socket.socket) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, port = listener.getsockname()[:2]
    phones, accounts = len(config.handsets), len(config.accounts)
    log.info("simulators listen", host=host, port=port, handsets=phones, accounts=accounts)
    await run(config, listener, stop)
    log.info("simulators stopped")


if __name__ == "__main__":
    sys.exit(main())
