"""Filling an empty shop with the demo catalogue under ``demo/``: all of it, or nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from storefront.catalog import quizzes, vtt
from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Caption, Category, Chapter, Content, Lesson, Product, Quiz, Variant
from storefront.catalog.pictures import EncodedPicture, add_picture, keep_picture
from storefront.catalog.service import collections, tags
from storefront.catalog.service.collections import CollectionInput
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import ContentKind, ProductKind, ProductState
from storefront.catalog.stock import set_stock
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.invoicing import service as invoicing
from storefront.journal.service import write as journal
from storefront.promotions import service as promotions
from storefront.promotions.service import CodeInput
from storefront.promotions.states import CodeKind
from storefront.search.service import index_product
from storefront.shipping import zoning
from storefront.shipping.rates import Step
from storefront.shipping.states import RateBasis
from storefront.shipping.zoning import MethodInput, PickupInput
from storefront.shop import service as shop
from storefront.shop.states import Reminder
from storefront.storage.models import StoredFile
from storefront.storage.service import Upload, register, upload

FOLDER = Path(__file__).parents[1] / "demo"


def is_empty() -> bool:
    """Whether nobody has put anything into this shop yet."""
    return db.session().scalar(select(Product.id).limit(1)) is None


def seed_demo() -> int:
    """Put the demo catalogue into an empty shop and return how many products there are; 0 when it is not empty.

    Files and pictures go to the storage first; the rows follow in one transaction, so that a process that dies on the
    way leaves the shop empty and the next start begins again.
    """
    if not is_empty():
        return 0
    catalogue = json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))
    db.close_reader()
    pictures = {name: _encode(name) for name in _picture_names(catalogue)}
    uploads = {key: _upload(*key) for key in _file_names(catalogue)}
    with db.unit_of_work():
        if not is_empty():
            return 0
        _write_shop(catalogue["shop"])
        shelves = {one["slug"]: _write_category(one) for one in catalogue["categories"]}
        files = {key: register(one) for key, one in uploads.items()}
        tag_words = {tags.key_of(one["name"]): one["translations"] for one in catalogue["tags"]}
        for position, product in enumerate(catalogue["products"]):
            _write_product(product, position, shelves, pictures, files, tag_words)
        for collection in catalogue["collections"]:
            _write_collection(collection)
        _write_shipping(catalogue["shipping"], catalogue["shop"]["currency"])
        _write_papers(catalogue["shop"])
        raise_stamp()
        journal("shop", "shop.seeded", products=len(catalogue["products"]))
    shop.forget()
    return len(catalogue["products"])


def _picture_names(catalogue: dict[str, Any]) -> Iterator[str]:
    for product in catalogue["products"]:
        for picture in product["pictures"]:
            yield picture["file"]


def _file_names(catalogue: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for product in catalogue["products"]:
        for content in product["contents"]:
            if content["kind"] == "file":
                yield content["file"], content["filename"]
            for chapter in content.get("chapters", []):
                yield from (
                    (lesson["media"], Path(lesson["media"]).name)
                    for lesson in chapter["lessons"]
                    if lesson["media"]
                )


def _encode(name: str) -> EncodedPicture:
    with (FOLDER / name).open("rb") as stream:
        return keep_picture(stream)


def _upload(name: str, filename: str) -> Upload:
    with (FOLDER / name).open("rb") as stream:
        return upload(stream, filename)


def _write_shop(words: dict[str, Any]) -> None:
    profile = shop.get_profile()
    profile.name, profile.tagline, profile.about = words["name"], words["tagline"], words["about"]
    profile.refund_policy = words.get("refund_policy", "")
    profile.transfer_details = words.get("transfer_details", "")
    profile.currency, profile.translations = words["currency"], words["translations"]
    profile.is_demo = True
    profile.recovery = Reminder.CONSENT


def _write_papers(words: dict[str, Any]) -> None:
    """A code to try, and who stands on invoices."""
    promotions.create(CodeInput("WELCOME10", CodeKind.PERCENT, 1000, most_per_customer=1))
    invoicing.save_settings(seller_name=words["name"], seller_address="Lindenweg 3\n07743 Jena")


def _write_category(words: dict[str, Any]) -> Category:
    category = Category(
        slug=words["slug"],
        name=words["name"],
        description=words["description"],
        position=words["position"],
        translations=words["translations"],
    )
    db.session().add(category)
    db.session().flush()
    return category


def _write_product(
    words: dict[str, Any],
    position: int,
    shelves: dict[str, Category],
    pictures: dict[str, EncodedPicture],
    files: dict[tuple[str, str], StoredFile],
    tag_words: dict[str, dict[str, dict[str, str]]],
) -> None:
    currency = shop.get_profile().currency
    product = Product(
        slug=words["slug"],
        kind=ProductKind(words["kind"]),
        state=ProductState.PUBLISHED,
        published_at=now() + timedelta(days=min(words.get("published_at", 0), 0), seconds=-position),
        title=words["title"],
        summary=words["summary"],
        description=words["description"],
        translations=words["translations"],
        category_id=shelves[words["category"]].id,
        requires_shipping=words["requires_shipping"],
        currency=currency,
    )
    db.session().add(product)
    db.session().flush()
    for place, variant in enumerate(words["variants"]):
        _write_variant(product, variant, place, currency)
    for picture in words["pictures"]:
        row = add_picture(product.id, pictures[picture["file"]], picture["alt"])
        row.translations = picture["translations"]
    for place, content in enumerate(words["contents"]):
        _write_content(product, content, place, files)
    tags.set_tags(product.id, words["tags"], tag_words)
    refresh_card(product.id)
    index_product(product.id)


def _write_collection(words: dict[str, Any]) -> None:
    """Put it on the home page, too."""
    wanted = CollectionInput(words["title"], words["slug"], words["description"], words["translations"])
    collection = collections.create(wanted)
    for slug in words["products"]:
        collections.add_product(collection, slug)
    collections.publish(collection)
    collections.put_on_home(collection)


def _write_shipping(words: dict[str, Any], currency: str) -> None:
    texts = {name: words[name] for name in ("sender", "return_instructions")}
    zoning.save_rules(texts, words["translations"])
    for zone in words["zones"]:
        made = zoning.save_zone(None, zone["name"], zoning.read_places(zone["places"]))
        for method in zone["methods"]:
            zoning.save_method(
                made,
                None,
                MethodInput(
                    title=method["title"],
                    currency=currency,
                    basis=RateBasis(method["basis"]),
                    steps=tuple(Step(*step) for step in method["steps"]),
                    free_from_amount=method.get("free_from"),
                    days=tuple(method["days"]),
                    translations=method["translations"],
                ),
            )
    for place in words["pickup"]:
        about = PickupInput(place["title"], place["place"], place["opening"], place["translations"])
        zoning.save_pickup_place(None, about)


def _write_variant(product: Product, words: dict[str, Any], position: int, currency: str) -> None:
    variant = Variant(
        product_id=product.id,
        sku=words["sku"],
        title=words["title"],
        options=words["options"],
        translations=words.get("translations", {}),
        price_amount=words["amount"],
        compare_at_amount=words.get("compare_at_amount"),
        currency=currency,
        reserved=0,
        sold=0,
        weight_grams=words.get("weight_grams"),
        position=position,
    )
    set_stock(variant, words["stock"])
    db.session().add(variant)


def _write_content(
    product: Product, words: dict[str, Any], position: int, files: dict[tuple[str, str], StoredFile]
) -> None:
    kind = ContentKind(words["kind"])
    content = Content(
        product_id=product.id,
        kind=kind,
        title=words["title"],
        body=words.get("body") or words.get("instructions") or "",
        pattern=words.get("pattern", ""),
        url=words.get("url", ""),
        file_id=files[words["file"], words["filename"]].id if kind is ContentKind.FILE else None,
        position=position,
        translations=_content_words(words),
        gives_certificate=words.get("gives_certificate", False),
    )
    db.session().add(content)
    db.session().flush()
    for place, chapter in enumerate(words.get("chapters", [])):
        _write_chapter(content, chapter, place, files)


def _content_words(words: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Instructions of a licence are its body."""
    return {
        language: {("body" if field == "instructions" else field): text for field, text in texts.items()}
        for language, texts in words.get("translations", {}).items()
    }


def _write_chapter(
    content: Content, words: dict[str, Any], position: int, files: dict[tuple[str, str], StoredFile]
) -> None:
    lessons = [
        Lesson(
            title=lesson["title"],
            body=lesson["body"],
            media_id=files[lesson["media"], Path(lesson["media"]).name].id if lesson["media"] else None,
            duration_seconds=lesson["duration_seconds"],
            is_preview=lesson["is_preview"],
            opens_after_days=lesson.get("opens_after_days"),
            position=place,
            translations=lesson["translations"],
            captions=[
                Caption(language=language, text=vtt.checked(text))
                for language, text in lesson.get("captions", {}).items()
            ],
            quiz=_quiz(lesson["quiz"]) if "quiz" in lesson else None,
        )
        for place, lesson in enumerate(words["lessons"])
    ]
    db.session().add(
        Chapter(
            content_id=content.id,
            title=words["title"],
            position=position,
            translations=words["translations"],
            lessons=lessons,
        )
    )


def _quiz(words: dict[str, Any]) -> Quiz:
    questions = [
        {
            **question,
            "id": f"question{number}",
            "is_multiple": question.get("is_multiple", False),
            "choices": [
                {"is_right": False, **choice, "id": f"choice{place}"}
                for place, choice in enumerate(question["choices"], 1)
            ],
        }
        for number, question in enumerate(words["questions"], 1)
    ]
    quizzes.check(questions)
    return Quiz(pass_percent=words["pass_percent"], questions=questions)
