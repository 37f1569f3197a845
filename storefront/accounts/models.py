"""Tables of accounts and of their sessions."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storefront.accounts.places import FIELDS
from storefront.accounts.states import Role, TokenPurpose
from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id


class Account(Base):
    """A person with a password. ``email`` is kept lower-case and trimmed, so that it is one per mailbox."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = choice(Role, "role", default=Role.CUSTOMER)
    language: Mapped[str] = mapped_column(String(8), default="en")
    created_at: Mapped[datetime] = mapped_column(default=now)
    email_verified_at: Mapped[datetime | None]
    password_changed_at: Mapped[datetime] = mapped_column(default=now)
    disabled_at: Mapped[datetime | None]

    @property
    def display_name(self) -> str:
        """What the header calls them."""
        return self.name or self.email.split("@", 1)[0]

    @property
    def is_owner(self) -> bool:
        """Whether this is the owner of the shop."""
        return self.role is Role.OWNER


class SavedAddress(Base):
    """Where somebody has things sent. Fields are called as in ``accounts.places``; at most one is the default."""

    __tablename__ = "saved_address"
    __table_args__ = (
        Index("ix_saved_address_account_id", "account_id"),
        Index(
            "uq_saved_address_default",
            "account_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
        CheckConstraint("length(country) = 2", name="country"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("account.id", ondelete="CASCADE"))
    is_default: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(String(120))
    company: Mapped[str] = mapped_column(String(120), default="")
    line1: Mapped[str] = mapped_column(String(200))
    line2: Mapped[str] = mapped_column(String(200), default="")
    district: Mapped[str] = mapped_column(String(100), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[str] = mapped_column(String(100), default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="")
    country: Mapped[str] = mapped_column(String(2))
    phone: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def address(self) -> dict[str, str]:
        """The address itself, without the fields that are empty."""
        return {name: value for name in FIELDS if (value := getattr(self, name))}


class LoginSession(Base):
    """One browser that is logged in. Only the hash of its random token is kept."""

    __tablename__ = "login_session"
    __table_args__ = (
        Index("ix_login_session_account_id", "account_id"),
        Index("ix_login_session_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("account.id", ondelete="CASCADE"))
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class AccountToken(Base):
    """A mailed proof (link or code), hashed, for one use and a short time."""

    __tablename__ = "account_token"
    __table_args__ = (Index("ix_account_token_account_id", "account_id", "purpose"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("account.id", ondelete="CASCADE"))
    purpose: Mapped[TokenPurpose] = choice(TokenPurpose, "purpose")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
