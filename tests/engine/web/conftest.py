"""An API over a service of lists."""

from tests.engine.serving import client, door, service, services

__all__ = ["client", "door", "service", "services"]
