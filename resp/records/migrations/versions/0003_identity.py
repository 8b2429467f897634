"""Records know which they are, so that the sounds of others are never taken for sounds of nobody."""

import sqlalchemy as sa
from alembic import op

from resp.records.upgrading import refuse_downgrade

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; its row is written when the records are opened."""
    op.create_table("identity", sa.Column("id", sa.String(), primary_key=True))


def downgrade() -> None:
    """Refuse."""
    refuse_downgrade()
