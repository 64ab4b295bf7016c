"""Nesting: brackets within brackets are refused like any other slip, however deep they go."""

import pytest
from flask import Flask


@pytest.mark.parametrize("depth", [900, 1000, 1023, 1024, 5_000, 300_000])
@pytest.mark.parametrize("path", ["/api/v1/sessions", "/api/v1/invitations/open"])
def test_no_nesting_is_our_fault(app: Flask, path: str, depth: int) -> None:
    """Also without a key: whoever logs in has none yet."""
    body = '{"login": ' + "[" * depth + "]" * depth + ', "password": "x"}'
    answer = app.test_client().post(path, data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500, answer.get_data(as_text=True)
