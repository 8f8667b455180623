"""The letter of SENS: signatures by the documents' scheme."""

import pytest

from services.adapters import _sens as wire

SMS = "/sms/v2/services/ncp:sms:kr:123456789012:bongsu/messages"
KKO = "/alimtalk/v2/services/ncp:kkobizmsg:kr:1234567:bongsu/messages"
ESCAPED = "/alimtalk/v2/services/ncp%3Akkobizmsg%3Akr%3A1234567%3Abongsu/messages"
REQUEST = "?requestId=RSLA-0000000000000-00000-00000000-AAAAAAAA"


@pytest.mark.parametrize(
    ("method", "path", "signed"),
    [
        ("POST", SMS, "bGcExEn9uNiSAcHnVyT2Zi+UNwl3GkjP/uhj382M6d8="),
        ("GET", SMS + REQUEST, "JXYh7dUqa7rzeneka0yhDMV0da3IkJvLwAWcIHSSBNw="),
        ("POST", KKO, "yj3+qHhmgGzY1u9G2h0rmjepHLFAuK61TyGsby8pINM="),
        (
            "GET",
            KKO + "/11111111-2222-3333-4444-555555555555",
            "HB3WWVrhIiz+jGxIKRv9ZRy8wasGm9aL8aGUvUYLQUE=",
        ),
        ("POST", ESCAPED, "g5SbgjSsfmVKRpcUegulmN3DBxuoCOc58TN1THQmwQc="),
    ],
)
def test_a_signature_is_that_of_the_known_vector(method: str, path: str, signed: str) -> None:
    key, secret = "BONGSUACCESSKEY00001", "bongsu-test-secret-key-not-real-0001"
    assert wire.signature(method, path, "1767225600000", key, secret) == signed
