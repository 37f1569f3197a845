"""Which kind of file it is, by its heading."""

from storefront.core.errors import N_
from storefront.importing.decoding import UnreadableFile
from storefront.importing.formats import Format, plain_heading
from storefront.importing.formats.own import OwnFormat
from storefront.importing.formats.shopify import ShopifyFormat
from storefront.importing.formats.woocommerce import WooCommerceFormat
from storefront.importing.states import Source

FORMATS: dict[Source, Format] = {
    format_.source: format_ for format_ in (OwnFormat(), ShopifyFormat(), WooCommerceFormat())
}


def recognise(heading: list[str]) -> Format:
    """Return the kind of file that knows most of these columns.

    Raises:
        UnreadableFile: none knows enough of them.
    """
    columns = [plain_heading(cell) for cell in heading]
    fitting = [format_ for format_ in FORMATS.values() if format_.recognises(columns)]
    if not fitting:
        raise UnreadableFile(
            N_(
                "The first row names no columns that the shop knows. It must be the heading of a product file of"
                " Shopify, WooCommerce or this shop."
            )
        )
    return max(fitting, key=lambda format_: sum(bool(format_.meaning_of(column)) for column in columns))


def mapping(format_: Format, heading: list[str]) -> list[list[str]]:
    """Return heading and meaning of each column."""
    return [[cell[:120], format_.meaning_of(plain_heading(cell))] for cell in heading if cell.strip()]
