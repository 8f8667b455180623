"""An adapter is found because its file is there; a file that is none stops the start."""

from pathlib import Path

import pytest

from services import adapters
from services.runtime.errors import Stop


def test_every_file_is_an_adapter_under_its_own_name() -> None:
    assert {"sens_sms", "sens_alimtalk"} <= adapters.discover().keys()


def test_what_adapters_share_is_no_adapter() -> None:
    assert not {name for name in adapters.discover() if name.startswith("_") or name == "base"}


def test_a_file_without_an_adapter_stops_the_start_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "carrier_pigeon.py").write_text('"""Nothing."""\n', encoding="utf-8")
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])
    with pytest.raises(Stop, match=r"carrier_pigeon\.py holds no ADAPTER"):
        adapters.discover()


def test_boards_learn_every_code_of_every_adapter_with_its_words() -> None:
    known = adapters.known_codes()
    assert ("sens_sms", "3001", "failed", "handset", "no such subscriber") in known
    assert ("sens_alimtalk", "A*", "failed", "body", None) in known
    assert {name for name, *_ in known} == adapters.discover().keys()
    assert len({(name, code) for name, code, *_ in known}) == len(known)
