"""The boards, one file each; `SHIPPED` is all of them."""

from dashboards.boards import body, channel
from dashboards.house import Dash

SHIPPED: tuple[Dash, ...] = (channel.BOARD, body.BOARD)
