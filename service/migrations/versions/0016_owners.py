"""networks that partners stood for."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FIELDS = ("carrier", "partner_id", "since")


def upgrade() -> None:
    rows = _take_out()
    op.create_table(
        "partner_carriers",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("carrier", sa.String(length=16), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_carriers_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_carriers")),
    )
    op.create_index(
        "uq_partner_carriers_carrier",
        "partner_carriers",
        ["carrier"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    _put_back(rows)
    op.create_index(
        "ix_partner_feed_planned",
        "partner_feed",
        ["broadcast_id", "position"],
        unique=False,
        sqlite_where=sa.text("state = 'planned'"),
        postgresql_where=sa.text("state = 'planned'"),
    )


def downgrade() -> None:
    op.drop_index("ix_partner_feed_planned", table_name="partner_feed")
    rows = _take_out("WHERE until IS NULL")
    op.create_table(
        "partner_carriers",
        sa.Column("carrier", sa.String(length=16), nullable=False),
        sa.Column("partner_id", _BIG, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_carriers_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("carrier", name=op.f("pk_partner_carriers")),
    )
    _put_back(rows)


def _take_out(which: str = "") -> list[dict[str, object]]:
    """Return the rows, a handful, and drop their table, whose key is another one."""
    found = op.get_bind().execute(
        sa.text(f"SELECT {', '.join(_FIELDS)} FROM partner_carriers {which}")  # noqa: S608 - ours
    )
    rows = [dict(zip(_FIELDS, row, strict=True)) for row in found]
    op.drop_table("partner_carriers")
    return rows


def _put_back(rows: list[dict[str, object]]) -> None:
    for row in rows:
        op.get_bind().execute(
            sa.text(
                "INSERT INTO partner_carriers (carrier, partner_id, since) "
                "VALUES (:carrier, :partner_id, :since)"
            ),
            row,
        )
