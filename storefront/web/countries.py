"""Countries to choose from, in the order in which people of the page's language look for them."""

from functools import lru_cache

from babel import Locale

from storefront.web.language import babel_locale, current_language

# All countries that Stripe ships to; zones and rates decide later.
_COUNTRIES = """
AC AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CD CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET
FI FJ FK FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM
IN IO IQ IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD
ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM PA PE PF
PG PH PK PL PM PN PR PS PT PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST
SV SX SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WF WS
XK YE YT ZA ZM ZW
"""
COUNTRIES = tuple(_COUNTRIES.split())


def named(codes: tuple[str, ...] = COUNTRIES) -> list[tuple[str, str]]:
    """Return countries with their names in the page's language, in the order of the names."""
    return _named(codes, current_language())


@lru_cache(maxsize=16)
def _named(codes: tuple[str, ...], language: str) -> list[tuple[str, str]]:
    names = Locale.parse(babel_locale(language)).territories
    found = [(code, str(names[code])) for code in codes if code in names]
    # The common signs of GB 18030 stand in the order of their pinyin.
    return sorted(found, key=lambda one: one[1].encode("gb18030"))
