"""The OpenAPI document of the API: made of the same table as its routes, so that it is true.

In:  `api.ENDPOINTS`. Out: the document, served at `/api/v1/openapi.json` and kept as
`docs/openapi.json`: `python -m services.alerting.answers.openapi` writes it anew.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.alerting.answers import correcting
from services.alerting.answers.api import BASE, ENDPOINTS, Endpoint
from services.alerting.answers.models import Wrong

FILE = Path("docs/openapi.json")
_REFUSALS = {
    "401": "no valid token", "403": "the token's roles do not suffice, or its person may not",
    "404": "there is no such thing", "409": "it is closed or decided already",
    "413": "the body is too large", "415": "the body is not JSON",
    "422": "what is asked makes no sense", "429": "too many wrong tokens from this address",
    "503": "Postgres is away: nothing was done",
}  # fmt: skip
Schemas = Mapping[tuple[Any, JsonSchemaMode], JsonSchemaValue]
_TEMPLATE = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        ("wrong", "serialization", TypeAdapter(Wrong))
    ]
    for one in ENDPOINTS:
        inputs.append((_name(one), "serialization", TypeAdapter(one.answer)))
        if one.body:
            inputs.append((_name(one), "validation", TypeAdapter(one.body)))
    found, shared = TypeAdapter.json_schemas(inputs, ref_template=_TEMPLATE)
    paths: dict[str, dict[str, Any]] = {}
    for one in ENDPOINTS:
        paths.setdefault(BASE + one.path, {})[one.method.lower()] = _operation(one, found)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "bongsu", "version": "1",
            "description": "Incidents, planned work, notices of providers, who is on call,"
            " corrections of months. Ids that hold a slash are percent-encoded.",
        },
        "paths": paths,
        "components": {
            "schemas": shared.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }  # fmt: skip


def route() -> Route:
    """The document, for whoever reaches the ops port."""
    made = document()

    async def answer(_: Request) -> Response:
        return JSONResponse(made)

    return Route(f"{BASE}/openapi.json", answer)


def text() -> str:
    """As it is kept."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _name(one: Endpoint) -> str:
    return f"{one.method} {one.path}"


def _operation(one: Endpoint, schemas: Schemas) -> dict[str, Any]:
    body = schemas.get((_name(one), "validation"))
    taken = {"requestBody": {"required": True, "content": _json(body)}} if body else {}
    return taken | {
        "summary": re.sub(r"\s+", " ", one.act.__doc__ or "").replace("`", ""),
        "operationId": one.act.__name__,
        "x-role": one.role,
        "parameters": _parameters(one),
        "responses": {
            "200": {
                "description": "done",
                "content": _json(schemas[(_name(one), "serialization")]),
            },
            **_refusals(one, _json(schemas[("wrong", "serialization")])),
        },
    }


def _refusals(one: Endpoint, content: dict[str, Any]) -> dict[str, Any]:
    reading = () if one.body else ("409", "413", "415", "422")
    named = "{id}" in one.path or one.act is correcting.correct
    left_out = {*reading, *(() if named else ("404",))}
    return {
        status: {"description": why, "content": content}
        for status, why in _REFUSALS.items()
        if status not in left_out
    }


def _json(schema: JsonSchemaValue) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _parameters(one: Endpoint) -> list[dict[str, Any]]:
    named = re.findall(r"{(\w+)}", one.path)
    path = [
        {"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in named
    ]
    query = [{"name": n, "in": "query", "schema": {"enum": ["true"]}} for n in one.query]
    return [*path, *query]


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.exit()
