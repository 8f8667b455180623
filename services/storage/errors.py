"""What an error of the database means for whoever asked: repeat, look for a row, or stop.

In: an exception that left a function of `services.storage`. Out: one of two answers. Every caller
asks here; nobody else knows asyncpg's classes.
"""

import asyncpg

_CURABLE: tuple[type[BaseException], ...] = (
    asyncpg.UniqueViolationError,  # somebody stored the same id first: the repeat finds it
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,  # the server's own statement timeout
    asyncpg.InvalidCachedStatementError,  # a migration changed a table under us
    asyncpg.OutdatedSchemaCacheError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # a connection cut in the middle of an answer
    asyncpg.InterfaceError,  # a connection or pool that closed meanwhile
    asyncpg.OperatorInterventionError,  # shutdown, crash, still starting
    asyncpg.InsufficientResourcesError,  # disk full, no connection slot left
    asyncpg.ReadOnlySQLTransactionError,  # the server has become a standby
    asyncpg.IdleInTransactionSessionTimeoutError,
    TimeoutError,
    OSError,
)
_NAMES_A_ROW: tuple[type[BaseException], ...] = (
    asyncpg.DataError,  # the server refuses a value
    asyncpg.exceptions._base.DataError,  # the client cannot write a value
    asyncpg.UntranslatableCharacterError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.ProgramLimitExceededError,
    UnicodeEncodeError,
    OverflowError,
)


class StorageRefused(Exception):
    """Repeating changes nothing until a person mends it; the message is a sentence for them."""


def curable(error: BaseException) -> bool:
    """Can a repeat of the whole transaction cure it? Read the stored offset again before that:
    of a connection cut during COMMIT nobody knows what became."""
    return isinstance(error, _CURABLE) and not names_a_row(error)


def refused(error: BaseException) -> bool:
    """Did the server answer with a no: a wrong login, database or right, a table not made yet?"""
    return isinstance(error, asyncpg.PostgresError)


def names_a_row(error: BaseException) -> bool:
    """Does some row of the batch hold what cannot be stored? Then bisect and set it aside."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return not isinstance(error, asyncpg.UniqueViolationError)
    return isinstance(error, _NAMES_A_ROW)


def distrusted(error: BaseException) -> bool:
    """Is the connection itself in doubt, so that it must not go back to the pool?"""
    return isinstance(error, TimeoutError | OSError | asyncpg.ReadOnlySQLTransactionError)
