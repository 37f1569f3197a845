"""A file's rows put aside on the disk, gathered by product.

Files name the rows of one product in any order (WooCommerce lists variations long after their parents), and no file
may have to fit into memory: so its rows go into a small database of their own, which dies with this object.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from storefront.core.errors import N_
from storefront.importing.decoding import RawRow, UnreadableFile, find_encoding, read_rows
from storefront.importing.formats import Format, plain_heading
from storefront.importing.formats.cells import SourceRow
from storefront.importing.recognising import mapping, recognise
from storefront.importing.records import Note

MOST_ROWS_OF_A_PRODUCT = 500

_SCHEMA = """
CREATE TABLE grp (id INTEGER PRIMARY KEY, line INTEGER NOT NULL);
CREATE TABLE name (name TEXT PRIMARY KEY, grp INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sku (sku TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE line (grp INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL, cells TEXT NOT NULL,
                   PRIMARY KEY (grp, seq)) WITHOUT ROWID;
CREATE TABLE note (grp INTEGER, line INTEGER NOT NULL, col TEXT NOT NULL, sentence TEXT NOT NULL, vals TEXT NOT NULL);
CREATE INDEX note_grp ON note (grp);
"""


class Group(NamedTuple):
    """The rows of one product, and what is wrong with them as rows."""

    rows: list[SourceRow]
    notes: list[Note]


class Spool:
    """The rows of one file by product. Close it when done."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the whole file, which must be seekable.

        Raises:
            UnreadableFile: it is no table of products.
        """
        self.encoding = find_encoding(stream)
        self._folder = tempfile.TemporaryDirectory(prefix="import-")
        self._base = sqlite3.connect(Path(self._folder.name) / "rows.sqlite", check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4000", "temp_store=FILE"):
            self._base.execute(f"PRAGMA {pragma}")
        self._base.executescript(_SCHEMA)
        self.rows = 0
        try:
            rows = read_rows(stream, self.encoding)
            self.heading = _heading(rows)
            self.format: Format = recognise(self.heading)
            self._columns = [plain_heading(cell) for cell in self.heading]
            called = self.format.also_called
            self._headings = dict(zip(self._columns, self.heading, strict=True))
            self._headings |= {called[name]: cell for name, cell in self._headings.items() if name in called}
            for row in rows:
                self._add(row)
            self._base.commit()
            self.total = int(self._base.execute("SELECT count(*) FROM grp").fetchone()[0])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Forget the rows."""
        self._base.close()
        self._folder.cleanup()

    @property
    def mapping(self) -> list[list[str]]:
        """Heading and meaning of each column."""
        return mapping(self.format, self.heading)

    def heading_of(self, column: str) -> str:
        """Return how the file itself calls a column."""
        return self._headings.get(column, column)

    def stray_notes(self) -> Iterator[Note]:
        """Yield what is wrong with rows that belong to no product."""
        yield from self._notes("grp IS NULL", ())

    def groups(self, position: int, count: int) -> list[Group]:
        """Return so many products from that position on, in the order of the file."""
        found = self._base.execute(
            "SELECT grp, line, cells FROM line WHERE grp > ? AND grp <= ? ORDER BY grp, seq",
            (position, position + count),
        )
        last = min(position + count, self.total)
        rows: dict[int, list[SourceRow]] = {number: [] for number in range(position + 1, last + 1)}
        for number, line, cells in found:
            rows[number].append(SourceRow(line, dict(zip(self._columns, json.loads(cells), strict=True))))
        return [Group(each, list(self._notes("grp = ?", (number,)))) for number, each in rows.items()]

    def _notes(self, condition: str, values: tuple[int, ...]) -> Iterator[Note]:
        statement = f"SELECT line, col, sentence, vals FROM note WHERE {condition} ORDER BY rowid"  # noqa: S608 - ours
        for line, column, sentence, kept in self._base.execute(statement, values):
            yield Note(line, column, sentence, json.loads(kept))

    def _add(self, raw: RawRow) -> None:
        self.rows += 1
        cells = [self.format.unpack(cell) for cell in raw.cells]
        trouble = raw.trouble or self._trouble_of_width(cells)
        cells += [""] * (len(self._columns) - len(cells))
        row = SourceRow(raw.line, dict(zip(self._columns, cells, strict=False)))
        names = self.format.names_of(row) if not raw.trouble else []
        if not names:
            self._note(None, raw.line, "", trouble or N_("This row names no product."))
            return
        number = self._group_of(names, raw.line)
        if trouble:
            self._note(number, raw.line, "", trouble)
        self._claim_sku(number, self.format.sku_of(row), raw.line)
        self._keep(number, raw.line, cells[: len(self._columns)])

    def _trouble_of_width(self, cells: list[str]) -> str:
        """A row of another width has cells in the wrong columns, unless only empty ones are missing or too many."""
        if len(cells) < len(self._columns):
            return N_("This row has fewer cells than the heading.")
        if any(cell.strip() for cell in cells[len(self._columns) :]):
            return N_("This row has more cells than the heading.")
        return ""

    def _group_of(self, names: list[str], line: int) -> int:
        for name in names:
            found = self._base.execute("SELECT grp FROM name WHERE name = ?", (name,)).fetchone()
            if found:
                number = int(found[0])
                break
        else:
            number = int(self._base.execute("INSERT INTO grp (line) VALUES (?)", (line,)).lastrowid or 0)
        self._base.executemany("INSERT OR IGNORE INTO name VALUES (?, ?)", [(name, number) for name in names])
        return number

    def _claim_sku(self, number: int, sku: str, line: int) -> None:
        if not sku:
            return
        before = self._base.execute("SELECT line FROM sku WHERE sku = ?", (sku,)).fetchone()
        if before:
            self._note(number, line, "SKU", N_("Row %(row)s has the same SKU."), row=before[0])
        else:
            self._base.execute("INSERT INTO sku VALUES (?, ?)", (sku, line))

    def _keep(self, number: int, line: int, cells: list[str]) -> None:
        last = self._base.execute("SELECT max(seq) FROM line WHERE grp = ?", (number,)).fetchone()[0]
        place = 0 if last is None else last + 1
        if place == MOST_ROWS_OF_A_PRODUCT:
            self._note(
                number, line, "", N_("A product can have up to %(most)s rows."), most=MOST_ROWS_OF_A_PRODUCT
            )
        elif place < MOST_ROWS_OF_A_PRODUCT:
            self._base.execute(
                "INSERT INTO line VALUES (?, ?, ?, ?)", (number, place, line, json.dumps(cells))
            )

    def _note(self, number: int | None, line: int, column: str, sentence: str, **values: object) -> None:
        self._base.execute(
            "INSERT INTO note VALUES (?, ?, ?, ?, ?)", (number, line, column, sentence, json.dumps(values))
        )


def _heading(rows: Iterator[RawRow]) -> list[str]:
    first = next(rows, None)
    if first is None or first.trouble:
        raise UnreadableFile(N_("The file is empty or its first row can't be read."))
    return first.cells
