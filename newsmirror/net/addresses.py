"""What a crawl may connect to: public addresses, the start's own host, and the proxies of its operator.

A name is checked where a connection asks for it, in the reactor's resolver, and each time: what is connected
to is what was checked. A host that is an address itself is checked before that, because a proxy would
connect to it unseen.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from socket import inet_aton, inet_ntoa
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.url import add_http_if_no_scheme
from twisted.internet.defer import Deferred

from newsmirror.normalise.urls import canonical_url, host_name
from newsmirror.spiders.base import SnapshotSpider

logger = logging.getLogger(__name__)

# A host in its one form (`host_name`) and a port.
Place = tuple[str, int]

_LOGIN = re.compile(r"//[^/?#]*@")
_PORTS = {"http": 80, "https": 443}
_IPV6_UNICAST = ip_network("2000::/3")  # all that IANA gives out as global unicast (RFC 4291, 2.4)
_NAT64 = ip_network("64:ff9b::/96")  # carries an IPv4 address in its last 32 bits (RFC 6052)
# The IANA special-purpose address registries (RFC 6890), without what is globally reachable, in whole blocks.
_NOT_PUBLIC = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # this network (RFC 791), and 0.0.0.0, which connects to this host
        "10.0.0.0/8",  # private use (RFC 1918)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598); 100.100.100.200 is Alibaba's metadata
        "127.0.0.0/8",  # loopback (RFC 1122)
        "168.63.129.16/32",  # Azure's host, which hands out certificates and keys; not in the registry
        "169.254.0.0/16",  # link-local (RFC 3927); 169.254.169.254 is most clouds' metadata
        "172.16.0.0/12",  # private use (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890); 192.0.0.192 is Oracle's metadata
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private use (RFC 1918)
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved (RFC 1112), and 255.255.255.255
        "2001::/23",  # protocol assignments (RFC 2928), with Teredo, which wraps IPv4 (RFC 4380)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4, which wraps IPv4 (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
# Top domains that name nothing public: RFC 6761, RFC 6762, ICANN's resolution 2024.07.29.06, RFC 8375.
_PRIVATE_DOMAINS = (".localhost", ".local", ".internal", ".home.arpa")


class AddressRefused(IgnoreRequest):
    """A request that is not made because of where it would be sent; its message says to where and why."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet; raises ValueError for what is no IP address.

    Forms that wrap an IPv4 address are not public, whatever they wrap, but for NAT64: on a network without
    IPv4 the resolver itself makes such addresses for names (RFC 6147).
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip in _NAT64:
            return is_public(inet_ntoa(ip.packed[-4:]))
        if ip not in _IPV6_UNICAST:
            return False
    return not any(ip in block for block in _NOT_PUBLIC)


def spelled_address(host: str) -> str | None:
    """Return the IP address that a host is, in whatever spelling a resolver reads, or None for a name.

    IPv4 may be one to four numbers, decimal, octal or hexadecimal: 127.1, 0x7f000001 (inet_aton(3)).
    """
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return inet_ntoa(inet_aton(host))
    except OSError:
        return None


def place(url: str) -> Place:
    """Return host and port of an http(s) address; raises ValueError if it is none."""
    parts = urlsplit(canonical_url(url))
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def start_places(urls: Iterable[str]) -> set[Place]:
    """Return the places that a crawl from these addresses may find private: their hosts, on their ports.

    One on a usual port may be redirected to the other: from http to https, or back.
    """
    places = {place(url) for url in urls}
    usual = set(_PORTS.values())
    return places | {(host, other) for host, port in places if port in usual for other in usual}


async def resolve_public(host: str, port: int) -> str:
    """Return an IP address that a connection to a host may use, for clients that do not ask the reactor.

    Raises AddressRefused where there is none that may be used, CannotResolveHostError where there is none at
    all, ValueError for what is no host.
    """
    resolver = guarded_resolver()
    found: Deferred[list[Any]] = Deferred()
    resolver.resolveHostName(_Gathered(found.callback), host, port)
    addresses = await maybe_deferred_to_future(found)
    if not addresses:
        if address := resolver.refused.get(host_name(host)):
            raise AddressRefused(f"{host} is at {address}, which is not public")
        raise CannotResolveHostError(f"no address for {host}")
    return str(addresses[0].host)


class GuardedResolver:
    """The resolver that the settings chose, less the addresses that must not be connected to.

    An `IHostnameResolver` of Twisted. HTTP and HTTPS ask it for their host, be it a name or an address, HTTP
    through a proxy for the proxy, and so does CONNECT through a proxy with a name, which gives the port 0.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._own: dict[str, frozenset[str]] = {}
        # What the operator named. Any address of a proxy is good; a start is held to those it had at first.
        self.proxies: set[Place] = set()
        self.starts: set[Place] = set()
        # Host → address, where the last answer had none that may be connected to.
        self.refused: dict[str, str] = {}

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[Any] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Resolve as the inner resolver does, and hand on what may be connected to."""
        where = host_name(hostName), portNumber

        def hand_on(addresses: list[Any]) -> None:
            good = self._allowed(where, [address.host for address in addresses])
            for address in addresses:
                if address.host in good:
                    resolutionReceiver.addressResolved(address)
            resolutionReceiver.resolutionComplete()

        gathered = _Gathered(hand_on, resolutionReceiver.resolutionBegan)
        return self._inner.resolveHostName(gathered, hostName, portNumber, addressTypes, transportSemantics)

    def _allowed(self, where: Place, addresses: list[str]) -> set[str]:
        """Return the addresses that may be connected to, and remember a host that has none."""
        if where in self.proxies:
            return set(addresses)
        host, _ = where
        own: frozenset[str] = frozenset()
        if where in self.starts and addresses:
            # A private start stays where it was, a public one public: whoever owns the name may move it.
            is_private = not any(map(is_public, addresses))
            own = self._own.setdefault(host, frozenset(addresses if is_private else ()))
        good = {address for address in addresses if is_public(address) or address in own}
        if addresses and not good:
            self.refused[host] = addresses[0]
        else:
            self.refused.pop(host, None)
        return good


class _Gathered:
    """An `IResolutionReceiver` that hands all addresses on at once."""

    def __init__(
        self, complete: Callable[[list[Any]], None], began: Callable[[Any], None] = lambda _: None
    ) -> None:
        self.resolutionBegan = began
        self.addresses: list[Any] = []
        self.addressResolved = self.addresses.append
        self.resolutionComplete = lambda: complete(self.addresses)


def guarded_resolver() -> GuardedResolver:
    """Return the reactor's resolver, which from now on is guarded."""
    from twisted.internet import reactor  # there is none before a crawl runs

    running: Any = reactor
    if not isinstance(running.nameResolver, GuardedResolver):
        running.installNameResolver(GuardedResolver(running.nameResolver))
    return running.nameResolver  # type: ignore[no-any-return]


class AddressGuardMiddleware:
    """Refuses requests that would lead to a private address; stands behind what chooses the proxy."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        spider = crawler.spider
        urls = spider.arguments.start if isinstance(spider, SnapshotSpider) else ()
        self._starts = start_places(urls)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy asks."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let a request pass whose host may be public; raises AddressRefused."""
        resolver = guarded_resolver()
        resolver.starts |= self._starts
        try:
            where = place(request.url)
        except ValueError as error:
            raise AddressRefused("it names no host") from error
        if "@" in urlsplit(request.url).netloc:
            raise AddressRefused("it holds a user's name")
        if where not in self._starts and (reason := _never_public(where[0])):
            raise AddressRefused(reason)
        if proxy := request.meta.get("proxy"):
            host, port = place(add_http_if_no_scheme(proxy))
            resolver.proxies |= {(host, port), (host, 0)}

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Count and log a refusal; tells a host without a public address from one without any."""
        if isinstance(exception, CannotResolveHostError):
            host, _ = place(request.url)
            address = guarded_resolver().refused.get(host)
            if address is not None:
                exception = AddressRefused(f"{host} is at {address}, which is not public")
        if isinstance(exception, AddressRefused):
            self.crawler.stats.inc_value("newsmirror/skipped/address_refused")
            logger.warning("Not asked for %s: %s", shown(request.url), exception)
            raise exception


def shown(url: str) -> str:
    """Return an address for a log: without a user's name and password, and without control characters."""
    return ascii(_LOGIN.sub("//", url, count=1))[1:-1]


def _never_public(host: str) -> str | None:
    """Return why a host as written cannot be public, or None where the resolver must tell."""
    address = spelled_address(host)
    if address is not None:
        return None if is_public(address) else f"{address} is not public"
    if "." not in host or host.endswith(_PRIVATE_DOMAINS):
        return "its host names nothing public"
    return None
