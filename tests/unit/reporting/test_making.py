"""Documents of many reports come whole, by several processes, and are checked like all files."""

from pathlib import Path

import pytest

from services.contracts.report import Report
from services.reporting import chain, folder
from services.reporting.documents.making import Made, Order, make
from services.reporting.verify import verify
from tests.unit.reporting.goldens import report_of


def _orders(*bodies: str) -> list[Order]:
    """A month of each of them."""
    report = report_of("G3").model_copy(update={"revision": 0})
    named = [report.body.model_copy(update={"id": body}) for body in bodies]
    return [_order(report.model_copy(update={"body": body})) for body in named]


def _order(report: Report) -> Order:
    sealed = chain.sealed(report, chain.ZEROS)
    return Order(chain.text_of(sealed), (), chain.chain_text([chain.link_of(sealed)]))


def _made(orders: list[Order], out: Path) -> list[Made]:
    return list(make(orders, out, jobs=2))


def _differ(out: Path) -> list[str]:
    return [finding.what for finding in verify(out) if finding.equal is False]


def test_each_body_gets_its_files_and_they_verify(tmp_path: Path) -> None:
    made = _made(_orders("geoje", "tongyeong"), tmp_path)
    assert [each.failed for each in made] == [None, None]
    place = tmp_path / "2026-11" / "tongyeong"
    assert _differ(tmp_path) == []
    assert sorted(file.name for file in place.iterdir()) == [
        "SHA256SUMS",
        *(f"tongyeong-2026-11-r0.{end}"
          for end in ("chain", "en.pdf", "en.xlsx", "json", "ko.pdf", "ko.xlsx")),
    ]  # fmt: skip
    assert {file for each in made for file in each.files} == {
        file for file in tmp_path.rglob("*") if file.is_file()
    }


@pytest.mark.parametrize("end", ["ko.pdf", "en.xlsx"])
def test_a_changed_byte_of_a_document_is_found(tmp_path: Path, end: str) -> None:
    (made,) = _made(_orders("geoje"), tmp_path)
    (file,) = (each for each in made.files if each.name.endswith(end))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert _differ(tmp_path) == [file.name]


def test_one_that_cannot_be_made_holds_up_no_other(tmp_path: Path) -> None:
    orders = [Order(b"{}"), *_orders("geoje")]
    failed = {each.order: each.failed is not None for each in _made(orders, tmp_path)}
    assert failed == {orders[0]: True, orders[1]: False}
    assert [place.name for place in (tmp_path / "2026-11").iterdir()] == ["geoje"]


def test_who_stops_asking_leaves_whole_bodies_only(tmp_path: Path) -> None:
    making = make(_orders(*(f"body-{n}" for n in range(8))), tmp_path, ("ko",), jobs=2)
    first = next(making)
    making.close()
    places = list((tmp_path / "2026-11").iterdir())
    assert first.files[0].parent in places
    assert len(places) < 8
    assert all(len(list(place.iterdir())) == 5 for place in places)
    assert all(place.name == folder.read_sums(place).popitem()[0][:6] for place in places)
