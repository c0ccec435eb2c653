"""An internet on this machine: a table of names, and every address leads to 127.0.0.1.

Scrapy's setting TWISTED_DNS_RESOLVER takes it in place of the real one. What is connected to is what the code
under test asked for; each connection is told on stderr.
"""

import json
import os
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Self

from twisted.internet.address import IPv4Address, IPv6Address


class SmallWorld:
    """`names`: name → its answers in turn, the last one for ever; each is a list of addresses."""

    def __init__(self, names: dict[str, list[list[str]]], reactor: Any = None) -> None:
        self.names = {name: list(answers) for name, answers in names.items()}
        self.reactor = reactor

    @classmethod
    def from_crawler(cls, process: Any, reactor: Any) -> Self:
        return cls(json.loads(os.environ["SMALL_WORLD"]), reactor)

    def install_on_reactor(self) -> None:
        self.reactor.installNameResolver(self)
        connect = self.reactor.connectTCP

        def connect_here(host: str, port: int, *rest: Any, **named: Any) -> Any:
            sys.stderr.write(f"connects to {host}\n")
            return connect("127.0.0.1" if is_address(host) else host, port, *rest, **named)

        self.reactor.connectTCP = connect_here

    def lookup(self, name: str) -> list[str]:
        if is_address(name):
            return [name]
        answers = self.names.get(name, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def resolveHostName(  # noqa: N802
        self,
        receiver: Any,
        name: str,
        port: int = 0,
        kinds: Sequence[Any] | None = None,
        semantics: str = "TCP",
    ) -> Any:
        receiver.resolutionBegan(self)
        for address in self.lookup(name):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, port))
        receiver.resolutionComplete()
        return self


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
