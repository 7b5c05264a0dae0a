"""How much may be asked: a limit for each visitor, and ten times as much for each address."""

from __future__ import annotations

import ipaddress
import logging
import time

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django_ratelimit.core import get_usage

from recognizer.visitors import Visitor

logger = logging.getLogger(__name__)

# A classroom, a school or a phone network shares one address.
ADDRESS_FACTOR = 10
GROUP = "readings"  # uploads and claims are counted together
LIVE_GROUP = "live"  # readings of which nothing is stored: many while one draws
WHY_GROUP = "why"  # reasons, each as much work as several readings
SALT = "recognizer.limits"
ALARM_INTERVAL = 60  # seconds: counters that are down are logged so often, not at each request


class TooManyRequests(Exception):
    """The limit is reached; in `retry_after` seconds there is a new one."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"The limit is reached for another {retry_after} s.")
        self.retry_after = retry_after


def count(request: HttpRequest, visitor: Visitor) -> None:
    """Count this request for its visitor and its address, where something is stored.

    A visitor without a cookie is counted by the address alone: the key is new at each request.
    While the counters are down, requests pass: reading digits is worth more than counting them.

    Raises:
        TooManyRequests: One of the two limits is passed.
    """
    _count_both(request, visitor, GROUP, settings.DIGITS_RATE_LIMIT)


def count_live(request: HttpRequest, visitor: Visitor) -> None:
    """The same for a reading of which nothing is stored.

    Raises:
        TooManyRequests: One of the two limits is passed.
    """
    _count_both(request, visitor, LIVE_GROUP, settings.DIGITS_LIVE_RATE_LIMIT)


def count_why(request: HttpRequest, visitor: Visitor) -> None:
    """The same for why something was read so.

    Raises:
        TooManyRequests: One of the two limits is passed.
    """
    _count_both(request, visitor, WHY_GROUP, settings.DIGITS_WHY_RATE_LIMIT)


def address(request: HttpRequest) -> str:
    """Name the network of a request: an IPv4 address, or the first half of an IPv6 one.

    Where DIGITS_ADDRESS_HEADER holds a list (X-Forwarded-For), its last entry counts: the one that
    our own proxy wrote. Those before it are the client's word.
    """
    header = request.META.get(settings.DIGITS_ADDRESS_HEADER, "").rpartition(",")[2].strip()
    try:
        found = ipaddress.ip_address(header or request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        # What was found may be somebody's address all the same, and this is logged: no word of it.
        raise ImproperlyConfigured(
            "The visitor's address is not known. Expected: an address in the header that "
            "DIGITS_ADDRESS_HEADER names, e.g. HTTP_X_REAL_IP, set by the proxy in front; found "
            "something else. Compare the two."
        ) from None
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(found) >> 64 << 64))


def _count_both(request: HttpRequest, visitor: Visitor, group: str, limit: str) -> None:
    num, _, period = limit.partition("/")
    if int(num) == 0:
        return
    _count(request, group, address(request), f"{int(num) * ADDRESS_FACTOR}/{period}")
    if visitor.is_known:
        _count(request, group, visitor.key, f"{num}/{period}")


def _count(request: HttpRequest, group: str, who: str, rate: str) -> None:
    # There are few addresses: whoever has the counters must not be able to try them all.
    key = salted_hmac(SALT, who, algorithm="sha256").hexdigest()
    try:
        usage = get_usage(request, group=group, key=lambda *_: key, rate=rate, increment=True)
    except Exception as error:  # noqa: BLE001  # each cache has its own; only it is called here
        _alarm.ring(f"{type(error).__name__}: {error}")
        return
    if not usage["limit"]:  # django_ratelimit's word for a counter that gave no number
        _alarm.ring("no number came back")
    elif usage["should_limit"]:
        raise TooManyRequests(max(usage["time_left"], 1))


class _Alarm:
    """Log that this process cannot count, once in `ALARM_INTERVAL`."""

    def __init__(self) -> None:
        self._quiet_until = 0.0  # of time.monotonic()

    def ring(self, reason: str) -> None:
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + ALARM_INTERVAL
        logger.error("The rate limit is off: its counters failed (%s).", reason)


_alarm = _Alarm()
