"""A mailbox beyond loopback is read in clear text only where its settings say so."""

import pytest
from pydantic import SecretStr

from services.ingest.imap import Box, Place
from services.local.kafka import free_ports
from services.runtime.errors import Stop


def _place(plain: bool) -> Place:
    # To the product 127.0.0.2 is a place beyond loopback; nobody listens there.
    url = f"imap://127.0.0.2:{free_ports(1)[0]}"
    return Place(url, SecretStr("user"), SecretStr("password"), plain=plain)


def test_no_password_goes_out_in_clear_text_by_itself() -> None:
    with pytest.raises(Stop, match="loopback only"):
        Box(_place(plain=False))


def test_a_development_set_up_may_say_so() -> None:
    with pytest.raises(ConnectionRefusedError):
        Box(_place(plain=True))
