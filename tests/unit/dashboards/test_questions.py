"""What a data source gets: macros and variables as Grafana puts them in."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboards import build, house, queries
from dashboards.queries import Query

NOW = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)
DAY = timedelta(days=1)
START, END = "'2026-10-14T06:30:00Z'", "'2026-10-15T06:30:00Z'"


def _query(text: str) -> Query:
    return Query("bongsu-x/1", "제목", "any", text, False, DAY)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("rate(a[$__rate_interval])", "rate(a[447s])"),
        ("increase(a[$__range])", "increase(a[86400s])"),
        ('a{b=~"$body"}', 'a{b=~"geoje"}'),
        ('a{c=~"${channel}"}', 'a{c=~"(sms|alimtalk)"}'),
        ('a{c=~"$carrier"}', 'a{c=~".*"}'),
    ],
)
def test_promql_as_prometheus_gets_it(text: str, expanded: str) -> None:
    values = {"body": ["geoje"], "channel": ["sms", "alimtalk"]}
    assert queries.promql(_query(text), values) == expanded


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$__timeFilter(sent_at)", f"sent_at BETWEEN {START} AND {END}"),
        ("f($__timeFrom()) AND f($__timeTo())", f"f({START}) AND f({END})"),
        ("$__timeGroup(at, '1h') AS time", "floor(extract(epoch from at)/3600)*3600 AS time"),
        ("$__timeGroup(at,'15m')", "floor(extract(epoch from at)/900)*900"),
        ("b IN (${body:sqlstring})", "b IN ('geoje','o''hara')"),
    ],
)
def test_sql_as_postgres_gets_it(text: str, expanded: str) -> None:
    assert queries.sql(_query(text), {"body": ["geoje", "o'hara"]}, NOW) == expanded


@pytest.mark.parametrize("text", ["$__timeFilterr(at)", "${nobody:sqlstring}", "$nobody"])
def test_a_macro_or_variable_without_a_value_is_told(text: str) -> None:
    with pytest.raises(LookupError, match="has no value"):
        queries.sql(_query(text), {}, NOW)


def test_panels_annotations_and_variables_all_ask() -> None:
    keys = {query.key for query in queries.queries(build.rendered()["bongsu-body"])}
    assert keys == {
        *(f"bongsu-body/{number}" for number in range(1, 9)),
        "bongsu-body/장애", "bongsu-body/변경", "bongsu-body/$body", "bongsu-body/$channel",
    }  # fmt: skip


def test_what_follows_from_an_incident_is_asked_and_carried_by_no_link() -> None:
    board = build.rendered()["bongsu-incident"]
    asked = {q.key: q.kind for q in queries.queries(board) if "$" in q.key}
    names = ("incident", "channel", "provider")
    assert asked == {f"bongsu-incident/${name}": house.PG["type"] for name in names}
    derived = {v["name"] for v in board["templating"]["list"] if v.get("skipUrlSync")}
    assert derived == {"channel", "provider"}


def test_a_board_whose_time_is_no_span_up_to_now_is_refused() -> None:
    board = build.rendered()["bongsu-body"]
    board["time"]["to"] = "now-1h"
    with pytest.raises(ValueError, match="no span up to now"):
        list(queries.queries(board))
