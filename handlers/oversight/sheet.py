"""A month's cards as a sheet (XLSX). Every cell is text or a number, so that no name becomes a formula."""

import io
from collections.abc import Iterable, Sequence

Row = Sequence[str | int | float | None]


def write_sheet(title: str, header: Sequence[str], rows: Iterable[Row]) -> bytes:
    """An XLSX file with one sheet."""
    import xlsxwriter  # 2 MB that an idle server can do without

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        page = book.add_worksheet(title)
        page.freeze_panes(1, 0)
        page.set_column(0, len(header), 14)
        for column, name in enumerate(header):
            page.write_string(0, column, name, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    page.write_string(number, column, value)
                elif value is not None:
                    page.write_number(number, column, value)
    return content.getvalue()
