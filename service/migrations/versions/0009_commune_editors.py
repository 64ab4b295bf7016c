"""commune editors."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_areas",
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_code", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_person_areas_person_id_people")
        ),
        sa.PrimaryKeyConstraint("person_id", "area_code", name=op.f("pk_person_areas")),
    )
    op.create_table(
        "local_texts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_code", sa.String(length=16), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=60), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_local_texts_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_local_texts_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_texts")),
    )
    with op.batch_alter_table("local_texts", schema=None) as batch_op:
        batch_op.create_index("ix_local_texts_place", ["campaign_id", "area_code", "slot"])


def downgrade() -> None:
    with op.batch_alter_table("local_texts", schema=None) as batch_op:
        batch_op.drop_index("ix_local_texts_place")

    op.drop_table("local_texts")
    op.drop_table("person_areas")
