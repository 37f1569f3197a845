"""Money by month and by day, as the ledger has it."""

import re
from collections.abc import Sequence

from babel.dates import format_date
from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.views.exports import as_file
from storefront.analytics import money as reckoning
from storefront.analytics.money import Period
from storefront.core.clock import date
from storefront.web.access import owner_only
from storefront.web.language import babel_locale, current_language
from storefront.web.pages import render_page


@admin.get("/money")
@owner_only
def money() -> Response:
    """Show the last months, or the days of the month that the address names."""
    month = _month_asked()
    periods = _periods(month)
    return render_page(
        "admin/money/show.html",
        month=month,
        periods=periods,
        totals=reckoning.totals(periods),
        month_name=_month_name,
        has_tax=any(each.tax for each in periods),
    )


@admin.get("/exports/money.csv")
@owner_only
def export_money() -> BaseResponse:
    """Give the same as a CSV file."""
    month = _month_asked()
    name = f"money-{month:%Y-%m}.csv" if month else "money.csv"
    return as_file(reckoning.export(_periods(month)), name)


def _periods(month: date | None) -> Sequence[Period]:
    return reckoning.by_day(month) if month else reckoning.by_month()


def _month_asked() -> date | None:
    found = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", request.args.get("month", ""), re.ASCII)
    return date(int(found[1]), int(found[2]), 1) if found else None


def _month_name(first: date) -> str:
    pattern = "y年M月" if current_language() == "zh" else "MMMM y"
    return str(format_date(first, format=pattern, locale=babel_locale(current_language())))
