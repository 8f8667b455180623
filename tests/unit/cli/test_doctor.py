"""What `bongsu doctor` says of settings."""

import pytest

from services.cli.doctor import settings_said


@pytest.mark.parametrize(
    ("name", "value", "good", "says"),
    [
        ("BONGSU_KAFKA", "broker:9093", True, "BONGSU_KAFKA=broker:9093"),
        ("BONGSU_KAFKA_PASSWORD", "hidden", True, "BONGSU_KAFKA_PASSWORD is set (a secret)"),
        ("BONGSU_POSTGRES", "postgresql://a:b@db/x", True, "BONGSU_POSTGRES is set (a secret)"),
        ("BONGSU_ID_KEY_FILE", "/keys/id", True, "BONGSU_ID_KEY_FILE=/keys/id"),
        (
            "BONGSU_DESTINATIONS", '{"sens": {"proxy": "http://u:hidden@proxy:1"}}', True,
            'BONGSU_DESTINATIONS={"sens": {"proxy": "http://…@proxy:1"}}',
        ),
        ("BONGSU_KAFAK", "hidden", False, "BONGSU_KAFAK is no setting of bongsu"),
    ],
)  # fmt: skip
def test_a_setting_is_shown_unless_it_is_a_secret_or_misspelt(
    name: str, value: str, good: bool, says: str
) -> None:
    (found,) = settings_said({name: value, "PATH": "/bin"})
    assert (found.good, found.says) == (good, says)
