"""The reporting process, as an operator starts it."""

import asyncio
import sys
from asyncio.subprocess import Process

from services.local.kafka import free_ports
from services.runtime.kafka import Address
from tests.support.commands import clean_environment


async def start(login: str, address: Address) -> tuple[Process, int]:
    """The process and its ops port. Whoever starts it ends it."""
    port = free_ports(1)[0]
    told = {
        "BONGSU_KAFKA": address.options["bootstrap_servers"], "BONGSU_DEVELOPMENT": "true",
        "BONGSU_TOPIC_PREFIX": address.prefix, "BONGSU_POSTGRES": login,
        "BONGSU_OPS_PORT": str(port),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.reporting", env=clean_environment() | told
    )
    return process, port
