"""Pages of results: one HTML file with the answer, the plots, the table, and how to repeat it."""

from .page import Figure, Line, Page, Table, html
from .report import save_report
from .studies import page_of

__all__ = ["Figure", "Line", "Page", "Table", "html", "page_of", "save_report"]
