"""Products at the owner's desk."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import event, func, select

from storefront.catalog.models import Content, OldSlug, Picture, Product, Variant
from storefront.catalog.service import editing
from storefront.catalog.stamp import read_stamp
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.journal.service import entries_of
from storefront.search.service import search_products
from storefront.storage.models import StoredFile
from tests.admin.desk import Desk, errors_of, fields_of, fill, tree_of, words_of
from tests.selling import make_product, put_into_cart


def product_at(slug: str) -> Product:
    """Return the product as it is in the database now."""
    db.close_reader()
    return editing.get_for_owner(slug)


def make(**facts: object) -> str:
    """Put a product into the shop and return its address."""
    with db.unit_of_work():
        return make_product(**facts).slug  # type: ignore[arg-type]  # passed on


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Collect the statements that are sent to the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM shop_profile" not in statement:  # looked at once a second
            seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield seen
    event.remove(db.engine(), "before_cursor_execute", note)


def picture_file(width: int = 640, height: int = 480) -> bytes:
    """Return a small JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 40)).save(file, "JPEG")
    return file.getvalue()


def test_a_product_is_made_filled_published_and_bought(desk: Desk, client: FlaskClient) -> None:
    made = desk.send("/admin/products/new", title="安静 Pages", kind="download", price="19,90")
    assert made.headers["Location"] == "/admin/products/an-jing-pages"
    here = made.headers["Location"]

    refused = desk.send(f"{here}/publication", here)
    assert refused.status_code == 422
    assert "There is nothing to deliver yet" in words_of(refused)

    desk.upload(f"{here}/contents/files", f"{here}/contents", (b"%PDF-1.4 hello", "../../Guide für Anna.pdf"))
    published = desk.press(f"{here}/publication", f"{here}/contents")
    assert "Published. Customers can buy it now." in words_of(published)

    product = product_at("an-jing-pages")
    assert (product.state, product.price_amount) == (ProductState.PUBLISHED, 1990)
    stored = db.session().scalars(select(StoredFile)).one()
    assert (stored.filename, stored.content_type) == ("Guide für Anna.pdf", "application/pdf")
    assert search_products("安静", size=5).product_ids == [product.id]
    assert client.get("/products/an-jing-pages").status_code == 200
    put_into_cart(client, product)


def test_saving_changes_words_price_and_stock_and_writes_them_down(desk: Desk) -> None:
    slug = make(title="Before", amount=1000, stock=5)
    stamp = read_stamp()

    answer = desk.send(
        f"/admin/products/{slug}",
        title="After",
        slug="after",
        description="# Hello\n\n<script>alert(1)</script>",
        **{"variants-0-price": "12.50", "variants-0-stock": "7", "title_zh": "之后"},
    )

    assert answer.headers["Location"] == "/admin/products/after"
    product = product_at("after")
    assert (product.title, product.price_amount, product.translations["zh"]["title"]) == (
        "After",
        1250,
        "之后",
    )
    variant = product.variants[0]
    assert (variant.stock, variant.received, variant.price_amount) == (7, 7, 1250)
    assert db.session().scalars(select(OldSlug.slug)).all() == [slug]
    db.close_reader()
    assert read_stamp() > stamp
    changed = entries_of(f"product:{product.id}")[0].data["changed"]
    assert changed["title"] == ["Before", "After"]
    assert changed[f"price {variant.sku}"] == [1000, 1250]
    assert changed[f"stock {variant.sku}"] == [5, 7]
    assert changed["texts"] == []


def test_an_old_address_leads_to_the_new_one(desk: Desk, client: FlaskClient) -> None:
    slug = make(title="Moving")
    desk.send(f"/admin/products/{slug}", slug="moved")

    assert client.get(f"/products/{slug}").headers["Location"] == "/products/moved"
    assert desk.client.get(f"/admin/products/{slug}").headers["Location"] == "/admin/products/moved"

    desk.send("/admin/products/moved", slug=slug)
    assert client.get("/products/moved").headers["Location"] == f"/products/{slug}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"slug": "Not An Address"}, "slug"),
        ({"slug": "new"}, "slug"),
        ({"kind": "spaceship"}, "kind"),
        ({"category": "nowhere"}, "category"),
        ({"published_at": "tomorrow"}, "published_at"),
        ({"variants-0-price": "-5"}, "variants-0-price"),
        ({"variants-0-price": ""}, "variants-0-price"),
        ({"variants-0-price": "1e3"}, "variants-0-price"),
        ({"variants-0-price": "9" * 40}, "variants-0-price"),
        ({"variants-0-compare_at": "1.00"}, "variants-0-compare_at"),
        ({"variants-0-stock": "-1"}, "variants-0-stock"),
        ({"variants-0-stock": "²"}, "variants-0-stock"),
        ({"variants-0-stock": "99999999999999999999"}, "variants-0-stock"),
        ({"variants-0-archived": "y"}, ""),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(desk: Desk, changes: dict[str, str], field: str) -> None:
    slug = make(amount=1000)
    answer = desk.send(f"/admin/products/{slug}", description="Kept words", **changes)

    assert answer.status_code == 422
    assert list(errors_of(answer)) == [field]
    sent = fields_of(answer, f"/admin/products/{slug}")
    assert sent["description"] == "Kept words"
    assert product_at(slug).variants[0].price_amount == 1000


def test_another_products_address_and_sku_are_refused_at_their_fields(desk: Desk) -> None:
    one, other = make(), make()
    sku = product_at(one).variants[0].sku

    answer = desk.send(f"/admin/products/{other}", slug=one)
    assert errors_of(answer) == {"slug": "Another product has this address."}

    answer = desk.send(f"/admin/products/{other}", **{"variants-0-sku": sku})
    assert errors_of(answer) == {"variants-0-sku": "Another variant has this SKU."}


def test_hostile_names_of_fields_do_no_harm(desk: Desk) -> None:
    slug = make()
    odd = {f"variants-{number}-price": "1" for number in ("²", "9" * 5000, "-1", "x", "999")}

    answer = desk.send(f"/admin/products/{slug}", **odd, version="9" * 5000)

    assert answer.status_code in (409, 422)
    assert (
        desk.client.get("/admin/products?q=%00%25_'\\&state=x&before=99999999999999999999").status_code == 200
    )
    assert desk.client.get("/admin/products/%00").status_code == 404


def test_text_without_sense_is_kept_as_text(desk: Desk) -> None:
    slug = make()
    nasty = "a\x00b\x1b[31m <img src=x onerror=alert(1)> {{7*7}} \u202e"

    desk.send(f"/admin/products/{slug}", title=nasty, summary=nasty, description=nasty)

    page = desk.open(f"/admin/products/{slug}").text
    assert "<img src=x" not in page
    assert "{{7*7}}" in page
    assert "\x00" not in product_at(slug).description


def test_variants_are_added_moved_and_taken_off_sale(desk: Desk) -> None:
    slug = make(title="Shirt", amount=2900)
    path = f"/admin/products/{slug}"
    fields = desk.form(path)
    fields["add_variant"] = "1"
    redrawn = desk.client.post(f"{path}/form", data=fields)
    assert redrawn.status_code == 200
    fields = fields_of(redrawn, path)
    fill(
        fields,
        {
            "option_name": "Size",
            "variants-0-title": "S",
            "variants-1-title": "M",
            "variants-1-price": "31.00",
            "variants-1-stock": "3",
        },
    )

    fields["move_variant"] = "1:up"
    moved = fields_of(desk.client.post(f"{path}/form", data=fields), path)
    assert (moved["variants-0-title"], moved["variants-1-title"]) == ("M", "S")
    assert desk.client.post(path, data=moved).status_code == 303

    first, second = product_at(slug).variants
    assert (first.title, first.price_amount, first.stock, first.options) == ("M", 3100, 3, {"Size": "M"})
    assert (second.title, second.options) == ("S", {"Size": "S"})
    assert first.sku.startswith(slug.upper()[:8])
    assert product_at(slug).price_varies

    desk.send(path, **{"variants-0-archived": "y"})
    product = product_at(slug)
    assert product.variants[0].archived_at is not None
    assert not product.price_varies


def test_several_variants_need_names(desk: Desk) -> None:
    slug = make()
    path = f"/admin/products/{slug}"
    fields = desk.form(path)
    fill(fields, {"variants-1-title": "", "variants-1-price": "5", "variants-1-stock": ""})

    answer = desk.client.post(path, data=fields)

    assert answer.status_code == 422
    assert {"variants-0-title", "variants-1-title"} <= set(errors_of(answer))


def test_a_preview_of_the_text_saves_nothing(desk: Desk) -> None:
    slug = make()
    path = f"/admin/products/{slug}"
    fields = desk.form(path)
    fill(fields, {"description": "Some **bold** words <script>x</script>", "preview": "description"})

    page = desk.client.post(f"{path}/form", data=fields)
    assert "Some <strong>bold</strong> words" in page.text
    assert "<script>x" not in page.text
    fragment = desk.client.post(
        f"{path}/form", data=fields, headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert fragment.text.startswith('<div class="preview prose" id="preview-description"')
    assert product_at(slug).description == "Words."


def test_two_windows_do_not_overwrite_each_other(desk: Desk) -> None:
    slug = make(title="First", stock=10)
    path = f"/admin/products/{slug}"
    old = desk.form(path)
    desk.send(path, title="From the other window", **{"variants-0-stock": "4"})

    old["title"], old["summary"] = "From this window", "Typed here"
    answer = desk.client.post(path, data=old)

    assert answer.status_code == 409
    assert "This was saved in another window meanwhile" in words_of(answer)
    assert product_at(slug).title == "From the other window"
    again = fields_of(answer, path)
    assert (again["title"], again["summary"]) == ("From this window", "Typed here")
    assert again["variants-0-stock"] == "4"  # not touched here, so the other window's number stands

    assert desk.client.post(path, data=again).status_code == 303
    product = product_at(slug)
    assert (product.title, product.summary, product.variants[0].stock) == (
        "From this window",
        "Typed here",
        4,
    )


def test_two_windows_are_merged_field_by_field_and_saved_once(desk: Desk) -> None:
    slug = make(title="First", amount=1000)
    path = f"/admin/products/{slug}"
    old = desk.form(path)
    desk.send(
        path,
        title="Their title",
        summary="Their summary",
        requires_shipping="y",
        **{"variants-0-price": "12.00", "variants-0-sku": "THEIRS"},
    )
    old["title"], old["description"], old["variants-0-sku"] = "My title", "My\nwords", "MINE"
    page = desk.client.post(path, data=old)
    chosen = {
        (one.get("name"), (one.get("id") or "").partition("-")[0]): one.get("checked") is not None
        for one in tree_of(page).iter("input")
        if one.get("type") == "radio"
    }
    assert {name for name, _whose in chosen} == {
        "title", "summary", "description", "requires_shipping", "variants-0-price", "variants-0-sku",
    }  # fmt: skip
    assert {name for (name, whose), is_chosen in chosen.items() if is_chosen and whose == "mine"} == {
        "description"
    }
    assert {name for (name, whose), is_chosen in chosen.items() if is_chosen and whose == "theirs"} == {
        "summary", "requires_shipping", "variants-0-price",
    }  # fmt: skip
    assert product_at(slug).title == "Their title"

    again = fields_of(page, path)
    again["title"] = "Their title"
    version = product_at(slug).version
    assert desk.client.post(path, data=again).status_code == 303
    product = product_at(slug)
    assert (product.title, product.summary, product.description) == (
        "Their title",
        "Their summary",
        "My\nwords",
    )
    assert (product.requires_shipping, product.price_amount) == (True, 1200)
    assert (product.variants[0].sku, product.version) == ("MINE", version + 1)


def test_a_sale_between_opening_and_saving_is_not_undone(desk: Desk) -> None:
    slug = make(stock=10)
    path = f"/admin/products/{slug}"
    first, second = desk.form(path), desk.form(path)
    with db.unit_of_work() as session:
        variant = session.scalars(select(Variant)).one()
        variant.stock, variant.reserved = 8, 2

    first["title"] = "Only the title"
    assert desk.client.post(path, data=first).status_code == 303
    assert product_at(slug).variants[0].stock == 8

    second["version"] = desk.form(path)["version"]
    second["variants-0-stock"] = "20"
    answer = desk.client.post(path, data=second)
    assert answer.status_code == 422
    assert "there are 8 now" in errors_of(answer)["variants-0-stock"]


def test_a_draft_is_seen_by_its_secret_address_only(desk: Desk, client: FlaskClient) -> None:
    slug = make(state=ProductState.DRAFT)
    token = product_at(slug).preview_token

    assert client.get(f"/products/{slug}").status_code == 404
    assert client.get(f"/products/preview/{token}").status_code == 200

    desk.press(f"/admin/products/{slug}/preview-address", f"/admin/products/{slug}")
    assert client.get(f"/products/preview/{token}").status_code == 404


def test_states_go_round(desk: Desk) -> None:
    slug = make(state=ProductState.DRAFT)
    here = f"/admin/products/{slug}"

    for step, state in (
        ("publication", ProductState.PUBLISHED),
        ("archive", ProductState.ARCHIVED),
        ("publication", ProductState.PUBLISHED),
        ("draft", ProductState.DRAFT),
    ):
        desk.press(f"{here}/{step}", here)
        assert product_at(slug).state is state
    moves = [entry.data["state"] for entry in entries_of(f"product:{product_at(slug).id}")]
    assert moves == [
        ["published", "draft"],
        ["archived", "published"],
        ["published", "archived"],
        ["draft", "published"],
    ]


def test_a_draft_is_deleted_after_a_question(desk: Desk) -> None:
    slug = make(state=ProductState.DRAFT)
    here = f"/admin/products/{slug}"
    desk.upload(f"{here}/contents/files", f"{here}/contents", (b"some words", "a.txt"))
    desk.upload(f"{here}/pictures", f"{here}/pictures", (picture_file(), "a.jpg"))

    page = desk.press(f"{here}/deletion", f"{here}/deletion")

    assert "The draft is deleted." in words_of(page)
    db.close_reader()
    for model in (Product, Variant, Content, Picture, StoredFile):
        assert db.session().scalar(select(func.count()).select_from(model)) == 0


def test_what_is_published_or_was_ordered_can_not_be_deleted(desk: Desk, app: Flask) -> None:
    from tests.admin.ordering import make_order

    slug = make()
    assert (
        desk.client.post(
            f"/admin/products/{slug}/deletion",
            data={"csrf_token": desk.form("/admin/products/new")["csrf_token"]},
        ).status_code
        == 409
    )

    with db.unit_of_work():
        make_order(product_at(slug))
    desk.press(f"/admin/products/{slug}/draft", f"/admin/products/{slug}")
    answer = desk.send(f"/admin/products/{slug}/deletion")
    assert answer.status_code == 409
    assert "Archive it instead" in answer.text
    assert product_at(slug).title


def test_products_are_found_by_title_in_both_languages_and_by_sku(desk: Desk) -> None:
    one, other = make(title="Quiet Pages"), make(title="100% wool_shirt")
    sku, chinese = product_at(one).variants[0].sku, product_at(one).translations["zh"]["title"]

    for words, slugs in (
        ("quiet", [one]),
        (sku.lower(), [one]),
        (chinese, [one]),
        ("100%", [other]),
        ("l_s", [other]),
    ):
        page = desk.client.get("/admin/products", query_string={"q": words})
        found = [slug for slug in (one, other) if f'href="/admin/products/{slug}"' in page.text]
        assert found == slugs, words


def test_the_list_goes_on_and_costs_the_same_with_one_and_with_many(desk: Desk) -> None:
    make()
    desk.open("/admin/products")
    with counted_queries() as with_one:
        desk.open("/admin/products")
    for _ in range(31):
        make()
    desk.open("/admin/products")
    with counted_queries() as with_many:
        page = desk.open("/admin/products")

    assert len(with_one) == len(with_many) <= 4  # one of them: the categories into which they may move
    assert page.text.count('class="product-row"') == 30
    following = page.text.split('rel="next" href="')[1].split('"')[0]
    assert desk.open(following).text.count('class="product-row"') == 2


def test_pictures_are_added_described_moved_and_removed(desk: Desk) -> None:
    slug = make()
    here = f"/admin/products/{slug}/pictures"
    answer = desk.upload(here, here, (picture_file(), "one.jpg"), (picture_file(300, 300), "two.png"))
    assert answer.headers["Location"] == here
    names = [
        key.removeprefix("pictures/")
        for key in db.session().scalars(select(Picture.key).order_by(Picture.position))
    ]

    desk.press(f"{here}/{names[1]}", f"{here}/{names[1]}", alt="A square", alt_zh="方形")
    desk.press(f"{here}/order", here, move=f"{names[1]}:up")
    cover = product_at(slug).cover
    assert cover is not None
    assert (cover["key"], cover["alt"], cover["translations"]) == (
        f"pictures/{names[1]}",
        "A square",
        {"zh": {"alt": "方形"}},
    )

    desk.press(f"{here}/{names[1]}/removal", f"{here}/{names[1]}/removal")
    cover = product_at(slug).cover
    assert cover is not None
    assert cover["key"] == f"pictures/{names[0]}"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a.png"),
        (b"not a picture", "a.jpg"),
        (b"", "a.jpg"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 50, "../../etc/passwd"),
    ],
)
def test_what_is_no_picture_is_refused(desk: Desk, content: bytes, name: str) -> None:
    slug = make()
    here = f"/admin/products/{slug}/pictures"

    answer = desk.upload(here, here, (content, name))

    assert answer.status_code == 422
    assert db.session().scalar(select(func.count()).select_from(Picture)) == 0


def test_an_upload_without_file_or_for_a_program_is_answered_fittingly(desk: Desk) -> None:
    slug = make()
    here = f"/admin/products/{slug}/contents"

    assert "Please choose a file first." in desk.send(f"{here}/files", here).text
    answer = desk.upload(f"{here}/files", here, (b"words", "a.txt"), Accept="application/json")
    assert answer.get_json() == {"location": here}
    answer = desk.upload(f"{here}/files", here, (b"", "a.txt"), Accept="application/json")
    assert answer.status_code == 422
    assert answer.get_json()["error"] == "This file is empty."


def test_what_runs_in_browsers_is_kept_as_mere_bytes(desk: Desk) -> None:
    slug = make()
    here = f"/admin/products/{slug}/contents"

    desk.upload(f"{here}/files", here, (b"<html><script>alert(1)</script>", "evil.html"))

    assert db.session().scalars(select(StoredFile.content_type)).all() == ["application/octet-stream"]


def test_combinations_are_made_and_what_is_there_stays(desk: Desk) -> None:
    slug = make(title="Shirt", amount=2900)
    path = f"/admin/products/{slug}"
    fields = desk.form(path)
    fill(
        fields,
        {
            "option_name": "Size",
            "option_values": "S, M",
            "option_name_2": "Colour",
            "option_values_2": "Red，Blue",
            "values_zh": "Red: 红",
            "specifications": "Weight: 300 g\nno colon",
            "specifications_zh": "重量：300 克",
            "generate_variants": "1",
        },
    )
    made = fields_of(desk.client.post(f"{path}/form", data=fields), path)
    fill(made, {"variants-2-price": "31.00", "variants-3-archived": "y"})
    assert desk.client.post(path, data=made).status_code == 303

    product = product_at(slug)
    assert [variant.options for variant in product.variants] == [
        {"Size": size, "Colour": colour} for size in "SM" for colour in ("Red", "Blue")
    ]
    assert [variant.title for variant in product.variants][2] == "M / Red"
    assert [variant.price_amount for variant in product.variants] == [2900, 2900, 3100, 2900]
    assert product.option_names == ["Size", "Colour"]
    assert product.translations["zh"]["value:Red"] == "红"
    assert product.specifications == [
        {"name": "Weight", "value": "300 g", "translations": {"zh": {"name": "重量", "value": "300 克"}}}
    ]

    again = desk.form(path)
    again["generate_variants"] = "1"
    same = fields_of(desk.client.post(f"{path}/form", data=again), path)
    assert "variants-4-price" not in same
    same["variants-1-option_2"] = "Red"
    answer = desk.client.post(path, data=same)
    assert (answer.status_code, "variants-1-option_1" in errors_of(answer)) == (422, True)


def test_sale_alarm_and_other_currencies_are_saved_and_checked(desk: Desk) -> None:
    slug = make(amount=2900)
    path = f"/admin/products/{slug}"
    wrong = {
        "variants-0-sale": "29.00",
        "variants-0-suggested": "1",
        "variants-0-other_prices": "EUR 3, DOLLARS 4",
        "variants-0-low_stock": "few",
    }
    answer = desk.send(path, **wrong)
    assert (answer.status_code, set(wrong) <= set(errors_of(answer))) == (422, True)

    ends = now().replace(microsecond=0) + timedelta(days=1)
    right = {
        "variants-0-sale": "19.00",
        "variants-0-sale_ends": ends.strftime("%Y-%m-%dT%H:%M:%S"),
        "variants-0-cost": "4.50",
        "variants-0-other_prices": "usd 21.00, JPY 3000",
        "variants-0-low_stock": "3",
        "variants-0-weight": "300",
    }
    assert desk.send(path, **right).status_code == 303
    variant = product_at(slug).variants[0]
    assert (variant.sale_amount, variant.sale_ends_at, variant.cost_amount) == (1900, ends, 450)
    assert variant.sale_starts_at is not None
    assert now() - variant.sale_starts_at < timedelta(minutes=2)
    assert (variant.low_stock, variant.weight_grams) == (3, 300)
    assert {one.currency: one.amount for one in variant.other_prices} == {"USD": 2100, "JPY": 3000}
    started = variant.sale_starts_at

    assert desk.send(path, title="Another").status_code == 303
    assert product_at(slug).variants[0].sale_starts_at == started
    answer = desk.send(path, **{"variants-0-sale_ends": "2001-01-01T00:00:00"})
    assert (answer.status_code, list(errors_of(answer))) == (422, ["variants-0-sale_ends"])


def test_stock_is_adjusted_with_a_reason_and_shown(desk: Desk) -> None:
    slug = make(stock=5)
    path = f"/admin/products/{slug}/stock"
    assert desk.send(path, difference="-9").status_code == 422
    assert desk.send(path, difference="many").status_code == 422
    assert desk.send(path, difference="-2", reason="damaged", note="wet").status_code == 303
    page = desk.open(path).text
    assert "-2, Damaged or lost – wet" in page
    assert product_at(slug).variants[0].stock == 3
    assert entries_of(f"product:{product_at(slug).id}")[0].action == "stock.adjusted"
