"""What a sweep has cost, and why it ended as it did."""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sweeps", sa.Column("note", sa.Text))
    op.add_column("sweeps", sa.Column("cost_usd", sa.Double))


def downgrade() -> None:
    op.drop_column("sweeps", "cost_usd")
    op.drop_column("sweeps", "note")
