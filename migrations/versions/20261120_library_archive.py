"""buyers may put things aside in their library"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_library_archive"
down_revision = "20261120_broken_invariants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column("entitlement", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take this step back."""
    op.drop_column("entitlement", "archived_at")
