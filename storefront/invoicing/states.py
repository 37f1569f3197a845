"""Kinds of documents."""

from enum import StrEnum


class DocumentKind(StrEnum):
    """What was sold and asked for, or what was given back of it."""

    INVOICE = "invoice"
    CREDIT = "credit"
