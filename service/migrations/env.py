"""What Alembic runs for every step: on the connection and with the tables it was handed."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from campaigns.base import Instant


def _write_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    # A migration must still run when the class is gone, so it names the column type beneath it.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    # SQLite changes a column only by copying its table.
    render_as_batch=True,
    render_item=_write_type,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
