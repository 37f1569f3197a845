"""All tables in one place, for migrations and for the tests that compare them."""

from storefront.accounts import models as _accounts
from storefront.cart import models as _cart
from storefront.catalog import models as _catalog
from storefront.checkout import models as _checkout
from storefront.core.db import Base
from storefront.feeds import models as _feeds
from storefront.fulfilment import file_models as _files
from storefront.fulfilment import models as _fulfilment
from storefront.importing import models as _importing
from storefront.invoicing import models as _invoicing
from storefront.jobs import models as _jobs
from storefront.journal import models as _journal
from storefront.learning import models as _learning
from storefront.licensing import models as _licensing
from storefront.media import models as _media
from storefront.notifications import models as _notifications
from storefront.orders import models as _orders
from storefront.parcels import models as _parcels
from storefront.payments import models as _payments
from storefront.promotions import models as _promotions
from storefront.reviews import models as _reviews
from storefront.search import models as _search
from storefront.shipping import models as _shipping
from storefront.shop import models as _shop
from storefront.stamping import models as _stamping
from storefront.storage import models as _storage
from storefront.taxes import models as _taxes
from storefront.web import models as _web
from storefront.wishlist import models as _wishlist

ROOMS = (
    _accounts,
    _cart,
    _catalog,
    _checkout,
    _files,
    _feeds,
    _fulfilment,
    _importing,
    _invoicing,
    _jobs,
    _journal,
    _learning,
    _licensing,
    _media,
    _notifications,
    _orders,
    _parcels,
    _payments,
    _promotions,
    _reviews,
    _search,
    _shipping,
    _shop,
    _stamping,
    _storage,
    _taxes,
    _web,
    _wishlist,
)
metadata = Base.metadata
