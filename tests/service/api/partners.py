"""Partners' programs: they send a partner's key to the partners' door."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse


@dataclass
class PartnerProgram:
    """A telecom company's program."""

    app: Flask
    key: str

    def ask(self, method: str, path: str, *, code: int = 200, **options: Any) -> TestResponse:
        """Ask below /partner/v1 and return the answer, which must come with *code*."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        answer = self.app.test_client().open(
            f"/partner/v1{path}", method=method, headers=headers, **options
        )
        assert answer.status_code == code, answer.get_data(as_text=True)
        return answer

    def get(self, path: str, *, code: int = 200, **options: Any) -> Any:
        return self.ask("GET", path, code=code, **options).get_json()

    def post(self, path: str, json: Any, *, code: int = 200) -> Any:
        return self.ask("POST", path, code=code, json=json).get_json()
