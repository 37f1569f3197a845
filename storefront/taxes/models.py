"""The table of rates."""

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.db import Base, choice
from storefront.taxes.states import TaxClass


class TaxRate(Base):
    """What one class of things is taxed with in one country, in hundredths of a percent: 1900 is 19 %.

    ``name`` is what the tax is called there, such as MwSt. A country that is not in the table is not taxed.
    """

    __tablename__ = "tax_rate"
    __table_args__ = (
        CheckConstraint("hundredths BETWEEN 0 AND 10000", name="hundredths_range"),
        CheckConstraint("length(country) = 2", name="country"),
    )

    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    tax_class: Mapped[TaxClass] = choice(TaxClass, "tax_class", primary_key=True)
    hundredths: Mapped[int]
    name: Mapped[str] = mapped_column(String(40), default="")
