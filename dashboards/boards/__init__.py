"""The boards, one file each; `SHIPPED` is all of them."""

from dashboards.boards import body, channel, incident, pipeline, sla, wall
from dashboards.house import Dash

SHIPPED: tuple[Dash, ...] = (
    wall.BOARD, channel.BOARD, body.BOARD, incident.BOARD, pipeline.BOARD,
    sla.BOARD,
)  # fmt: skip
