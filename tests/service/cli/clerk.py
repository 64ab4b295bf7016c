"""A clerk at the command line: commands, what they answer, and a province to work on."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from service.cli.app import main
from service.database import open_engine, open_sessions
from service.schema import load_metadata
from tests.builders import an_area
from tests.campaigns.definitions.files import a_file

SEAL_KEY = "a seal key that opens only tests"
OTHER_KEY = "a seal key that opens no such database"
SECRETS = {"LOA_SECRET_KEY": "a secret key that only tests have", "LOA_SEAL_KEY": SEAL_KEY}
# Nobody listens there.
NO_QUEUE = "redis://127.0.0.1:1"


class Clerk:
    """Runs commands with the settings of one installation."""

    def __init__(self, url: str, data_dir: Path, **settings: str) -> None:
        self.url = url
        self.settings = {
            "LOA_DATABASE_URL": url,
            "LOA_DATA_DIR": str(data_dir),
            "LOA_REDIS_URL": NO_QUEUE,
            "LOA_USER": "tacgia",
            **SECRETS,
            **settings,
        }

    def run(self, *words: str | Path, **settings: str) -> Result:
        command = [str(word) for word in words]
        return CliRunner().invoke(main, command, env=self.settings | settings)

    def answer(self, *words: str | Path, code: int = 0, **settings: str) -> Any:
        """Return the one JSON document that the command prints."""
        result = self.run(*words, "--json", **settings)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def refusal(self, *words: str | Path, code: int = 1, **settings: str) -> str:
        """Return the sentence of a refusal, after holding it to what every refusal promises."""
        result = self.run(*words, "--json", **settings)
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        document = json.loads(result.stdout)
        assert set(document) == {"error", "message"}
        message: str = document["message"]
        assert message in result.stderr
        shown = self.run(*words, **settings)
        assert (shown.exit_code, shown.stdout) == (code, "")
        assert message in shown.stderr
        return message


def everything(url: str) -> dict[str, list[str]]:
    """Return every row of every table, to be compared with what is there later.

    As plain text: for a new engine, some sixty statements would have to be compiled each time.
    """
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return {
                name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}")))  # noqa: S608 - our own tables
                for name in load_metadata().tables
            }
    finally:
        engine.dispose()


def a_small_province(url: str) -> None:
    """Put province 20 with the communes 06196 and 06184 into the database at *url*."""
    engine = open_engine(url)
    with open_sessions(engine).begin() as session:
        an_area(session, "20", name="Lạng Sơn")
        an_area(session, "06196", name="Ba Sơn", parent="20")
        an_area(session, "06184", name="Mẫu Sơn", parent="20")
    engine.dispose()


def a_campaign_file(directory: Path, **changes: Any) -> Path:
    """Write a campaign to everybody in area 20 that speaks of no level; return its file."""
    content: dict[str, Any] = {
        "audience": {"areas": ["20"]},
        "texts": {"vi": "Lạng Sơn: Thực hiện 5K tại {area}. Hỏi đáp: {hotline}."},
        "window": {"hours": "07:00-21:00", "lasts": "P3D"},
    }
    path = directory / "campaign.yaml"
    path.write_text(a_file(**(content | changes)), encoding="utf-8")
    return path
