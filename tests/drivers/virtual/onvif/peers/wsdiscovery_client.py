"""Looks for cameras with the PyPI client `WSDiscovery` and prints one JSON object of what it saw.

Runs in an environment of its own: ``python wsdiscovery_client.py HOST PORT any``.
"""

from __future__ import annotations

import ipaddress
import json
import sys

from wsdiscovery import QName, threaded
from wsdiscovery.discovery import ThreadedWSDiscovery

TYPE = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")


def look(host: str, port: str) -> list[list[str]]:
    """Return addresses and scopes of who answered, as soon as the one that is meant is among them."""
    wanted: list[list[str]] = []
    threaded._getNetworkAddrs = lambda _: [ipaddress.ip_address(host)]  # it leaves loopback out
    search = ThreadedWSDiscovery(ttl=1)
    search.start()
    try:
        for _ in range(20):  # datagrams get lost
            for service in search.searchServices(types=[TYPE], timeout=1):
                if any(f"{host}:{port}/" in each for each in service.getXAddrs()):
                    scopes = [scope.getValue() for scope in service.getScopes()]
                    wanted.append([service.getEPR(), *service.getXAddrs(), *scopes])
            if wanted:
                return wanted
    finally:
        search.stop()
    return wanted


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"found": look(sys.argv[1], sys.argv[2])}))
