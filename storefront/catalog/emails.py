"""Mails about stock: to who waits for it, and to the owner when few are left."""

from typing import Any

from storefront.catalog import stock, waiting
from storefront.catalog.models import Product, StockRequest, Variant
from storefront.core import db
from storefront.core.errors import N_
from storefront.notifications.rendering import Mail, Variable, mail, render_mail
from storefront.web.language import in_language
from storefront.web.links import absolute_url

_TITLE = Variable(N_("The title of the product and its variant"), N_("A small book"))


@mail(
    waiting.CONFIRM,
    title=N_("Asking whether somebody wants to wait for stock"),
    variables={
        "title": _TITLE,
        "confirm_url": Variable(N_("The page to say yes"), "/waiting/example", needed=True),
    },
)
def stock_request(args: dict[str, Any], language: str) -> Mail | None:
    """Ask a mailbox whether it wants to be told; nothing when it has answered or the request is gone."""
    request = db.session().get(StockRequest, args["request_id"])
    if request is None or request.confirmed_at is not None:
        return None
    confirm_url = absolute_url(f"/waiting/{request.public_id}", language)
    return render_mail(
        "stock_request", language, title=_title(request.variant_id, language), confirm_url=confirm_url
    )


@mail(
    waiting.BACK,
    title=N_("Back in stock"),
    variables={
        "title": _TITLE,
        "product_url": Variable(N_("The page of the product"), "/products/example"),
        "leave_url": Variable(N_("The page to be forgotten"), "/waiting/example/leave", needed=True),
    },
)
def back_in_stock(args: dict[str, Any], language: str) -> Mail | None:
    """Say that it can be had again; nothing when the person does not want to hear it any more."""
    request = db.session().get(StockRequest, args["request_id"])
    if request is None:
        return None
    variant = db.session().get_one(Variant, request.variant_id)
    path = db.session().get_one(Product, variant.product_id).path
    return render_mail(
        "back_in_stock",
        language,
        title=_title(variant.id, language),
        product_url=absolute_url(f"{path}?variant={variant.id}", language),
        leave_url=absolute_url(f"/waiting/{request.public_id}/leave", language),
    )


@mail(
    stock.LOW_STOCK,
    title=N_("Only few left, for you"),
    variables={
        "title": _TITLE,
        "sku": Variable(N_("The SKU of the variant"), "BOOK-1"),
        "on_hand": Variable(N_("How many are on hand"), "3"),
        "stock_url": Variable(N_("The page of the stock"), "/admin/products/example/stock"),
    },
)
def low_stock(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner that few are left."""
    variant = db.session().get(Variant, args["variant_id"])
    if variant is None or variant.stock is None:
        return None
    slug = db.session().get_one(Product, variant.product_id).slug
    return render_mail(
        "low_stock",
        language,
        title=_title(variant.id, language),
        sku=variant.sku,
        on_hand=variant.stock + variant.reserved,
        stock_url=absolute_url(f"/admin/products/{slug}/stock", language),
    )


def _title(variant_id: int, language: str) -> str:
    variant = db.session().get_one(Variant, variant_id)
    product = db.session().get_one(Product, variant.product_id)
    parts = (in_language(product, "title", language), in_language(variant, "title", language))
    return " – ".join(part for part in parts if part)
