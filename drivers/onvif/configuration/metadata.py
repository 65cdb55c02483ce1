"""What a device sends beside its pictures, as a stream of XML: what its analytics see, and its events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import DriverError, Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.encoder_form import Form
from drivers.onvif.configuration.part import MOST, SCHEMA, leaf, step
from drivers.onvif.media import MEDIA1

_PARTS = {"analytics": "Analytics", "events": "Events"}
#: What the schema has behind each of them.
_BEHIND = {
    "Events": ("Analytics", "Multicast", "SessionTimeout", "AnalyticsEngineConfiguration", "Extension"),
    "Analytics": ("Multicast", "SessionTimeout", "AnalyticsEngineConfiguration", "Extension"),
}


class Metadata:
    """``metadata.PROFILE.analytics`` and ``metadata.PROFILE.events``, where a profile has a metadata configuration.

    Args:
        forms: Of the media services, the better one first.
    """

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms, self._service = forms, forms[0].service
        self._tokens: dict[str, str] = {}

    async def features(self) -> tuple[Feature, ...]:
        """Ask which profiles have one; a service that tells none gives way to the next."""
        failure: DriverError | None = None
        for form in self._forms:
            self._service = form.service
            try:
                told = form.seen if form.seen is not None else await form.profiles()
                found = tuple(self._offered(form, told))
            except (Unsupported, Malformed) as error:
                failure = failure or error
                continue
            if found:
                return found
        if failure is not None:
            raise failure
        return ()

    async def read(self, feature: Feature) -> Value:
        """Return whether it is sent."""
        return _is_sent(await self._configuration(feature), _part(feature))

    async def write(self, feature: Feature, value: Value) -> None:
        """Send it or not, and hand back all else as it came."""
        told, part = await self._configuration(feature), _part(feature)
        if _is_sent(told, part) is value:
            return
        _put(told, part, bool(value))
        told.tag, told.tail = f"{{{self._service.space}}}Configuration", None
        lasting = leaf("q:ForcePersistence", "true") if self._service.space == MEDIA1 else ""
        wanted = etree.tostring(told, encoding="unicode")
        await self._service.tell("SetMetadataConfiguration", wanted, lasting)

    def _offered(self, form: Form, profiles: Sequence[etree._Element]) -> Iterator[Feature]:
        for profile in profiles[:MOST]:
            configuration = xml.find(profile, form.metadata)
            token = xml.attribute(configuration, "token")
            if token:
                name = f"metadata.{step(xml.attribute(profile, 'token'))}"
                source = xml.text(profile, form.source, "SourceToken")
                for part in _PARTS:
                    self._tokens[f"{name}.{part}"] = token
                    yield Feature(f"{name}.{part}", FeatureKind.FLAG, FeatureCategory.EVENTS, source=source,
                                  readable=True, writable=True)  # fmt: skip

    async def _configuration(self, feature: Feature) -> etree._Element:
        token = self._tokens[feature.id]
        first = self._service.space == MEDIA1
        operation = "GetMetadataConfiguration" if first else "GetMetadataConfigurations"
        told = await self._service.ask(operation, leaf("q:ConfigurationToken", token))
        listed = list(xml.every(told, "Configuration" if first else "Configurations"))
        named = next((each for each in listed if xml.attribute(each, "token") == token), None)
        if named is None:
            raise Malformed(host=self._service.soap.host, detail="no such metadata configuration")
        return named


def _part(feature: Feature) -> str:
    return _PARTS[feature.id.rpartition(".")[2]]


def _is_sent(told: etree._Element, part: str) -> bool:
    node = next(xml.children(told, part), None)
    if part == "Events":
        return node is not None
    return node is not None and (node.text or "").strip().lower() in ("true", "1")


def _put(told: etree._Element, part: str, wanted: bool) -> None:
    """Write a part, at its place in the schema's order; events are sent where their element is."""
    node = next(xml.children(told, part), None)
    if part == "Events" and not wanted and node is not None:
        told.remove(node)
        return
    if node is None:
        node = etree.Element(f"{{{SCHEMA}}}{part}")
        behind = next((each for each in told if xml.local(each) in _BEHIND[part]), None)
        told.append(node) if behind is None else behind.addprevious(node)
    if part == "Analytics":
        node.text = "true" if wanted else "false"
