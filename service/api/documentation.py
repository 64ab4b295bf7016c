"""The pages about the interface: what may be asked, and what each problem means.

Plain HTML made from the description, without a script: it opens at once on a slow machine, needs
nothing from elsewhere, and can be searched with the browser's own search.
"""

import re
from http import HTTPStatus
from importlib import resources

from flask import Blueprint, Response, abort, current_app, render_template
from markupsafe import Markup, escape

from service.api.problems import TYPES
from service.api.remedies import EVERY_KIND

DOCS = "/api/docs"
_STYLE = f"{DOCS}/style.css"
_KINDS = {kind.slug: kind for kind in EVERY_KIND}
_MAY_STYLE = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_QUOTED = re.compile("`([^`]+)`")
_METHODS = ("get", "put", "post", "patch", "delete")

documentation = Blueprint("documentation", __name__, template_folder="templates")


@documentation.app_template_filter("quoting")
def quote_code(text: str) -> Markup:
    """Show what stands between backticks as code."""
    return Markup(_QUOTED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


@documentation.get(DOCS)
def show_reference() -> Response:
    """Show every address with what it takes, gives and needs."""
    spec = current_app.spec  # type: ignore[attr-defined]  # APIFlask's
    operations: dict[str, list[dict[str, object]]] = {}
    for path, item in spec["paths"].items():
        for method in _METHODS:
            if method in item:
                found = {"method": method.upper(), "path": path, **item[method]}
                operations.setdefault(item[method]["tags"][0], []).append(found)
    return _page(
        "reference.html",
        info=spec["info"],
        operations=operations,
        schemas=dict(sorted(spec["components"]["schemas"].items())),
    )


@documentation.get(TYPES)
def list_problems() -> Response:
    """Show every kind of problem."""
    return _page("problems.html", kinds=_KINDS.values())


@documentation.get(f"{TYPES}<slug>")
def show_problem(slug: str) -> Response:
    """Show what one kind of problem means: the page its ``type`` is the address of."""
    if slug not in _KINDS:
        abort(HTTPStatus.NOT_FOUND)
    return _page("problems.html", kinds=[_KINDS[slug]])


@documentation.get(_STYLE)
def send_style() -> Response:
    content = resources.files("service.api").joinpath("templates/style.css").read_bytes()
    return Response(content, content_type="text/css; charset=utf-8")


def _page(template: str, **values: object) -> Response:
    page = Response(render_template(template, style=_STYLE, docs=DOCS, problems=TYPES, **values))
    page.headers["Content-Security-Policy"] = _MAY_STYLE
    return page
