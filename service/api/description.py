"""The description: what APIFlask cannot know of the interface, added to its OpenAPI document."""

import re
from typing import Any

from flask import Flask
from pydantic import BaseModel

from campaigns.access.answered import LONGEST_KEY
from campaigns.definitions.document import CampaignDocument
from service.api.once import HEADER, ONCE
from service.api.problems import CONTENT_TYPE, Problem
from service.api.requests import NEEDS, NEEDS_SCOPE

ABOUT = (
    "What the command line does, for operators' programs. Every request carries a key or a "
    "session: `Authorization: Bearer loa_...`, or `loas_...` from `POST /sessions`. What may go "
    "wrong is a problem (RFC 9457) with a stable `type`, a remedy, and `Accept-Language: vi` or "
    "`en`. Moments are given with their offset and answered in the province's time. Numbers are "
    "E.164. What would take long because it is about very many people (`LOA_ERRAND_FROM`, usually "
    "100,000) is answered with 202: the address in `Location` tells when it is done, what came of "
    "it, or the problem that it was refused with."
)
_BEARER = {"type": "http", "scheme": "bearer", "description": "A key or a session."}
_METHODS = {"get", "post", "put", "patch", "delete"}
_BYTES = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
# Bodies that are no plain JSON form, and so are read by the views themselves.
_READ_BY_HAND: dict[tuple[str, str], dict[str, Any]] = {
    ("/api/v1/campaigns/{slug}", "put"): {
        "application/json": {"schema": {"$ref": "#/components/schemas/CampaignDocument"}},
        "application/yaml": {"schema": {"type": "string"}},
    },
    ("/partner/v1/receipts", "post"): {
        "application/json": {"schema": {"type": "object"}},
        "text/csv": {"schema": {"type": "string"}},
    },
    ("/api/v1/subscribers/imports", "post"): {"application/octet-stream": _BYTES},
    ("/api/v1/partners/{name}/reconcile", "post"): {"text/csv": _BYTES},
}


def describe(spec: dict[str, Any], app: Flask) -> dict[str, Any]:
    """Return *spec* with who may ask what, what every address may refuse, and bodies required."""
    spec["info"]["description"] = ABOUT
    # Two blueprints may share one.
    spec["tags"] = list({tag["name"]: tag for tag in spec["tags"]}.values())
    spec["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    parts = spec.setdefault("components", {})
    parts.setdefault("securitySchemes", {})["key"] = _BEARER
    schemas = parts.setdefault("schemas", {})
    for form in (Problem, CampaignDocument):
        _add_form(schemas, form)
    views = {
        (template_of(rule.rule), method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, operations in spec["paths"].items():
        for method in _METHODS & operations.keys():
            _complete(operations[method], views[path, method])
    for (path, method), content in _READ_BY_HAND.items():
        # The partners' door is not in every application that is described.
        if path in spec["paths"]:
            spec["paths"][path][method]["requestBody"] = {"required": True, "content": content}
    return spec


def _add_form(schemas: dict[str, Any], form: type[BaseModel]) -> None:
    """Add *form* as it may be given, with whatever it is made of below its name."""
    name = form.__name__
    schema = form.model_json_schema(ref_template=f"#/components/schemas/{name}.{{model}}")
    parts = schema.pop("$defs", {})
    schemas |= {name: schema} | {f"{name}.{part}": parts[part] for part in parts}


def _needed(view: object) -> str:
    """Say what whoever asks *view* must be allowed; nothing where anybody may."""
    if (permission := getattr(view, NEEDS, None)) is not None:
        return f"Needs the permission `{permission}`."
    scope = getattr(view, NEEDS_SCOPE, None)
    return f"For partners: needs a key with the scope `{scope}`." if scope is not None else ""


def _complete(operation: dict[str, Any], view: object) -> None:
    needed = _needed(view)
    operation["summary"] = operation["summary"].rstrip(".")
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    operation["responses"]["default"] = {
        "description": "A problem",
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if needed:
        operation["security"] = [{"key": []}]
        said = operation.get("description", "")
        operation["description"] = f"{said}\n\n{needed}".strip()
    if getattr(view, ONCE, False):
        operation.setdefault("parameters", []).append(
            {
                "in": "header",
                "name": HEADER,
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
            }
        )


def template_of(rule: str) -> str:
    """Return the address of a Flask *rule* as OpenAPI writes it."""
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule)
