"""A shop with the demo catalogue and so many more products, made once for each database."""

from pathlib import Path

from sqlalchemy import insert, select

from storefront.app import create_app
from storefront.catalog.models import Product, Variant
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.ids import new_public_id
from storefront.core.migrating import migrate
from storefront.core.settings import Settings, load_settings
from storefront.search.service import index_product
from storefront.seeding import seed_demo

GENERATED = 1000


def shop_settings(var_dir: Path, environment: dict[str, str]) -> Settings:
    """Return the settings that a shop with this environment would have."""
    names = {name.lower(): value for name, value in environment.items()}
    return load_settings(_env_file=None, var_dir=var_dir, **names)


def make_catalogue(settings: Settings) -> None:
    """Migrate, seed the demo, and put generated products before it, as a shop of some size has them."""
    app = create_app(settings)
    migrate(db.engine())
    with app.app_context():
        seed_demo()
        with db.unit_of_work():
            _generate(GENERATED)
            raise_stamp()
        db.close_reader()
    db.disconnect()


def _generate(number: int) -> None:
    """Each generated product is a demo product in other words: its shelf, cover and facts are real ones."""
    models = list(db.session().scalars(select(Product).order_by(Product.id)))
    moment = now()
    rows = [
        {
            "slug": f"generated-{index}",
            "kind": model.kind,
            "state": ProductState.PUBLISHED,
            "title": f"{model.title} {index}",
            "summary": model.summary,
            "description": model.description,
            "translations": model.translations,
            "category_id": model.category_id,
            "requires_shipping": model.requires_shipping,
            "currency": model.currency,
            "price_amount": 900 + index,
            "cover": model.cover,
            "facts": model.facts,
            "preview_token": new_public_id(),
            "published_at": moment - timedelta(minutes=index),
        }
        for index, model in ((index, models[index % len(models)]) for index in range(number))
    ]
    db.session().execute(insert(Product), rows)
    made = db.session().execute(
        select(Product.id, Product.currency, Product.price_amount).where(Product.slug.like("generated-%"))
    )
    products = made.all()
    variants = [
        {"product_id": id_, "sku": f"GENERATED-{id_}", "price_amount": amount, "currency": currency}
        for id_, currency, amount in products
    ]
    db.session().execute(insert(Variant), variants)
    for id_, _, _ in products:
        index_product(id_)
