"""The OpenAPI document: what handlers say of themselves, for they read their requests by hand."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.permission import PUBLIC, declared
from api.schemas import ProblemDocument

_IN_PATH = re.compile(r"{(\w+)}")
_REF = "#/components/schemas/{model}"
PERMISSION = "x-permission"
"""Where a route's declaration stands in the document; `DirectRoute` enforces what stands there."""
_IDENTIFIER = {"type": "string", "format": "uuid"}
_IN_PATH_FORMS: dict[str, dict[str, Any]] = {
    "level": {"type": "integer", "minimum": 0, "maximum": 63},
    "tile_path": {"type": "string", "pattern": r"^(x[0-9]{3}/)*[0-9]{3}(\.p/[1-9][0-9]{0,2})?$"},
}
"""What stands in a path and is no identifier."""
_bodies: dict[str, type[BaseModel]] = {}

_HEADERS = {
    "Idempotency-Key": "The first request under a key acts; repeats get its answer. 1 to 255 visible characters.",
    "If-Match": 'The version the resource is expected to be at, like "3".',
    "Consistency-Token": "The token of a write that this read must show.",
}
_HEADER_FORMS = {"Idempotency-Key": {"pattern": "^[!-~]{1,255}$"}}


def answers(status: int, model: type[BaseModel] | None, *problems: int) -> dict[int | str, dict[str, Any]]:
    """The answer, and the problems besides the usual ones."""
    success: dict[str, Any] = {"description": "Done"}
    if model is not None:
        success["model"] = model
    return {status: success, **{code: {} for code in problems}}


def plain_answers(media_type: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    """The answer where it is not JSON, and the problems besides the usual ones. For routes with `response_class`
    Response, for which the framework documents nothing itself."""
    success = {"description": "Done", "content": {media_type: {"schema": {"type": "string"}}}}
    return {200: success, **{code: {} for code in problems}}


def documented(
    summary: str,
    *,
    permission: str,
    answers: dict[int | str, dict[str, Any]],
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    headers: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Keyword arguments for a route. `permission`: what the route asks of its caller; see api.permission."""
    extra: dict[str, Any] = {
        PERMISSION: declared(permission),
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": False,
                "description": _HEADERS[name],
                "schema": {"type": "string", **_HEADER_FORMS.get(name, {})},
            }
            for name in headers
        ],
    }
    if permission != PUBLIC:
        extra["security"] = [{"bearer": []}]
    if body is not None:
        _bodies[body.__name__] = body
        content = {"application/json": {"schema": {"$ref": _REF.format(model=body.__name__)}}}
        extra["requestBody"] = {"required": True, "content": content}
    if query is not None:
        extra["parameters"] += _query_parameters(query)
    problem = {
        "description": "A problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemDocument")}}},
    }
    told = {status: answer or problem for status, answer in answers.items()}
    return {
        "summary": summary,
        "responses": {**told, "default": problem},
        "openapi_extra": extra,
        "response_model": None,
    }


def document(app: FastAPI) -> None:
    """Make the application describe itself in full."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
            for path, item in schema["paths"].items():
                for operation in item.values():
                    operation.setdefault("parameters", []).extend(_path_parameters(path))
            components = schema.setdefault("components", {})
            models = [(model, "validation") for model in (*_bodies.values(), ProblemDocument)]
            _, definitions = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
            components.setdefault("schemas", {}).update(definitions["$defs"])
            components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _IN_PATH_FORMS.get(name, _IDENTIFIER)}
        for name in _IN_PATH.findall(path)
    ]


def _query_parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    schema = query.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": described,
            # A list is one value with commas in it.
            **({"style": "form", "explode": False} if described.get("type") == "array" else {}),
        }
        for name, described in schema["properties"].items()
    ]
