"""The two data sources, as a board's file names them: for those too who have no grafanalib."""

from typing import Any

PROM = {"type": "prometheus", "uid": "${prom}"}
PG = {"type": "grafana-postgresql-datasource", "uid": "${pg}"}

Json = dict[str, Any]
