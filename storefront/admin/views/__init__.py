"""The owner's pages, by subject."""

from storefront.admin.blueprint import admin
from storefront.admin.views import (
    bulk,
    categories,
    contents,
    courses,
    dashboard,
    health,
    importing,
    jobs,
    messages,
    orders,
    pictures,
    practice,
    products,
    reviews,
    settings,
    stock,
    tags,
)

__all__ = [
    "admin",
    "bulk",
    "categories",
    "contents",
    "courses",
    "dashboard",
    "health",
    "importing",
    "jobs",
    "messages",
    "orders",
    "pictures",
    "practice",
    "products",
    "reviews",
    "settings",
    "stock",
    "tags",
]
