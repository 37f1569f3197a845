"""Categories and settings at the owner's desk."""

from sqlalchemy import select

from storefront.catalog.models import Category, Product, Variant
from storefront.core import db
from storefront.journal.service import entries_of
from storefront.search.service import search_products
from storefront.shop.models import ShopProfile
from tests.admin.desk import Desk, errors_of, fields_of, words_of
from tests.admin.ordering import make_order
from tests.selling import make_product


def category(slug: str) -> Category:
    """Return the category as it is now."""
    db.close_reader()
    return db.session().scalars(select(Category).where(Category.slug == slug)).one()


def profile() -> ShopProfile:
    """Return what the shop says of itself now."""
    db.close_reader()
    return db.session().scalars(select(ShopProfile)).one()


def make_category(desk: Desk, name: str, **more: str) -> None:
    desk.press("/admin/categories/new", "/admin/categories/new", name=name, **more)


def test_a_category_is_made_changed_and_found_under_its_new_name(desk: Desk) -> None:
    make_category(desk, "Books & zines", name_zh="书")
    assert category("books-zines").translations == {"zh": {"name": "书"}}
    with db.unit_of_work():
        product = make_product()
        product.category_id = category("books-zines").id

    desk.press(
        "/admin/categories/books-zines", "/admin/categories/books-zines", name="Printed", slug="printed"
    )

    assert category("printed").name == "Printed"
    assert search_products("printed", size=5).product_ids == [product.id]
    assert entries_of("categories")[0].data == {"name": ["Books & zines", "Printed"]}


def test_a_taken_odd_or_circular_category_is_refused_at_its_field(desk: Desk) -> None:
    make_category(desk, "One")
    make_category(desk, "Two", parent="one")

    for changes, field in (
        ({"slug": "one"}, "slug"),
        ({"slug": "A B"}, "slug"),
        ({"name": ""}, "name"),
        ({"parent": "two"}, "parent"),
    ):
        answer = desk.send("/admin/categories/two", **changes)
        assert (answer.status_code, list(errors_of(answer))) == (422, [field]), changes
    answer = desk.send("/admin/categories/one", parent="two")
    assert errors_of(answer) == {"parent": "A category can't be inside itself."}
    assert category("one").parent_id is None


def test_categories_are_put_in_order(desk: Desk) -> None:
    for name in ("One", "Two", "Three"):
        make_category(desk, name)

    desk.press("/admin/categories/order", "/admin/categories", move="three:up")

    db.close_reader()
    slugs = db.session().scalars(select(Category.slug).order_by(Category.position)).all()
    assert slugs == ["one", "three", "two"]


def test_only_an_empty_category_is_deleted(desk: Desk) -> None:
    make_category(desk, "One")
    with db.unit_of_work():
        product = make_product()
        product.category_id = category("one").id

    page = desk.press("/admin/categories/one/removal", "/admin/categories/one/removal")
    assert "One is not empty: 1 products and 0 categories are in it." in words_of(page)

    with db.unit_of_work() as session:
        session.get_one(Product, product.id).category_id = None
    desk.press("/admin/categories/one/removal", "/admin/categories/one/removal")
    db.close_reader()
    assert db.session().scalars(select(Category)).all() == []


def test_settings_are_saved_in_both_languages_and_seen_in_the_shop(desk: Desk) -> None:
    page = desk.press(
        "/admin/settings",
        "/admin/settings",
        name="Inkwell",
        name_zh="墨水井",
        contact_email=" Mei@EXAMPLE.org ",
    )

    assert "Saved." in words_of(page)
    assert (profile().name, profile().contact_email) == ("Inkwell", "mei@example.org")
    assert "Inkwell" in desk.client.get("/en/").text
    assert "墨水井" in desk.client.get("/zh/").text
    assert entries_of("shop")[0].data["changed"]["name"] == ["Storefront", "Inkwell"]


def test_a_wrong_setting_is_said_at_its_field(desk: Desk) -> None:
    for changes, field in (
        ({"name": " "}, "name"),
        ({"contact_email": "nobody"}, "contact_email"),
        ({"currency": "XXXX"}, "currency"),
    ):
        answer = desk.send("/admin/settings", **changes)
        assert (answer.status_code, list(errors_of(answer))) == (422, [field]), changes


def test_two_windows_do_not_overwrite_the_settings(desk: Desk) -> None:
    old = desk.form("/admin/settings")
    desk.press("/admin/settings", "/admin/settings", name="Theirs")

    old["tagline"] = "Mine"
    answer = desk.client.post("/admin/settings", data=old)

    assert answer.status_code == 409
    merged = fields_of(answer, "/admin/settings")
    assert (merged["name"], merged["tagline"]) == ("Theirs", "Mine")
    assert profile().name == "Theirs"
    assert desk.client.post("/admin/settings", data=merged).status_code == 303
    assert (profile().name, profile().tagline) == ("Theirs", "Mine")


def test_the_currency_changes_with_all_prices_until_something_is_ordered(desk: Desk) -> None:
    with db.unit_of_work() as session:
        product = make_product(amount=1950)
        session.scalars(select(Variant)).one().compare_at_amount = 1970

    desk.press("/admin/settings", "/admin/settings", currency="JPY")
    db.close_reader()
    variant = db.session().scalars(select(Variant)).one()
    assert (variant.currency, variant.price_amount, variant.compare_at_amount) == ("JPY", 20, None)
    now = db.session().get_one(Product, product.id)
    assert (now.currency, now.price_amount) == ("JPY", 20)

    desk.press("/admin/settings", "/admin/settings", currency="BHD")
    with db.unit_of_work() as session:
        assert session.scalars(select(Variant.price_amount)).one() == 20_000
        make_order(session.get_one(Product, product.id))
    answer = desk.send("/admin/settings", currency="EUR")
    assert list(errors_of(answer)) == ["currency"]


def test_settings_tell_no_secret(desk: Desk) -> None:
    page = desk.open("/admin/settings").text

    for secret in ("sk_test_of_the_shop", "whsec_test_of_the_shop", "a-key-for-tests"):
        assert secret not in page


def test_first_steps_show_what_is_done(desk: Desk) -> None:
    assert "1 of 5 done" in words_of(desk.open("/admin"))  # payment, since the tests have a key
    with db.unit_of_work():
        make_product()
    desk.press("/admin/settings", "/admin/settings", name="Inkwell")
    page = desk.press("/admin/backup-note", "/admin")

    assert "4 of 5 done" in words_of(page)
