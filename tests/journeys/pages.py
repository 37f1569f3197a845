"""Which pages there are to look at, with something on them."""

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, new_email

PUBLIC = (
    "/",
    "/products",
    "/products?category=courses&sort=price",
    "/products?q=book",
    "/products?q=zzqqzz",
    "/products/margin-book",
    "/products/quiet-pages",
    "/products/pilcrow-shirt",
    "/products/twelve-patterns",
    "/account/login",
    "/account/register",
    "/account/password/forgot",
    "/account/password/forgot/mailed",
    "/account/password/reset/nobodys-link",
    "/orders/find",
    "/wishlist",
    "/nothing/here",
)

OWNERS = (
    "/admin",
    "/admin/products",
    "/admin/products/new",
    "/admin/products/margin-book",
    "/admin/products/pilcrow-shirt",
    "/admin/products/quiet-pages/contents",
    "/admin/products/margin-book/pictures",
    "/admin/products/margin-book/contents",
    "/admin/products/margin-book/contents/new/licence",
    "/admin/products/margin-book/deletion",
    "/admin/categories",
    "/admin/categories/courses",
    "/admin/imports",
    "/admin/reviews",
    "/admin/questions",
    "/admin/products/margin-book/stock",
    "/admin/collections",
    "/admin/tags",
    "/admin/orders",
    "/admin/orders?q=nobody",
    "/admin/money",
    "/admin/exports",
    "/admin/recovery",
    "/admin/messages",
    "/admin/messages/words",
    "/admin/messages/words/order_paid/en",
    "/admin/signing-keys",
    "/admin/jobs",
    "/admin/journal",
    "/admin/health",
    "/admin/practice",
    "/admin/settings",
    "/admin/settings/payment",
    "/admin/blocked",
    "/admin/gifts/new",
    "/admin/gifts/new/margin-book",
)


def customer_pages(visitor: Visitor, who: str) -> list[str]:
    """Return the paths of all pages that a guest or a customer sees, and make the purchases that fill them."""
    return _guest_pages(visitor) if who == "guest" else _account_pages(visitor)


def owner_pages(visitor: Visitor) -> list[str]:
    """Log the owner in and return the paths of the owner's pages, an order among them."""
    visitor.log_in("owner@example.org", visitor.shop.owner_password)
    visitor.open("/admin/orders")
    first = visitor.page.locator("main a[href*='/admin/orders/']").first
    more = []
    if first.count():
        order = str(first.get_attribute("href"))
        more = [order, f"{order}/refund"]
    more += _course_pages(visitor)
    visitor.open("/admin/messages")
    message = visitor.page.locator("main a[href*='/admin/messages/']").first
    if message.count():
        more.append(str(message.get_attribute("href")))
    return [visitor.prefix + path for path in OWNERS] + more


def _course_pages(visitor: Visitor) -> list[str]:
    """Return the paths of the owner's pages of a course, a lesson and its quiz."""
    visitor.open("/admin/products/quiet-pages/contents")
    course = str(visitor.page.locator("main .rows a.strong").first.get_attribute("href"))
    visitor.page.goto(visitor.shop.url + course)
    links = visitor.page.locator("[data-lesson] a").all()
    lessons = [str(link.get_attribute("href")) for link in links[:3:2]]
    preview = str(visitor.page.locator("a[href$='/preview']").get_attribute("href"))
    return [course, lessons[0], f"{lessons[1]}/quiz", preview]


def _guest_pages(guest: Visitor) -> list[str]:
    email = new_email()
    back_in_cart = f"{guest.prefix}/cart?payment=cancelled"
    guest.add("quiet-pages")
    guest.add("plumb")
    guest.add("pilcrow-shirt")
    guest.check_out(email)
    guest.pay()
    guest.page.wait_for_url("**/orders/**")
    expect(guest.page.locator(".goods").first).to_be_visible()
    order = guest.path
    course = str(guest.page.locator(".goods .rows a.btn[href*='/library/']").get_attribute("href"))
    keys = str(guest.page.locator(".goods a[href$='/keys']").get_attribute("href"))
    guest.page.goto(guest.shop.url + course)
    lessons = [str(link.get_attribute("href")) for link in guest.page.locator(".lessons a").all()]
    guest.add("margin-book")
    guest.check_out(email)
    guest.pay("pay_delayed")
    guest.page.wait_for_url("**/orders/**")
    processing = guest.path
    guest.add("ampersand-poster")
    own = [back_in_cart, f"{guest.prefix}/checkout", order, course, *lessons[:3:2], keys, processing]
    return [guest.prefix + path for path in PUBLIC] + own


def _account_pages(customer: Visitor) -> list[str]:
    customer.register(new_email())
    customer.buy("two-inks")
    return [
        customer.prefix + path
        for path in (
            "/account",
            "/account/verification",
            "/account/addresses",
            "/account/addresses/new",
            "/library",
            "/account/orders",
            "/cart",
        )
    ]
