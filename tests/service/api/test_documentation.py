"""The description and the pages made of it: valid, complete, and explaining every problem."""

import json
import re
from html.parser import HTMLParser

from flask import Flask
from openapi_spec_validator import validate

from service.api.documentation import DOCS
from service.api.problems import TYPES
from service.api.remedies import EVERY_KIND


class Links(HTMLParser):
    """Collects what a page links to, what can be linked to in it, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.to: set[str] = set()
        self.anchors: set[str] = set()
        self.loads: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given["id"]} if "id" in given else set()
        if tag == "a":
            self.to.add(given["href"])
        elif "href" in given or "src" in given:
            self.loads.add(given.get("href") or given["src"])


def test_the_description_is_valid(app: Flask) -> None:
    validate(json.loads(app.test_client().get("/api/openapi.json").data))


def test_every_address_and_form_is_on_the_page(app: Flask) -> None:
    web = app.test_client()
    page = web.get(DOCS).text
    spec = web.get("/api/openapi.json").json
    assert spec is not None
    for path in spec["paths"]:
        assert f"<code>{path}</code>" in page
    links = Links()
    links.feed(page)
    assert {f"form-{name}" for name in spec["components"]["schemas"]} <= links.anchors
    assert {to[1:] for to in links.to if to.startswith("#")} <= links.anchors
    for loaded in links.loads | {to for to in links.to if to.startswith("/")}:
        assert web.get(loaded).status_code == 200


def test_the_page_needs_nothing_from_elsewhere(app: Flask) -> None:
    answer = app.test_client().get(DOCS)
    assert "script" not in re.findall(r"<(\w+)", answer.text)
    assert "://" not in "".join(re.findall(r'(?:href|src)="([^"]*)"', answer.text))
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_type_of_every_problem_is_a_page_in_both_languages(app: Flask) -> None:
    web = app.test_client()
    everything = web.get(TYPES).text
    for kind in EVERY_KIND:
        page = web.get(f"{TYPES}{kind.slug}").text
        assert kind.slug in everything
        assert f'lang="vi"><strong>{kind.title_vi}' in page
    assert web.get(f"{TYPES}nothing-of-the-kind").status_code == 404
