"""Why a request was made in vain: what Scrapy raised → the reason of a reject."""

from typing import NamedTuple

from scrapy.exceptions import DownloadCancelledError, IgnoreRequest, ResponseDataLossError
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.web.client import ResponseFailed

from newsmirror.items import Reason

# A reason is read by people; what a server wrote into it is cut.
_LONGEST_DETAIL = 300


class Fault(NamedTuple):
    """Why an address was given up: a stable code, and a few words for a person."""

    reason: Reason
    detail: str


class AskedInVain(IgnoreRequest):
    """Raised by our own components for an answer that is no page, and for a host that cannot be asked."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason


class RobotsUnreachable(IgnoreRequest):
    """A request that is not made because its host's robots.txt could not be read."""


def is_forbidden(error: BaseException | None) -> bool:
    """Tell whether a request was not made because robots.txt says so: a rule of the site, which stands."""
    # Scrapy 2.19 has no exception of its own for this.
    return isinstance(error, IgnoreRequest) and str(error) == "Forbidden by robots.txt"


def explain(error: BaseException) -> Fault | None:
    """Return why a request failed; None for one that we chose not to make, which has a stat of its own.

    Retries are over by then. What has no reason of its own gave no answer: `unreachable`, with its type.
    """
    detail = _words(error)[:_LONGEST_DETAIL]
    match error:
        case AskedInVain():
            return Fault(error.reason, detail)
        case HttpError():
            return _explain_status(error.response.status)
        case IgnoreRequest():
            # Scrapy 2.19 has no exceptions of their own for these two.
            if "DOWNLOAD_MAXSIZE" in detail:
                return Fault("too_large", detail)
            return Fault("redirect", detail) if detail == "max redirections reached" else None
        case ResponseDataLossError():
            return Fault("truncated", "the connection ended before the body did")
        case DownloadCancelledError():
            # Nothing else cancels a download: one that is cut by its timeout says so.
            return Fault("too_large", str(error)[:_LONGEST_DETAIL] or "it went on beyond DOWNLOAD_MAXSIZE")
    return Fault("unreachable", detail)


def _explain_status(status: int) -> Fault:
    detail = f"HTTP status {status}"
    if status in (404, 410):
        return Fault("gone", detail)
    if status >= 500:
        return Fault("server_error", detail)
    return Fault("refused" if status >= 400 else "redirect", detail)


def _words(error: BaseException) -> str:
    """Return what an error says; of one that wraps those of Twisted, what the first of them says."""
    if isinstance(error.__cause__, ResponseFailed) and error.__cause__.reasons:
        error = error.__cause__.reasons[0].value
    return str(error) if isinstance(error, IgnoreRequest) else f"{type(error).__name__}: {error}"
