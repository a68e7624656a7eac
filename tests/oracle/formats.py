"""The `format`s of OpenAPI that the API server checks (k8s.io/kube-openapi, validation/strfmt)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

_GO_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)\Z")
# strfmt also takes days and weeks, and a space before the unit.
_STRFMT_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:ns|us|µs|ms|s|m|h|d|w|[a-z]+)\s*)+\Z")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)\Z")
_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\Z"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\Z")


def is_go_duration(text: str) -> bool:
    """Whether Go's time.ParseDuration takes it, as the CEL function `duration` and most controllers do."""
    return _GO_DURATION.match(text) is not None


def is_date_time(text: str) -> bool:
    """RFC 3339 with a zone."""
    if not _DATE_TIME.match(text):
        return False
    try:
        dt.datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def is_ip(text: str, version: int = 0) -> bool:
    """An address of the version (4, 6; 0 for either), without a zone, which Kubernetes refuses."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text and version in (0, address.version)


def is_cidr(text: str) -> bool:
    """An address and a prefix length; host bits may be set."""
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text


def is_url(text: str) -> bool:
    """What Go's url.ParseRequestURI takes: an absolute URI or an absolute path."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) or text.startswith("/")) and not re.search(
        r"[\x00-\x20\x7f]", text
    )


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


STRING_FORMATS: dict[str, Callable[[str], bool]] = {
    "byte": _is_base64,
    "cidr": is_cidr,
    "date": _is_date,
    "date-time": is_date_time,
    "datetime": is_date_time,
    "duration": lambda text: is_go_duration(text) or _STRFMT_DURATION.match(text) is not None,
    "email": lambda text: _EMAIL.match(text) is not None,
    "hostname": lambda text: _HOSTNAME.match(text) is not None,
    "ipv4": lambda text: is_ip(text, 4),
    "ipv6": lambda text: is_ip(text, 6),
    "mac": lambda text: _MAC.match(text) is not None,
    "uri": is_url,
    "uuid": _is_uuid,
}
INTEGER_BITS = {"int32": 32, "int64": 64}


def fits_format(value: Any, name: str) -> bool:
    """Whether a value has the format; an unknown format and a value of another type pass, as in the API server."""
    if isinstance(value, str) and name in STRING_FORMATS:
        return STRING_FORMATS[name](value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and name in INTEGER_BITS:
        bound = 1 << (INTEGER_BITS[name] - 1)
        return -bound <= value < bound
    return True
