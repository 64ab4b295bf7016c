"""``python -m service.migrations MESSAGE`` drafts the step from the last one to the models."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from service.database import open_engine
from service.upgrades import draft_migration, upgrade


def main(message: str) -> None:
    """Compare the models with a fresh database at the last migration and write the difference."""
    with TemporaryDirectory(prefix="loa-migration-") as directory:
        engine = open_engine(f"sqlite:///{directory}/draft.sqlite3")
        try:
            upgrade(engine)
            written = draft_migration(engine, message=message)
        finally:
            engine.dispose()
    sys.stdout.write(
        f"{written.relative_to(Path.cwd())}: read it, and mend it, before you use it\n"
    )


if __name__ == "__main__":
    main(
        " ".join(sys.argv[1:]) or sys.exit("say in a few words what changes: make migration m=...")
    )
