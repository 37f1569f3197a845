"""Ending mails about new versions of a product."""

from flask import Response

from storefront.core.db import unit_of_work
from storefront.fulfilment import news
from storefront.fulfilment.views import fulfilment
from storefront.web.access import cross_site_safe, public
from storefront.web.pages import render_page


@fulfilment.get("/library/news/<token>")
@public
def ask_to_leave_news(token: str) -> Response:
    """Ask before the mails end: programs follow links in mails, people press buttons."""
    product, _ = news.read_opt_out(token)
    return render_page("fulfilment/news.html", product=product, token=token, is_done=False)


@fulfilment.post("/library/news/<token>")
@public
@cross_site_safe
def leave_news(token: str) -> Response:
    """End the mails, for who pressed the button here, and for mail programs that post by themselves (RFC 8058).

    Those have no page of ours and no token of its form: the signed address is proof enough, and nothing else can be
    done with it.
    """
    product, hashed = news.read_opt_out(token)
    with unit_of_work():
        news.opt_out(product.id, hashed)
    return render_page("fulfilment/news.html", product=product, token=token, is_done=True)
