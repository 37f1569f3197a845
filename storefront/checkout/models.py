"""What the last look at the invariants found."""

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base


class BrokenInvariant(Base):
    """A statement that must always hold and did not at the last look; the admin page shows it in red."""

    __tablename__ = "broken_invariant"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    sentence: Mapped[str] = mapped_column(Text)
    examples: Mapped[dict[str, Any]]
    found_at: Mapped[datetime] = mapped_column(default=now)
