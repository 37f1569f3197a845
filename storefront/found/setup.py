"""Giving the templates what they say to search engines."""

from flask import Flask

from storefront.found import structured
from storefront.found.head import page_head, whole_address


def init_found(app: Flask) -> None:
    """Let templates ask for the addresses of their page and for what it is about."""
    app.jinja_env.filters["json_ld"] = structured.json_ld
    app.jinja_env.globals.update(
        page_head=page_head,
        whole_address=whole_address,
        home_data=structured.home_data,
        product_data=structured.product_data,
        shelf_data=structured.shelf_data,
        collection_data=structured.collection_data,
        reviews_data=structured.reviews_data,
    )
