"""What an error of the database means: repeat, look for a row, or stop."""

import asyncpg
import pytest

from services.storage import errors


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError(""),
        asyncpg.DeadlockDetectedError(""),
        asyncpg.SerializationError(""),
        asyncpg.LockNotAvailableError(""),
        asyncpg.ConnectionDoesNotExistError(""),
        asyncpg.InternalClientError(""),
        asyncpg.InterfaceError(""),
        asyncpg.CannotConnectNowError(""),
        asyncpg.AdminShutdownError(""),
        asyncpg.InvalidCachedStatementError(""),
        asyncpg.DiskFullError(""),
        asyncpg.ReadOnlySQLTransactionError(""),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
def test_what_a_repeat_can_cure_names_no_row(error: Exception) -> None:
    assert errors.curable(error)
    assert not errors.names_a_row(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.exceptions._base.DataError(""),
        asyncpg.DataError(""),
        asyncpg.CharacterNotInRepertoireError(""),
        asyncpg.UntranslatableCharacterError(""),
        asyncpg.CheckViolationError(""),
        asyncpg.NotNullViolationError(""),
        UnicodeEncodeError("utf-8", "\ud83d", 0, 1, ""),
    ],
)
def test_what_a_row_causes_is_not_cured_by_a_repeat(error: Exception) -> None:
    assert errors.names_a_row(error)
    assert not errors.curable(error)


@pytest.mark.parametrize(
    "error",
    [asyncpg.InsufficientPrivilegeError(""), asyncpg.UndefinedTableError(""), KeyError("bug")],
)
def test_what_a_person_must_mend_is_neither(error: Exception) -> None:
    assert not errors.curable(error)
    assert not errors.names_a_row(error)
