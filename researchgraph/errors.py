"""Errors that cross module borders. Expected outcomes are values; these are for what stops a step."""

from __future__ import annotations


class ResearchgraphError(Exception):
    """Base of all errors this project raises on purpose."""


class SourceUnavailable(ResearchgraphError):
    """An upstream or a file could not be read now; trying again later may help."""


class RecordRejected(ResearchgraphError):
    """One record cannot become a work. Stored with its reason and raw bytes, never retried.

    `code` is a stable kebab-case word for counting and filtering (for example `title-missing`),
    `field` the path of the offending value inside the record, `detail` a sentence for people.
    """

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.code = code
        self.detail = detail
        self.field = field

    def __reduce__(self) -> tuple[type[RecordRejected], tuple[str, str, str]]:
        # An exception is copied by the arguments of its base class, which are others.
        return type(self), (self.code, self.detail, self.field)


class Conflict(ResearchgraphError):
    """Somebody else changed the same thing first; shown as HTTP 409."""


class MailNotSent(ResearchgraphError):
    """The mail server could not be reached or refused; trying again later may help."""


class EngineError(ResearchgraphError):
    """An embedded engine could not start, is in use by another supervisor, or died."""
