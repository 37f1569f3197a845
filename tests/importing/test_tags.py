"""Tags in files of all kinds."""

import pytest
from flask import Flask

from storefront.catalog.models.tag import LONGEST_TAG
from storefront.catalog.service.tags import MOST_TAGS, set_tags, tags_of
from storefront.core import db
from tests.importing.bringing import DATA, bring, counts, errors
from tests.importing.test_importing import product
from tests.selling import make_product


@pytest.fixture(autouse=True)
def _in_the_shop(app: Flask) -> object:
    with app.app_context():
        yield


def names_of(slug: str) -> list[str]:
    """Return the tags of a product as it is now."""
    db.close_reader()
    return [tag.name for tags in tags_of([product(slug).id]).values() for tag in tags]


def test_tags_of_other_shops_come_along_and_a_second_time_changes_nothing() -> None:
    bring((DATA / "shopify.csv").read_bytes())
    assert names_of("linen-apron") == ["apron", "linen"]
    assert counts(bring((DATA / "shopify.csv").read_bytes()))[:2] == (0, 0)

    bring('ID,Type,SKU,Name,Published,Regular price,Tags\n7,simple,W-1,Lamp,1,9,"Red\\, warm, Light"\n')
    assert names_of("lamp") == ["Light", "Red", "warm"]


def test_a_file_of_ours_sets_tags_leaves_them_or_takes_them() -> None:
    with db.unit_of_work():
        made = make_product("Ink")
        set_tags(made.id, ["Blue", "Wet"])
    head = f"slug,{{column}}\n{made.slug},"

    assert counts(bring(head.format(column="title") + "Inks\n")) == (0, 1, 0, 0)
    assert names_of(made.slug) == ["Blue", "Wet"]
    assert counts(bring(head.format(column="tags") + '"WET, blue"\n')) == (0, 0, 1, 0)
    assert counts(bring(head.format(column="tags") + '"Wet、 Red，red"\n')) == (0, 1, 0, 0)
    assert names_of(made.slug) == ["Red", "Wet"]
    assert counts(bring(head.format(column="tags") + "\n")) == (0, 1, 0, 0)
    assert names_of(made.slug) == []


def test_what_does_not_fit_is_said() -> None:
    with db.unit_of_work():
        slug = make_product("Ink").slug
    run = bring(f'slug,tags,tags_zh\n{slug},"Blue, Wet",蓝\n')
    assert (counts(run), len(errors(run))) == ((0, 0, 0, 1), 1)
    assert "This names" in errors(run)[0][2]

    many = ", ".join(["x" * (LONGEST_TAG + 1), *(f"t{number:03}" for number in range(MOST_TAGS + 5))])
    run = bring(f'slug,tags\n{slug},"{many}"\n')
    assert counts(run) == (0, 1, 0, 0)
    assert run.warning_count == 2
    assert names_of(slug) == [f"t{number:03}" for number in range(MOST_TAGS)]
