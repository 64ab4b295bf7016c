"""settlements, orders and carriers."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# What was settled, acknowledged and reported is only ever added to.
_APPEND_ONLY = ("partner_settlements", "acknowledgements", "area_order_reports")


def upgrade() -> None:
    op.create_table(
        "carrier_stretches",
        sa.Column("carrier", sa.String(length=16), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("", "quiet", "stopped", name="verdict", native_enum=False, length=16),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("carrier", "begins_at", name=op.f("pk_carrier_stretches")),
    )
    op.create_table(
        "partner_settlements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "partner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("previous_digest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_settlements_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_settlements")),
        sa.UniqueConstraint(
            "partner_id", "day", name=op.f("uq_partner_settlements_partner_id_day")
        ),
    )
    op.create_table(
        "acknowledgements",
        sa.Column(
            "settlement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["partner_settlements.id"],
            name=op.f("fk_acknowledgements_settlement_id_partner_settlements"),
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_acknowledgements")),
    )
    op.create_table(
        "area_orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "broadcast_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "partner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name=op.f("fk_area_orders_broadcast_id_broadcasts")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_area_orders_partner_id_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_orders")),
        sa.UniqueConstraint(
            "broadcast_id", "partner_id", name=op.f("uq_area_orders_broadcast_id_partner_id")
        ),
    )
    op.create_table(
        "area_order_reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("areas", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["area_orders.id"],
            name=op.f("fk_area_order_reports_order_id_area_orders"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_order_reports")),
    )
    with op.batch_alter_table("area_order_reports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_area_order_reports_order_id"), ["order_id"], unique=False
        )

    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME; END $$"
        )
    for table in _APPEND_ONLY:
        _guard(table)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION is_append_only()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
        )


def downgrade() -> None:
    with op.batch_alter_table("area_order_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_area_order_reports_order_id"))

    op.drop_table("area_order_reports")
    op.drop_table("area_orders")
    op.drop_table("acknowledgements")
    op.drop_table("partner_settlements")
    op.drop_table("carrier_stretches")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION is_append_only()")
