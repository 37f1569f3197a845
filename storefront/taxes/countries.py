"""The countries of the European Union, and the rates that are offered to begin with."""

# Greece is EL in VAT ids and GR everywhere else.
_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
EU = frozenset(_EU.split())

# Standard rates in hundredths of a percent. Source: the European Commission's "Taxes in Europe" database and HMRC.
# Rates change: the owner is told this day, and edits the table.
RATES_AS_OF = "2026-01-01"
STANDARD_RATES = {
    "AT": 2000, "BE": 2100, "BG": 2000, "HR": 2500, "CY": 1900, "CZ": 2100, "DK": 2500, "EE": 2400, "FI": 2550,
    "FR": 2000, "DE": 1900, "GR": 2400, "HU": 2700, "IE": 2300, "IT": 2200, "LV": 2100, "LT": 2100, "LU": 1700,
    "MT": 1800, "NL": 2100, "PL": 2300, "PT": 2300, "RO": 2100, "SK": 2300, "SI": 2200, "ES": 2100, "SE": 2500,
    "GB": 2000,
}  # fmt: skip
