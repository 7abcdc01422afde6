"""One request for the rest of a file, and what the server says about it."""

from __future__ import annotations

import email.message
import http.client
import ipaddress
import re
import ssl
import urllib.error
import urllib.request
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from vosbench.errors import UsageError, one_line

_PASSING = {408, 425, 429, 500, 502, 503, 504}  # statuses that another attempt may not meet
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Patience(NamedTuple):
    """How long a server may be slow or broken before it is given up."""

    stall: float = 30.0  # seconds without a byte, or with fewer than SLOWEST bytes a second
    tries: int = 6  # attempts in a row that bring nothing new
    first_pause: float = 1.0  # seconds before the second attempt; doubles up to `longest_pause`
    longest_pause: float = 60.0


class PassingError(Exception):
    """A fault that another attempt may not meet."""

    def __init__(self, what: str, pause: float = 0.0) -> None:
        super().__init__(what)
        self.pause = pause  # seconds that the server asks for


class RangeError(PassingError):
    """The rest of a file is not to be had; the whole of it may be."""


class RefusedError(Exception):
    """An answer that another attempt would meet again."""


class Answer(NamedTuple):
    """A server's answer to a request for the bytes of a file from `start` on."""

    body: http.client.HTTPResponse
    start: int  # 0 where the whole file is sent, whatever was asked
    total: int | None  # bytes of the whole file; None where the server does not say
    validator: str  # names this version of the file; empty where nothing does
    framed: bool  # the end is marked: a body cut short is noticed without a length


def expect_allowed(url: str) -> None:
    """UsageError for an address that is neither https nor, on this machine itself, http."""
    parts = urlsplit(url)
    if re.search(r"[\s\x00-\x1f\x7f]", url) or not parts.hostname:
        raise UsageError(f"--url {url!r}: not an address; expected https://HOST/FILE.zip")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)):
        return
    raise UsageError(
        f"--url {url}: {parts.scheme or 'nothing'} is not encrypted; expected https "
        "(or http on this machine's own address): give an https address"
    )


def request(url: str, start: int, validator: str, stall: float) -> Answer:
    """Ask for a file from byte `start` on, if it still is the version that `validator` names.

    Raises PassingError, RangeError or RefusedError with one line, or what urllib raises.
    """
    asked = urllib.request.Request(url, headers=_headers(start, validator))  # noqa: S310 - checked
    try:
        body = _OPENER.open(asked, timeout=stall)
    except urllib.error.HTTPError as error:
        with error:
            raise _status(error, start) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise RefusedError(f"its certificate is not good: {one_line(error.reason)}") from error
        raise
    return _read(body, start)


def _headers(start: int, validator: str) -> dict[str, str]:
    plain = {"User-Agent": "vosbench", "Accept-Encoding": "identity"}
    if not start:
        return plain
    return plain | {"Range": f"bytes={start}-", "If-Range": validator}


def _read(body: http.client.HTTPResponse, start: int) -> Answer:
    validator = _validator(body.headers)
    if body.status == http.client.OK:
        return Answer(body, 0, body.length, validator, body.chunked is True)
    found = _RANGE.fullmatch(body.headers.get("Content-Range", ""))
    if body.status != http.client.PARTIAL_CONTENT or not found:
        body.close()
        raise _no_range(f"status {body.status} without a range that can be read", start)
    first, last, total = (int(number) for number in found.groups())
    if first != start or last != total - 1:
        body.close()
        what = f"asked from byte {start} on, it sends {first} to {last} of {total}"
        raise _no_range(what, start)
    return Answer(body, start, total, validator, body.chunked is True)


def _validator(headers: email.message.Message) -> str:
    """A strong ETag, or the date of the file; a weak ETag names no exact bytes."""
    tag = str(headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(headers.get("Last-Modified", ""))


def _no_range(what: str, start: int) -> RangeError | RefusedError:
    return RangeError(what) if start else RefusedError(what)


def _status(error: urllib.error.HTTPError, start: int) -> PassingError | RefusedError:
    what = f"status {error.code} {error.reason}".strip()
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return _no_range(what, start)
    if error.code not in _PASSING:
        return RefusedError(what)
    pause = error.headers.get("Retry-After", "")
    return PassingError(what, float(pause) if pause.isdecimal() else 0.0)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to https alone; from this machine itself, also to itself."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: http.client.HTTPMessage, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        here = old.scheme == new.scheme == "http" and _is_loopback(new.hostname or "")
        if new.scheme != "https" and not here:
            raise RefusedError(f"it leads on to {newurl!r}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """For http and https alone: urllib's own would also read file:, ftp: and data:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


_OPENER = _opener()
