"""Which tax a sale bears. The table is read once for each version of it, which the shop's own row names."""

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete, select

from storefront.core import db
from storefront.journal.service import write as journal
from storefront.shop import service as shop
from storefront.taxes.billing import Billing
from storefront.taxes.countries import EU, RATES_AS_OF, STANDARD_RATES
from storefront.taxes.models import TaxRate
from storefront.taxes.rules import Rate, TaxRules
from storefront.taxes.states import TaxClass, TaxMode

TOPIC = "taxes"

Table = dict[str, dict[str, Rate]]

_tables: WeakKeyDictionary[Engine, tuple[int, Table]] = WeakKeyDictionary()


def mode() -> TaxMode:
    """Return how the shop deals with tax."""
    return TaxMode(shop.tax_facts().mode)


def words() -> str:
    """Return what stands beside prices: ``included``, ``added``, ``later`` (on the payment page), or nothing."""
    facts = shop.tax_facts()
    if facts.mode == TaxMode.OFF:
        return ""
    if facts.is_included:
        return "included"
    return "later" if facts.mode == TaxMode.STRIPE else "added"


def rules_for(billing: Billing) -> TaxRules | None:
    """Return how a sale to this buyer is taxed by the owner's table; None when no table is used.

    A buyer who has named no country is taken for one of the shop's own.
    """
    facts = shop.tax_facts()
    if facts.mode != TaxMode.RATES:
        return None
    country = billing.country or facts.country
    rates = _table(facts.version).get(country, {})
    return TaxRules(country, rates, facts.is_included, is_reversed(billing, facts.country))


def is_reversed(billing: Billing, home: str) -> bool:
    """Whether the buyer pays the tax itself: a business with a VAT id in another country of the EU than the shop's.

    Source: Article 196 of Directive 2006/112/EC.
    """
    is_elsewhere = billing.country != home and billing.country in EU and home in EU
    return is_elsewhere and billing.has_good_vat_id


def countries() -> list[str]:
    """Return the countries of the table, in order."""
    return sorted(_table(shop.tax_facts().version))


def list_rates() -> list[TaxRate]:
    """Return the whole table, in order."""
    return list(db.session().scalars(select(TaxRate).order_by(TaxRate.country, TaxRate.tax_class)))


def save_rates(wanted: Iterable[tuple[str, TaxClass, int, str]]) -> None:
    """Make the table say exactly this, in the current unit: country, class, hundredths of a percent, name."""
    before = {(one.country, one.tax_class): (one.hundredths, one.name) for one in list_rates()}
    after = {(country, kind): (hundredths, name) for country, kind, hundredths, name in wanted}
    if before == after:
        return
    db.session().execute(delete(TaxRate))
    db.session().add_all(
        TaxRate(country=country, tax_class=kind, hundredths=hundredths, name=name)
        for (country, kind), (hundredths, name) in after.items()
    )
    shop.raise_tax_version()
    changed = sorted({country for country, _ in dict(before.items() ^ after.items())})
    journal(TOPIC, "taxes.rates", countries=", ".join(changed))


def offer_standard_rates() -> None:
    """Put the standard rates of the EU and the United Kingdom into the table, where it says nothing of a country."""
    present = [(one.country, one.tax_class, one.hundredths, one.name) for one in list_rates()]
    known = {country for country, *_ in present}
    offered = [
        (country, TaxClass.STANDARD, hundredths, "VAT")
        for country, hundredths in STANDARD_RATES.items()
        if country not in known
    ]
    save_rates([*present, *offered])
    journal(TOPIC, "taxes.offered", day=RATES_AS_OF)


def _table(version: int) -> Table:
    known = _tables.get(db.engine())
    if known is not None and known[0] == version:
        return known[1]
    found: Table = {}
    for row in db.execute(_RATES):
        # What is free of tax is so everywhere.
        rates = found.setdefault(row.country, {TaxClass.ZERO.value: Rate(0, row.name)})
        rates[row.tax_class.value] = Rate(row.hundredths, row.name)
    _tables[db.engine()] = (version, found)
    return found


_RATES = select(*TaxRate.__table__.c)
