"""Which migrations are missing, and how a password is stored."""

import base64
import hashlib
import hmac

import pytest

from services.storage import migrate, roles
from services.storage.errors import StorageRefused

ONE = migrate.Migration("0001_pre_a.sql", "pre", "SELECT 1;")
TWO = migrate.Migration("0002_post_b.sql", "post", "SELECT 2;")


def test_only_what_is_missing_is_applied_in_order() -> None:
    assert migrate.missing_of([ONE, TWO], {}) == [ONE, TWO]
    assert migrate.missing_of([ONE, TWO], {ONE.name: ONE.checksum}) == [TWO]


def test_a_newer_database_does_not_disturb_an_older_version() -> None:
    assert migrate.missing_of([ONE], {ONE.name: ONE.checksum, "0009_pre_z.sql": "x"}) == []


def test_an_edited_file_is_refused_even_when_it_is_not_the_last() -> None:
    with pytest.raises(StorageRefused, match="0001_pre_a"):
        migrate.missing_of([ONE, TWO], {ONE.name: "0" * 64, TWO.name: TWO.checksum})


def test_each_shipped_migration_has_a_number_of_its_own() -> None:
    numbers = [item.name[:4] for item in migrate.shipped()]
    assert len(set(numbers)) == len(numbers)


def test_a_verifier_proves_its_own_password_and_no_other() -> None:
    text = roles.verifier("correct horse", b"0123456789abcdef")
    _, iterations_and_salt, keys = text.split("$")
    iterations, salt = iterations_and_salt.split(":")

    def stored_key(password: bytes) -> str:
        salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), int(iterations))
        client = hmac.digest(salted, b"Client Key", "sha256")
        return base64.b64encode(hashlib.sha256(client).digest()).decode()

    assert keys.split(":")[0] == stored_key(b"correct horse")
    assert keys.split(":")[0] != stored_key(b"wrong horse")
    assert "horse" not in text
