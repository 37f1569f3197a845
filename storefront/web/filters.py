"""How templates write money, moments, sizes and texts."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format
from flask import Flask
from flask_babel import gettext, ngettext

from storefront.core.clock import datetime, now
from storefront.core.money import Money
from storefront.core.sentences import read
from storefront.web.language import babel_locale, current_language, in_language
from storefront.web.markdown import render_markdown, render_remark


def init_filters(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        money=money,
        markdown=render_markdown,
        remark=render_remark,
        language_name=language_name,
        datetime=moment,
        date=day,
        filesize=filesize,
        duration=duration,
        tr=tr,
        country=country,
        ago=ago,
        told=told,
        percent=percent,
    )


def money(value: Money) -> str:
    """Return the amount as people of the page's language write it."""
    return value.format(current_language())


def moment(value: datetime) -> str:
    """Return day and time."""
    return _moment(value.replace(second=0, microsecond=0), current_language())


def day(value: datetime) -> str:
    """Return the day."""
    return str(format_date(value, format="medium", locale=babel_locale(current_language())))


def ago(value: datetime) -> str:
    """Return how long ago that was, in words that are right to one unit."""
    seconds = max(0, int((now() - value).total_seconds()))
    if seconds < 60:
        return str(gettext("just now"))
    if seconds < 3600:
        return str(ngettext("%(num)d minute ago", "%(num)d minutes ago", seconds // 60))
    if seconds < 86400:
        return str(ngettext("%(num)d hour ago", "%(num)d hours ago", seconds // 3600))
    return str(ngettext("%(num)d day ago", "%(num)d days ago", seconds // 86400))


def told(kept: str | None) -> str:
    """Return a sentence that was stored with ``core.sentences``, in the page's language."""
    sentence, values = read(kept or "")
    if values:
        shown = {name: money(value) if isinstance(value, Money) else value for name, value in values.items()}
        return str(gettext(sentence, **shown))
    whole = str(gettext(sentence)) if sentence else ""
    what, colon, said = sentence.partition(": ")
    if whole != sentence or not colon:
        return whole
    return str(gettext("%(what)s: %(said)s", what=gettext(what), said=said))


def percent(hundredths: int) -> str:
    """Return hundredths of a percent as people write them: 1900 is ``19``, 550 is ``5.5``."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)


def filesize(size: int) -> str:
    """Return a size in bytes as people read it."""
    value = float(size)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit in ("B", "KB") or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def duration(seconds: int) -> str:
    """Return minutes and seconds, with hours where there are any."""
    text = str(timedelta(seconds=seconds))
    return text[2:] if text.startswith("0:") else text


def country(code: str) -> str:
    """Return the name of a country; a code that nobody knows stays as it is."""
    return str(Locale.parse(babel_locale(current_language())).territories.get(code, code))


def language_name(code: str) -> str:
    """Return what the speakers of a language call it; a code that nobody knows stays as it is."""
    try:
        return str(Locale.parse(code, sep="-").display_name or code)
    except (ValueError, UnknownLocaleError):
        return code


def tr(row: Any, field: str) -> str:
    """Return the text of a row in the page's language."""
    return in_language(row, field)


@lru_cache(maxsize=1024)
def _moment(value: datetime, language: str) -> str:
    locale = babel_locale(language)
    clock, date = (
        format_time(value, format="short", locale=locale),
        format_date(value, format="medium", locale=locale),
    )
    return str(get_datetime_format("medium", locale=locale)).format(clock, date)
