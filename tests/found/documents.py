"""Reading what the shop gives to machines, as strictly as the rules say."""

import json
import re
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient

from storefront.core.clock import datetime
from tests.selling import path_of

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
ATOM = "{http://www.w3.org/2005/Atom}"
GOOGLE = "{http://base.google.com/ns/1.0}"

# schema.org as search engines want it: what a thing of the type must say.
REQUIRED = {
    "Product": {"name", "url"},
    "Offer": {"price", "priceCurrency", "availability", "url"},
    "AggregateRating": {"ratingValue", "reviewCount", "bestRating", "worstRating"},
    "Review": {"author", "reviewRating", "datePublished"},
    "Rating": {"ratingValue", "bestRating"},
    "Course": {"name", "description", "provider", "offers"},
    "CourseInstance": {"courseMode", "courseWorkload"},
    "LearningResource": {"name", "position"},
    "BreadcrumbList": {"itemListElement"},
    "ListItem": {"position", "name", "item"},
    "Organization": {"name"},
    "Brand": {"name"},
    "Person": {"name"},
    "WebSite": {"name", "url", "potentialAction"},
    "SearchAction": {"target", "query-input"},
    "EntryPoint": {"urlTemplate"},
}


def read_sitemap(client: FlaskClient) -> dict[str, tuple[str | None, dict[str, str]]]:
    """Return every address of all parts with when it changed and its links by language, after checking the rules.

    The rules are those of sitemaps.org/protocol.html and its schemas: names, order, counts, form of times.
    """
    index = _parsed(client.get("/sitemap.xml").data)
    assert index.tag == f"{SITEMAP}sitemapindex"
    found: dict[str, tuple[str | None, dict[str, str]]] = {}
    for part in index:
        assert [child.tag for child in part] in ([f"{SITEMAP}loc"], [f"{SITEMAP}loc", f"{SITEMAP}lastmod"])
        entries = _entries(client, part[0].text or "")
        assert found.keys().isdisjoint(entries)
        found |= entries
    return found


def _entries(client: FlaskClient, address: str) -> dict[str, tuple[str | None, dict[str, str]]]:
    answer = client.get(path_of(address))
    assert answer.content_type.startswith("application/xml")
    assert len(answer.data) <= 50 * 1024 * 1024
    root = _parsed(answer.data)
    assert root.tag == f"{SITEMAP}urlset"
    assert 0 < len(root) <= 50_000
    entries = {}
    for url in root:
        names = [child.tag for child in url]
        assert names[0] == f"{SITEMAP}loc"
        assert names.count(f"{SITEMAP}lastmod") <= 1
        assert set(names) <= {f"{SITEMAP}loc", f"{SITEMAP}lastmod", f"{XHTML}link"}
        changed_at = url.findtext(f"{SITEMAP}lastmod")
        assert changed_at is None or datetime.fromisoformat(changed_at)
        place = url[0].text or ""
        assert len(place) < 2048
        links = {link.attrib["hreflang"]: link.attrib["href"] for link in url.findall(f"{XHTML}link")}
        assert place not in entries
        entries[place] = (changed_at, links)
    return entries


def read_atom(document: bytes) -> list[Element]:
    """Return the entries of a feed, after checking what RFC 4287 wants (4.1.1 and 4.1.2)."""
    feed = _parsed(document)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for one in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{name}")) == 1, name
        assert datetime.fromisoformat(one.findtext(f"{ATOM}updated") or "").tzinfo
        assert urlsplit(one.findtext(f"{ATOM}id") or "").scheme == "urn"
        kinds = [link.get("rel") for link in one.findall(f"{ATOM}link")]
        assert len(kinds) == len(set(kinds))
        assert "alternate" in kinds
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    ids = [one.findtext(f"{ATOM}id") for one in entries]
    assert len(ids) == len(set(ids))
    return entries


def read_google(document: bytes) -> list[dict[str, str]]:
    """Return the items of the feed as {name: text}, after checking what Merchant Center wants of each."""
    root = _parsed(document)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    channel = root.find("channel")
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    items = [
        {child.tag.removeprefix(GOOGLE): child.text or "" for child in item}
        for item in channel.findall("item")
    ]
    for item in items:
        for name in (
            "id",
            "title",
            "description",
            "link",
            "image_link",
            "availability",
            "price",
            "condition",
            "brand",
        ):
            assert item.get(name), name
        assert len(item["id"]) <= 50
        assert len(item["title"]) <= 150
        assert re.fullmatch(r"\d+(\.\d+)? [A-Z]{3}", item["price"])
        assert item["availability"] in ("in_stock", "out_of_stock")
        assert ("gtin" in item) != (item.get("identifier_exists") == "no")
        assert item["image_link"].startswith("http")
    assert len({item["id"] for item in items}) == len(items)
    return items


def _parsed(document: bytes) -> Element:
    return ElementTree.fromstring(document)  # noqa: S314 - our own words


def head_of(page: str) -> Element:
    """Return the head of a page."""
    found = html5lib.HTMLParser(namespaceHTMLElements=False).parse(page).find("head")
    assert found is not None
    return found


def meta_of(page: str) -> dict[str, str]:
    """Return what the head says of the page, by name or property."""
    named = {
        meta.get("property") or meta.get("name"): meta.get("content", "")
        for meta in head_of(page).iter("meta")
    }
    return {name: value for name, value in named.items() if name}


def links_of(page: str) -> tuple[str | None, dict[str, str]]:
    """Return the canonical address and those by language."""
    links = list(head_of(page).iter("link"))
    canonical = [link.get("href") for link in links if link.get("rel") == "canonical"]
    assert len(canonical) <= 1
    return (canonical[0] if canonical else None), {
        link.attrib["hreflang"]: link.attrib["href"] for link in links if "hreflang" in link.attrib
    }


def data_of(page: str) -> dict[str, list[dict[str, Any]]]:
    """Return the things of schema.org that the page names, by type at any depth; each says what it must."""
    scripts = [one for one in head_of(page).iter("script") if one.get("type") == "application/ld+json"]
    things: dict[str, list[dict[str, Any]]] = {}
    for script in scripts:
        _collect(json.loads(script.text or ""), things)
    for kind, found in things.items():
        for thing in found:
            assert thing.keys() >= REQUIRED[kind] or thing.keys() == {"@type", "@id", "name"}, (kind, thing)
    return things


def _collect(data: Any, things: dict[str, list[dict[str, Any]]]) -> None:
    if isinstance(data, list):
        for one in data:
            _collect(one, things)
    elif isinstance(data, dict):
        if "@type" in data:
            things.setdefault(data["@type"], []).append(data)
        _collect(list(data.values()), things)
