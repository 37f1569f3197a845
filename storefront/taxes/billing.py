"""Who buys, as far as tax and invoice want to know: the country, and the business if it is one."""

from dataclasses import asdict, dataclass
from typing import Any

from storefront.taxes.states import VatCheck


@dataclass(frozen=True, slots=True)
class Billing:
    """What a buyer said of themselves. ``vat_state`` and ``vat_checked_at`` (ISO) say how their VAT id was checked."""

    country: str = ""
    company: str = ""
    address: str = ""
    vat_id: str = ""
    vat_state: str = ""
    vat_checked_at: str = ""
    vat_name: str = ""

    @classmethod
    def read(cls, kept: dict[str, Any] | None) -> "Billing":
        """Return what was kept in a JSON column."""
        return cls(**{name: str(kept.get(name, "")) for name in cls.__dataclass_fields__}) if kept else cls()

    def kept(self) -> dict[str, Any] | None:
        """Return what to keep in a JSON column; nothing when nothing was said."""
        said = {name: text for name, text in asdict(self).items() if text}
        return said or None

    @property
    def has_good_vat_id(self) -> bool:
        """Whether a VAT id was given that nothing speaks against."""
        return bool(self.vat_id) and self.vat_state != VatCheck.INVALID
