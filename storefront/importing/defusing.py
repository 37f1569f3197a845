"""Cells that a spreadsheet would run as a formula: an apostrophe in front makes them text, and goes again.

Each text that begins with one of the signs, with any number of apostrophes before it, gets one more on the way out
and loses one on the way in; so every text comes back as it was.
"""

import re

# Also the wide signs, which spreadsheets in East Asia take for the narrow ones.
_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


def defused(cell: str) -> str:
    """Return the cell as it may be opened in a spreadsheet."""
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def restored(cell: str) -> str:
    """Return the cell as it was before ``defused``."""
    return cell[1:] if _DEFUSED.match(cell) else cell
