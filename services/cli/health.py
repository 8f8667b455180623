"""`bongsu health`: does the process on this machine say that it is ready? For health checks.

Alone as `python -m services.cli.health`, which costs a tenth of the whole command line.
"""

import http.client
from typing import Annotated
from urllib.parse import urlsplit

import typer

NOT_DONE, WITHIN_S = 1, 3.0


def health(
    url: Annotated[str | None, typer.Argument(help="what to ask; else the ops port")] = None,
    port: Annotated[int, typer.Option(envvar="BONGSU_OPS_PORT", help="ops port")] = 8472,
) -> None:
    """Exit 0 when the process says that it is ready, else 1 with what it says.

    Example: BONGSU_OPS_PORT=8473 bongsu health
    """
    where = urlsplit(url or f"http://127.0.0.1:{port}/readyz")
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=WITHIN_S)
    try:
        line.request("GET", where.path)
        answer = line.getresponse()
        said = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        said, ready = f"{where.geturl()} does not answer ({type(error).__name__})", False
    else:
        ready = answer.status == 200
    if not ready:
        typer.echo(said, err=True)
        raise typer.Exit(NOT_DONE)


if __name__ == "__main__":
    typer.run(health)
