"""ONVIF events of the virtual camera: pull points and base notification over its `EventBroker`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from drivers.virtual.onvif.event_broker import (
    LONGEST_LIFE,
    MOST_SUBSCRIPTIONS,
    EventBroker,
    Notice,
    Property,
    Subscription,
)
from drivers.virtual.onvif.push_subscriber import PushSubscriber
from drivers.virtual.onvif.service import OnvifService, ServiceRequest, answers
from drivers.virtual.onvif.soap import (
    NS,
    Element,
    SoapFault,
    duration,
    el,
    envelope,
    qualified,
    text,
    until,
    utc,
)
from drivers.virtual.spec import CameraClock

SUBSCRIPTION_PATH = "/onvif/subscription/"
#: Life of a subscription when the client asks for none, and longest wait of PullMessages; seconds.
DEFAULT_LIFE, LONGEST_PULL = 60.0, 60.0
MOST_MESSAGES = 100
_CONCRETE = "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete"
_CONCRETE_SET = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
_ITEM_FILTER = "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter"


class EventService(OnvifService):
    """Subscriptions and the messages in them.

    Args:
        push: Calls those who subscribe with an address; None: only pull points are known.
    """

    path = "/onvif/event_service"
    prefix = "tev"

    def __init__(self, broker: EventBroker, clock: CameraClock, push: PushSubscriber | None = None) -> None:
        self._broker = broker
        self._clock = clock
        self._push = push

    @answers("tev:GetServiceCapabilities", before_login=True)
    def service_capabilities(self, request: ServiceRequest) -> Element:
        """Tell what this service can do."""
        return el("tev:GetServiceCapabilitiesResponse", self.capabilities())

    def capabilities(self) -> Element:
        """Return what GetServiceCapabilities tells."""
        return el(
            "tev:Capabilities",
            WSSubscriptionPolicySupport="false",
            WSPausableSubscriptionManagerInterfaceSupport="false",
            MaxPullPoints=str(MOST_SUBSCRIPTIONS),
            MaxNotificationProducers=str(MOST_SUBSCRIPTIONS if self._push else 0),
        )

    def advertised(self, url: str) -> Element:
        """Return the service's part of GetCapabilities."""
        return el(
            "tt:Events",
            el("tt:XAddr", url),
            el("tt:WSSubscriptionPolicySupport", "false"),
            el("tt:WSPullPointSupport", "true"),
            el("tt:WSPausableSubscriptionManagerInterfaceSupport", "false"),
        )

    @answers("tev:GetEventProperties")
    def event_properties(self, request: ServiceRequest) -> Element:
        """Tell every topic and how its messages look."""
        return el(
            "tev:GetEventPropertiesResponse",
            el("tev:TopicNamespaceLocation", "http://www.onvif.org/onvif/ver10/topics/topicns.xml"),
            el("wsnt:FixedTopicSet", "true"),
            _topic_set(self._broker.properties),
            el("wsnt:TopicExpressionDialect", _CONCRETE),
            el("wsnt:TopicExpressionDialect", _CONCRETE_SET),
            el("tev:MessageContentFilterDialect", _ITEM_FILTER),
            el("tev:MessageContentSchemaLocation", "http://www.onvif.org/onvif/ver10/schema/onvif.xsd"),
        )

    @answers("tev:CreatePullPointSubscription")
    def create(self, request: ServiceRequest) -> Element:
        """Open a pull point; the present states wait in it."""
        made = self._subscribed(request, "tev")
        times = self._times("wsnt", made)
        return el("tev:CreatePullPointSubscriptionResponse", _reference("tev", request, made), *times)

    @answers("wsnt:Subscribe")
    def subscribe(self, request: ServiceRequest) -> Element:
        """Call an address from now on, first with the present states."""
        if self._push is None:
            raise SoapFault("only pull points are known", "ter:ActionNotSupported")
        url = text(request.body, "wsnt:ConsumerReference/wsa:Address")
        if not url.startswith("http://"):
            raise SoapFault("not an address to call", "wsnt:SubscribeCreationFailedFault")
        made = self._subscribed(request, "wsnt")
        self._push.serve(made, url, _notify)
        return el("wsnt:SubscribeResponse", _reference("wsnt", request, made), *self._times("wsnt", made))

    def _subscribed(self, request: ServiceRequest, prefix: str) -> Subscription:
        """Return a new subscription, as its request asks for it."""
        topics = _wanted(request.body, {each.topic for each in self._broker.properties}, prefix)
        seconds = self._life(text(request.body, f"{prefix}:InitialTerminationTime", ""))
        made = self._broker.subscribe(secrets.token_hex(16), topics, self._clock.monotonic(), seconds)
        if made is None:
            raise SoapFault(
                "too many pull points", "ter:Action", "ter:MaxPullPoints", code="s:Receiver", status=500
            )
        self._broker.synchronize(made, self._clock.wall())
        return made

    @answers("tev:PullMessages")
    async def pull(self, request: ServiceRequest) -> Element:
        """Wait for messages."""
        subscription = self._subscription(request)
        wait = min(duration(text(request.body, "tev:Timeout")).total_seconds(), LONGEST_PULL)
        most = _count(text(request.body, "tev:MessageLimit", str(MOST_MESSAGES)))
        life = subscription.ends - self._clock.monotonic()
        notices = await subscription.pull(most, max(0.0, min(wait, life)))
        if subscription.closed:
            raise _gone()
        messages = map(_message, notices)
        return el("tev:PullMessagesResponse", *self._times("tev", subscription), *messages)

    @answers("tev:SetSynchronizationPoint")
    def synchronize(self, request: ServiceRequest) -> Element:
        """Tell every present state again."""
        self._broker.synchronize(self._subscription(request), self._clock.wall())
        return el("tev:SetSynchronizationPointResponse")

    @answers("wsnt:Renew")
    def renew(self, request: ServiceRequest) -> Element:
        """Prolong a subscription."""
        subscription = self._subscription(request)
        seconds = self._life(text(request.body, "wsnt:TerminationTime", ""))
        subscription.ends = self._clock.monotonic() + min(seconds, LONGEST_LIFE)
        current, end = self._times("wsnt", subscription)
        return el("wsnt:RenewResponse", end, current)

    @answers("wsnt:Unsubscribe")
    def unsubscribe(self, request: ServiceRequest) -> Element:
        """End a subscription."""
        self._broker.drop(self._subscription(request).id)
        return el("wsnt:UnsubscribeResponse")

    def _subscription(self, request: ServiceRequest) -> Subscription:
        found = self._broker.find(request.subscription, self._clock.monotonic())
        if found is None:
            raise _gone()
        return found

    def _life(self, written: str) -> float:
        if not written:
            return DEFAULT_LIFE
        wall = self._clock.wall()
        seconds = (until(written, wall) - wall).total_seconds()
        if seconds <= 0:
            raise SoapFault("termination time is in the past", "wsnt:UnacceptableInitialTerminationTimeFault")
        return seconds

    def _times(self, prefix: str, subscription: Subscription) -> tuple[Element, Element]:
        wall = self._clock.wall()
        left = timedelta(seconds=subscription.ends - self._clock.monotonic())
        return el(f"{prefix}:CurrentTime", utc(wall)), el(f"{prefix}:TerminationTime", utc(wall + left))


def _gone() -> SoapFault:
    return SoapFault("no such subscription", "ter:InvalidArgVal", "ter:NoSubscription")


def _count(written: str) -> int:
    try:
        return max(1, min(int(written), MOST_MESSAGES))
    except ValueError:
        raise SoapFault("MessageLimit is not a number", "ter:InvalidArgs") from None


def _reference(prefix: str, request: ServiceRequest, made: Subscription) -> Element:
    address = el("wsa:Address", request.url(SUBSCRIPTION_PATH + made.id))
    return el(f"{prefix}:SubscriptionReference", address)


def _notify(notices: Sequence[Notice]) -> bytes:
    return envelope(el("wsnt:Notify", *map(_message, notices)))


def _wanted(body: Element, known: set[str], prefix: str) -> frozenset[str]:
    """Return the known topics that a subscription's filter selects; all without one."""
    filters = body.find(f"{prefix}:Filter", NS)
    if filters is None or not len(filters):
        return frozenset(known)
    expressions = filters.findall("wsnt:TopicExpression", NS)
    if len(expressions) != len(filters):
        raise SoapFault("only topics can be filtered", "wsnt:InvalidFilterFault")
    parts = [part.strip() for each in expressions for part in (each.text or "").split("|")]
    chosen = frozenset(topic for topic in known for part in parts if _selects(part, topic))
    if not chosen:
        raise SoapFault(f"no topic matches {' | '.join(parts)}", "wsnt:TopicNotSupportedFault")
    return chosen


def _selects(expression: str, topic: str) -> bool:
    """Return whether one part of a ConcreteSet expression, ``prefix:A/B`` or ``prefix:A//.``, has a topic."""
    plain = "/".join(step.rpartition(":")[2] for step in expression.split("/"))
    if plain.endswith("//."):
        branch = plain.removesuffix("//.")
        return topic == branch or topic.startswith(f"{branch}/")
    return plain == topic


def _topic_set(properties: tuple[Property, ...]) -> Element:
    root = el("wstop:TopicSet")
    for each in properties:
        node, first = root, True
        for step in each.topic.split("/"):
            tag = qualified(f"tns1:{step}") if first else step
            found = node.find(tag)
            if found is None:
                found = node.makeelement(tag)
                node.append(found)
            node, first = found, False
        node.set(qualified("wstop:topic"), "true")
        node.append(_description(each))
    return root


def _description(each: Property) -> Element:
    name = each.source[0]
    told = [el("tt:SimpleItemDescription", Name=name, Type="tt:ReferenceToken")] if name else []
    data = el("tt:SimpleItemDescription", Name=each.item, Type=each.kind)
    return el("tt:MessageDescription", el("tt:Source", *told), el("tt:Data", data), IsProperty="true")


def _message(notice: Notice) -> Element:
    about = notice.about
    source, value = about.source
    state = notice.state if isinstance(notice.state, str) else str(notice.state).lower()
    content = el(
        "tt:Message",
        el("tt:Source", *([el("tt:SimpleItem", Name=source, Value=value)] if source else [])),
        el("tt:Data", el("tt:SimpleItem", Name=about.item, Value=state)),
        UtcTime=utc(notice.at),
        PropertyOperation="Initialized" if notice.initial else "Changed",
    )
    return el(
        "wsnt:NotificationMessage",
        el("wsnt:Topic", f"tns1:{about.topic}", Dialect=_CONCRETE_SET),
        el("wsnt:Message", content),
    )
