"""Publish decisions to an MQTT broker, through one connection that comes back by itself."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import aiomqtt
from pydantic import BaseModel

from engine.actions.base import leaving, params_of
from engine.actions.cloudevents import cloud_event
from engine.actions.contract import Job
from engine.config.action_params import MqttParams
from engine.errors import Again
from engine.runtime import log
from engine.runtime.supervisor import Backoff
from rules.model import Decision

_log = log.get(__name__)

#: Seconds that a delivery waits for the connection before the outbox takes it back.
PATIENCE = 5.0
#: Messages that wait for the judge at most; beyond it the newest is given up, and the log says so.
QUEUE = 1000
#: Told of each message: topic, payload, whether the broker had retained it.
Hear = Callable[[str, bytes, bool], Awaitable[None]]
_AGAIN = Backoff(first=0.5, most=10.0, later=30.0)
_ODD = re.compile(r"[+#/\x00]")


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to publish. The password never shows in `repr`.

    Attributes:
        timeout: Seconds for connecting and for each acknowledgement.
    """

    host: str
    port: int
    prefix: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: str | None = None
    timeout: float = 10.0


class Mqtt:
    """Publishes QoS 1. While connected ``PREFIX/SITE/status`` is a retained ``online``, else ``offline``."""

    name = "mqtt"
    Params: type[BaseModel] = MqttParams

    def __init__(self, site: str, broker: Broker, random: Random, backoff: Backoff = _AGAIN) -> None:
        self._site, self._broker, self._random, self._backoff = site, broker, random, backoff
        self._client: aiomqtt.Client | None = None
        self._topics: tuple[str, ...] = ()
        self._hear: Hear | None = None
        self._connected = asyncio.Event()
        self._status = f"{broker.prefix}/{site}/status"

    async def listen(self, topics: Iterable[str], hear: Hear) -> None:
        """Subscribe to topics (with wildcards), now and whenever connected, and to no others any more."""
        before, self._topics, self._hear = self._topics, tuple(topics), hear
        if (client := self._client) is None:
            return
        with suppress(aiomqtt.MqttError, OSError):  # the connection is going: the next one subscribes to all
            for topic in set(self._topics) - set(before):
                await client.subscribe(topic, qos=1)
            for topic in set(before) - set(self._topics):
                await client.unsubscribe(topic)

    async def serve(self, revive: Callable[[], None]) -> None:
        """Stay connected until cancelled; say ``offline`` when leaving in order."""
        failures = 0
        while True:
            try:
                async with self._open() as client:
                    failures = 0
                    await self._stay(client, revive)
            except (aiomqtt.MqttError, OSError) as error:
                if leaving():  # a farewell that failed must not turn the end into another try
                    raise asyncio.CancelledError from error
                if failures == 0:  # one line when it starts failing, one when it is back
                    _log.warning(
                        "mqtt.lost", host=self._broker.host, port=self._broker.port, error=str(error)
                    )
            await asyncio.sleep(self._backoff.wait(failures, 0.0, self._random))
            failures += 1

    async def _stay(self, client: aiomqtt.Client, revive: Callable[[], None]) -> None:
        await client.publish(self._status, "online", qos=1, retain=True)
        _log.info("mqtt.connected", host=self._broker.host, port=self._broker.port)
        self._client = client
        self._connected.set()
        revive()
        try:
            if leaving():
                raise asyncio.CancelledError
            for topic in self._topics:
                await client.subscribe(topic, qos=1)
            async for message in client.messages:  # ends when the connection does
                if self._hear is not None and isinstance(message.payload, (bytes, bytearray)):
                    await self._hear(str(message.topic), bytes(message.payload), message.retain)
        except asyncio.CancelledError:
            with suppress(aiomqtt.MqttError):  # else the broker says it for us; we are leaving in any case
                await client.publish(self._status, "offline", qos=1, retain=True, timeout=2.0)
            raise
        finally:
            self._client = None
            self._connected.clear()

    def _open(self) -> aiomqtt.Client:
        broker = self._broker
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            will=aiomqtt.Will(self._status, "offline", qos=1, retain=True),
            tls_context=ssl.create_default_context(cafile=broker.ca) if broker.tls else None,
            timeout=broker.timeout,
            keepalive=15,
            max_queued_incoming_messages=QUEUE,
        )

    async def run(self, job: Job) -> str:
        """Publish; done when the broker has acknowledged it."""
        params = params_of(MqttParams, job)
        topic = params.topic or self._topic(job.decision)
        payload = cloud_event(self._site, job.decision, job.event)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._connected.wait()
        except TimeoutError:
            raise Again("not connected to the broker") from None
        client = self._client
        if client is None:
            raise Again("the connection to the broker was lost")
        try:
            await client.publish(topic, payload, qos=1, retain=params.retain)
        except (aiomqtt.MqttError, OSError) as error:
            raise Again(f"the broker did not acknowledge: {error}") from None
        return topic

    def _topic(self, decision: Decision) -> str:
        levels = (self._site, decision.camera or "site", "decision", decision.rule)
        return "/".join((self._broker.prefix, *(_ODD.sub("-", level) for level in levels)))
