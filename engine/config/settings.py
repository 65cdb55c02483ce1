"""The shape of ``matthan.yaml``: strict, every key documented, JSON Schema generated from here.

Reading a file (positions, all problems at once, nearest suggestion) is `engine.config.configuration`'s job.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, Strict, model_validator

from engine.config.addresses import Host, Interface, Prefix, Url, WebUrl, schemes, split
from rules.document.ground_spec import GroundSpec
from rules.document.scalars import Feast, Matches, Slug, Written, problem
from rules.document.validation import nearest

Unit = Annotated[float, Field(ge=0, le=1)]
#: A list of two in YAML; `Strict` would ask for a tuple.
Point = Annotated[tuple[Unit, Unit], Strict(False)]
Polygon = Annotated[list[Point], Field(min_length=3, max_length=64)]
#: ``file:PATH`` (mode 0600), ``env:NAME`` or ``credential:NAME`` (systemd); never the secret itself.
SecretRef = Annotated[
    str, Matches(r"file:.+|env:[A-Za-z_][A-Za-z0-9_]*|credential:[A-Za-z0-9_-][A-Za-z0-9_.-]*", "secret")
]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):  # the latter two for names like ../x
        vietnam = name.rpartition("/")[2].lower().replace("_", "") in ("hanoi", "vietnam")
        suggestion = "Asia/Ho_Chi_Minh" if vietnam else nearest(name, sorted(available_timezones()))
        raise problem("unknown_timezone", zone=name, suggestion=suggestion) from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Section(Written):
    """Base of every section: unknown keys are errors, nothing is coerced from text."""


class LoginSettings(Section):
    """Account on a device or service."""

    username: str = Field(
        description="Account name (for ONVIF: an ONVIF user, often separate from the web user)."
    )
    password: SecretRef = Field(
        description="Where the password is: file:PATH (mode 0600), env:NAME or credential:NAME."
    )


class PtzSettings(Section):
    """What the engine may do with a PTZ head."""

    home: str | None = Field(
        None, description="Preset to return to after `home_after` seconds without a command."
    )
    home_after: Annotated[float, Field(gt=0)] = Field(
        60.0, description="Seconds without a command, by a person or a rule, before returning home."
    )
    zones: dict[Slug, str] = Field(
        default_factory=dict, description="Zones that count only while the head is at a preset: zone: preset."
    )


class MotionSettings(Section):
    """What counts as motion in a camera's picture."""

    sensitivity: Annotated[int, Field(ge=0, le=100)] = Field(
        50,
        description="0 to 100, as ONVIF's cell motion detector has it: the higher, the fainter what counts.",
    )
    least: Unit = Field(
        0.0, description="Smallest thing that counts, as a part of the picture's area: 0.001 is a thousandth."
    )
    ignore: dict[Slug, Polygon] = Field(
        default_factory=dict,
        description="Parts of the picture where nothing counts: polygons by name, as zones.",
    )


class LineSettings(Section):
    """A line that objects cross."""

    points: Annotated[list[Point], Field(min_length=2, max_length=64)] = Field(
        description="Points [x, y] in 0..1 from the top left, in order."
    )
    inward: Literal["left", "right"] = Field(
        "right", alias="in", description="To which side `in` is, as seen from the first point to the last."
    )


def _line(written: object) -> object:
    return {"points": written} if isinstance(written, list) else written


class LocationSettings(Section):
    """Where the site is; sunrise and sunset are reckoned from it."""

    latitude: Annotated[float, Field(ge=-90, le=90)] = Field(description="Degrees north.")
    longitude: Annotated[float, Field(ge=-180, le=180)] = Field(description="Degrees east.")


class CameraSettings(Section):
    """One camera: where it is, how to log in, what to look at."""

    id: Slug = Field(description="Immutable short name; history and evidence keep to it.")
    name: str = Field("", description="Display name, free text, may change.")
    url: Url = Field(
        description="onvif: http://HOST/onvif/device_service, rtsp://HOST/PATH, or a clip: file:PATH."
    )
    driver: str | None = Field(None, description="Driver by name; default: chosen by the URL's scheme.")
    source: str | None = Field(
        None, description="Video-source token on a device with several; default: the first."
    )
    profile: str | None = Field(
        None,
        description="Stream profile (token or name) for analysis; default: the smallest that is >= 320 wide.",
    )
    preview_profile: str | None = Field(
        None, description="Stream profile for the preview; default: the analysis profile."
    )
    login: LoginSettings | None = Field(None, description="Account on the camera.")
    fps: Annotated[float, Field(gt=0, le=30)] = Field(5.0, description="Pictures analysed per second.")
    rest: bool = Field(
        True,
        description="Decode keyframes alone while nothing moves, and what was left out when something does.",
    )
    decoder: Literal["software", "auto", "cuda", "vaapi", "v4l2m2m"] = Field(
        "software",
        description="What decodes; auto: hardware where there is any. Software takes over where it fails.",
    )
    detect: bool = Field(True, description="Run the object detector where something moves.")
    motion: MotionSettings = Field(
        default_factory=MotionSettings,
        description="What counts as motion; `matthan vision tune` proposes it.",
    )
    zones: dict[Slug, Polygon] = Field(
        default_factory=dict, description="Polygons by name, points [x, y] in 0..1 from the top left."
    )
    lines: dict[
        Slug,
        Annotated[LineSettings, BeforeValidator(_line, json_schema_input_type=list[Point] | LineSettings)],
    ] = Field(default_factory=dict, description="Lines by name: points, or {points, in: left|right}.")
    metres_per_width: Annotated[float, Field(gt=0, le=10_000)] | None = Field(
        None, description="Metres that the picture is wide where things move; makes km/h of picture widths."
    )
    ground: GroundSpec | None = Field(
        None,
        description="A rectangle on the ground; makes km/h of what moves, near and far. Goes before the width.",
    )
    ptz: PtzSettings = Field(default_factory=PtzSettings, description="PTZ behaviour.")
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="The driver's own options."
    )
    enabled: bool = Field(True, description="false: kept in the file, not opened.")

    @model_validator(mode="after")
    def _zones_of_presets(self) -> CameraSettings:
        for zone in self.ptz.zones:
            if zone not in self.zones:
                guess = nearest(zone, self.zones)
                raise problem("unknown_zone", zone=zone, suggestion=guess, steps=("ptz", "zones", zone))
        return self

    @model_validator(mode="after")
    def _some_driver_takes_it(self) -> CameraSettings:
        scheme = split(self.url).scheme
        if self.driver is None and scheme not in schemes():
            known, guess = ", ".join(schemes()), nearest(scheme, schemes())
            raise problem("url_scheme", scheme=scheme, known=known, suggestion=guess, steps=("url",))
        return self


class DiscoverySettings(Section):
    """Where to look for cameras; adoption of what is found is always explicit."""

    interfaces: list[Interface] = Field(
        default_factory=list, description="Local IPv4 addresses whose networks are probed by multicast."
    )
    hosts: list[Host] = Field(
        default_factory=list, description="Hosts probed one by one: names, IPv4 or IPv6 addresses."
    )
    every: Annotated[float, Field(ge=5)] = Field(60.0, description="Seconds between two probes.")


class MqttSettings(Section):
    """The MQTT broker that `mqtt` actions publish to."""

    host: Host = Field(description="Broker's host name or address.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(1883, description="Broker's port.")
    login: LoginSettings | None = Field(None, description="Account on the broker.")
    tls: bool = Field(False, description="Encrypt with the system's certificate authorities.")
    ca: str | None = Field(None, description="Certificate authority file for `tls`.")
    prefix: Prefix = Field("matthan", description="First level of every topic, or several: a/b.")


class WebhookSettings(Section):
    """An HTTP(S) address that `webhook` actions post CloudEvents to."""

    url: WebUrl = Field(description="Where to POST.")
    secret: SecretRef | None = Field(None, description="Sent as a bearer token.")
    timeout: Annotated[float, Field(gt=0, le=60)] = Field(10.0, description="Seconds to wait for an answer.")


class ActionSettings(Section):
    """Targets that rules may name in `do:`."""

    mqtt: MqttSettings | None = Field(None, description="MQTT broker.")
    webhooks: dict[Slug, WebhookSettings] = Field(default_factory=dict, description="HTTP targets by name.")


class DetectorSettings(Section):
    """Object detection."""

    model: str | None = Field(
        None,
        description="Model name (`matthan models list`) or path, none: nothing is recognised; default: the best one.",
    )
    workers: Annotated[int, Field(ge=1, le=16)] = Field(
        1, description="Detector threads shared by all cameras."
    )
    score: Unit = Field(0.45, description="Least score of a detection.")


#: How a door is encrypted.
Tls = Literal["own", "files", "off"]


class DoorSettings(Section):
    """How a TCP door is encrypted, and what it may be called."""

    tls: Tls | None = Field(
        None,
        description="own: a certificate that the engine makes; files: `certificate` and `key`; off: on this machine "
        "only. Default: files where they are given, else own beyond this machine, off on it.",
    )
    certificate: str | None = Field(
        None, description="TLS certificate (PEM) with its chain, for `tls: files`."
    )
    key: str | None = Field(None, description="TLS private key (PEM) for `tls: files`.")
    names: list[Host] = Field(
        default_factory=list,
        description="By what else people reach this door: host names beside this machine's own.",
    )


class ApiSettings(DoorSettings):
    """The local API; TCP is off unless given, and encrypted beyond this machine."""

    socket: str | None = Field(None, description="Unix socket path; default: api.sock in the state folder.")
    tcp: str | None = Field(None, description="HOST:PORT to listen on as well.")
    client_ca: str | None = Field(
        None, description="Authority file (PEM) of client certificates: their common name is a person's name."
    )
    token: SecretRef | None = Field(
        None, description="Shared bearer token of TCP clients; better: a token of each person or program."
    )
    token_role: Literal["viewer", "officer", "author", "technician", "admin", "auditor"] = Field(
        "officer", description="What whoever shows that token may do, at the whole site."
    )


class AccessSettings(Section):
    """How long people stay logged in, and what they have to say why."""

    session_hours: Annotated[float, Field(gt=0, le=168)] = Field(
        12.0, description="Hours after which somebody has to log in again."
    )
    idle_minutes: Annotated[float, Field(ge=1, le=10_080)] = Field(
        60.0, description="Minutes without a request after which a session ends."
    )
    why: list[
        Literal["live", "still", "history", "ptz", "relay", "speech", "configure", "export", "delete"]
    ] = Field(default_factory=list, description="What nobody may do without saying why.")


class PreviewSettings(DoorSettings):
    """The WebRTC preview page, and the pages to log in."""

    enabled: bool = Field(True, description="false: no preview server at all.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8580, description="Port to listen on; 0: any free one."
    )
    link_seconds: Annotated[float, Field(gt=0)] = Field(
        300.0, description="How long a preview link stays valid."
    )


class WebhookReceiverSettings(Section):
    """Where devices call back, for drivers that ask for it; nothing listens before one does."""

    url: WebUrl | None = Field(
        None,
        description="What devices reach this machine by, e.g. http://192.0.2.2:8581; not given: no webhooks.",
    )
    host: Host | None = Field(None, description="Address to listen on; default: the host of `url`.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8581, description="Port to listen on.")


class StoreSettings(Section):
    """The event store."""

    keep_days: Annotated[float, Field(gt=0)] = Field(30.0, description="Days that events are kept.")
    keep_audit_days: Annotated[float, Field(gt=0)] = Field(
        400.0,
        description="Days that it is kept what exactly people did; that they did something, and when, stays on record.",
    )
    quota_mb: Annotated[int, Field(ge=16)] = Field(2048, description="Most megabytes the database may take.")
    heads: str | None = Field(
        None,
        description="Folder, best on another disk or machine, where signed heads of the log are kept; it must exist. "
        "Default: heads/ in the state folder.",
    )


class Settings(Section):
    """One site's configuration."""

    site: Slug = Field("site", description="Name of this site in every event.")
    title: str = Field("", description="Display name of the site.")
    language: Literal["vi", "en"] = Field("vi", description="Language of sentences shown and sent.")
    timezone: TimeZone = Field("Asia/Ho_Chi_Minh", description="IANA time zone of schedules and displays.")
    state: str | None = Field(
        None, description="Folder for state; default /var/lib/matthan (root) or XDG state."
    )
    rules: list[str] = Field(default_factory=list, description="Rule files or globs, relative to this file.")
    location: LocationSettings | None = Field(None, description="Where the site is, for sunrise and sunset.")
    holidays: list[Feast] = Field(
        default_factory=list,
        description="Dates that count as `holiday` in rules, e.g. 2027-01-01, 04-30, tet.",
    )
    groups: dict[Slug, list[Slug]] = Field(
        default_factory=dict, description="Cameras by the name of a group, for rules."
    )
    cameras: list[CameraSettings] = Field(default_factory=list, description="Cameras of this site.")
    discovery: DiscoverySettings = Field(default_factory=DiscoverySettings, description="Finding cameras.")
    detector: DetectorSettings = Field(
        default_factory=DetectorSettings, description="Which detector, and how sure it must be."
    )
    actions: ActionSettings = Field(default_factory=ActionSettings, description="Action targets.")
    api: ApiSettings = Field(default_factory=ApiSettings, description="Local API.")
    access: AccessSettings = Field(
        default_factory=AccessSettings, description="Sessions, and what has to be said why."
    )
    preview: PreviewSettings = Field(default_factory=PreviewSettings, description="WebRTC preview.")
    webhook_receiver: WebhookReceiverSettings = Field(
        default_factory=WebhookReceiverSettings, description="Where devices call back."
    )
    store: StoreSettings = Field(default_factory=StoreSettings, description="Event store.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``matthan.yaml``, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
