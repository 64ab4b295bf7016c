"""one opt-out."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "topic_stops",
        sa.Column(
            "subscriber_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "topic", name=op.f("pk_topic_stops")),
    )
    op.create_table(
        "inbound_texts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sid", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=16), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("asked", sa.String(length=32), nullable=False),
        sa.Column(
            "meaning",
            sa.Enum(
                "stop",
                "start",
                "help",
                "answer",
                "level",
                "other",
                "machine",
                "echo",
                name="meaning",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_inbound_texts_ticket_id_tickets"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_texts")),
        sa.UniqueConstraint("sid", name=op.f("uq_inbound_texts_sid")),
    )
    with op.batch_alter_table("inbound_texts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_inbound_texts_fingerprint_received_at"),
            ["fingerprint", "received_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_inbound_texts_received_at"), ["received_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_inbound_texts_ticket_id"), ["ticket_id"], unique=False)

    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("topic", sa.String(length=16), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("overrides_opt_outs", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table(
        "caller_texts", schema=None, table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        batch_op.add_column(
            sa.Column("sender", sa.String(length=20), server_default="", nullable=False)
        )
        batch_op.alter_column("call_id", existing_type=_ID, nullable=True)

    with op.batch_alter_table("consent_events", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("topic", sa.String(length=16), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("evidence", sa.String(length=32), server_default="", nullable=False)
        )

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("despite_opt_out", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.alter_column("call_id", existing_type=_ID, nullable=True)


def downgrade() -> None:
    # The version before knows no text and no ticket that belongs to no call.
    op.execute("UPDATE inbound_texts SET ticket_id = NULL")
    op.execute("DELETE FROM tickets WHERE call_id IS NULL")
    op.execute("DELETE FROM caller_texts WHERE call_id IS NULL")
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.alter_column("call_id", existing_type=_ID, nullable=False)

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_column("despite_opt_out")

    with op.batch_alter_table("consent_events", schema=None) as batch_op:
        batch_op.drop_column("evidence")
        batch_op.drop_column("topic")

    with op.batch_alter_table(
        "caller_texts", schema=None, table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        batch_op.alter_column("call_id", existing_type=_ID, nullable=False)
        batch_op.drop_column("sender")

    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.drop_column("overrides_opt_outs")
        batch_op.drop_column("topic")

    with op.batch_alter_table("inbound_texts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbound_texts_ticket_id"))
        batch_op.drop_index(batch_op.f("ix_inbound_texts_received_at"))
        batch_op.drop_index(batch_op.f("ix_inbound_texts_fingerprint_received_at"))

    op.drop_table("inbound_texts")
    op.drop_table("topic_stops")
