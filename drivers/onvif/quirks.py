"""What single devices do otherwise than the standard says, and what this driver does about it.

A peculiarity has one place in the code, one answer of the device as a fixture, and one test; this is their list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirk:
    """One peculiarity.

    Attributes:
        name: Short and unique, words joined by ``-``.
        makers: Who builds it, as far as it is known.
        symptom: What a client sees.
        answer: What this driver does, and where.
        seen: Public report of it.
        fixture: Path of the device's answer, below ``tests/fixtures``.
        test: ``file::function`` below ``tests``.
    """

    name: str
    makers: str
    symptom: str
    answer: str
    seen: str
    fixture: str
    test: str


_TESTS = "drivers/test_onvif_quirks.py::test_"

QUIRKS: tuple[Quirk, ...] = (
    Quirk(
        "two-challenges",
        "many",
        "the right password is refused where Basic stands before Digest",
        "all challenges are read, the strongest is answered (drivers.challenge.strongest)",
        "gh:encode/httpx/issues/1234",
        "unnamed_guest-cgi_any/still.401.http",
        _TESTS + "two_challenges",
    ),
    Quirk(
        "http-digest-only",
        "Hikvision from 5.7.13, INSTAR, Pelco",
        "HTML 401 instead of a SOAP fault",
        "HTTP digest beside the signature (drivers.onvif.session.Session)",
        "gh:home-assistant/core/issues/99166",
        "hikvision_any_5.7.13/any.401.http",
        _TESTS + "http_digest_only",
    ),
    Quirk(
        "header-line-without-a-name",
        "white-label cameras with GoAhead (VSTF133422SCHRD)",
        "a bare date among the headers",
        "lines that are no headers are left out (drivers.onvif.http.Headers)",
        "gh:home-assistant/core/issues/151745",
        "vstf_vstf133422schrd_any/still.http",
        _TESTS + "odd_stills",
    ),
    Quirk(
        "blank-before-the-colon",
        "unnamed",
        "X-Frame-Options : SAMEORIGIN, and no header after it is read",
        "names are stripped (drivers.onvif.http.Headers)",
        "gh:home-assistant/core/issues/38673",
        "unnamed_38673_any/still.http",
        _TESTS + "odd_stills",
    ),
    Quirk(
        "wrong-content-length",
        "Dahua, Lorex",
        "Content-Length does not fit the picture, and the connection is closed",
        "what has its end mark is whole (drivers.onvif.http.whole)",
        "gh:home-assistant/core/issues/148093",
        "lorex_any_any/still.http",
        _TESTS + "odd_stills",
    ),
    Quirk(
        "pull-closed-without-answer",
        "TP-Link Tapo C220",
        "the connection of a pull is closed after 10 s in which nothing happened",
        "nothing to tell: pulled again on the same subscription (drivers.onvif.events.Subscription.signals)",
        "gh:agsh/onvif/issues/312",
        "tapo_c220_any/CreatePullPointSubscription.xml",
        _TESTS + "pull_closed_without_answer",
    ),
    Quirk(
        "pull-answered-at-once",
        "Avigilon",
        "several answers a second that say nothing new",
        "half a second between two pulls at least (drivers.onvif.events.HASTE)",
        "gh:agsh/onvif/issues/24",
        "avigilon_any_any/PullMessages.xml",
        _TESTS + "pull_answered_at_once",
    ),
    Quirk(
        "empty-subscription-address",
        "OMNY and other OEM firmware",
        "an empty Address in the SubscriptionReference",
        "the event service takes the pulls (drivers.onvif.events.Subscription._way)",
        "gh:AlexxIT/go2rtc/issues/2302",
        "omny_any_any/CreatePullPointSubscription.xml",
        _TESTS + "empty_subscription_address",
    ),
    Quirk(
        "port-twice",
        "unnamed",
        "a subscription at host:8106:8106",
        "the second port is dropped (drivers.onvif.addresses._split)",
        "gh:home-assistant/core/issues/92603",
        "unnamed_92603_any/CreatePullPointSubscription.xml",
        _TESTS + "port_twice",
    ),
    Quirk(
        "no-renew",
        "several",
        "Renew is not implemented, or a pull does not prolong",
        "renewed at 80 %, and where that fails a lost subscription shows at the pull (drivers.onvif.events)",
        "gh:onvif/specs/issues/506",
        "unnamed_specs506_any/Renew.fault.xml",
        _TESTS + "no_renew",
    ),
    Quirk(
        "notifications-in-any-dress",
        "many",
        "topics in white space with prefixes, 1 for true, elements out of order, a minute 61",
        "read by local names in any order (drivers.onvif.topics.signal_of)",
        "gh:dmitrif/onvif2mqtt/issues/20",
        "unnamed_onvif2mqtt20_any/PullMessages.xml",
        _TESTS + "notifications_in_any_dress",
    ),
    Quirk(
        "undeclared-prefix",
        "Wanscam, Foscam OEM",
        "No namespace defined for 'ter', instead of a refused login",
        "undeclared prefixes are dropped from names (drivers.onvif.xml.read)",
        "gh:mvantellingen/python-zeep/issues/1205",
        "wanscam_any_any/NotAuthorized.xml",
        _TESTS + "undeclared_prefix",
    ),
    Quirk(
        "local-time-as-utc",
        "OpenIPC",
        "UTCDateTime holds the local time",
        "signed with true time, then once with what it tells (drivers.onvif.clock.judge)",
        "gh:OpenIPC/majestic-webui/issues/292",
        "openipc_majestic_any/GetSystemDateAndTime.xml",
        _TESTS + "local_time_as_utc",
    ),
    Quirk(
        "signatures-of-its-own-time",
        "Axis, Dahua, Hikvision",
        "NotAuthorized with the right password where the device's clock is off",
        "signed with the device's clock (drivers.onvif.wsse.Signature)",
        "gh:home-assistant/core/issues/121952",
        "axis_any_any/GetSystemDateAndTime.xml",
        _TESTS + "signatures_of_its_own_time",
    ),
    Quirk(
        "h265-in-media2-only",
        "Hikvision, Dahua, Bosch",
        "a profile of H.265 is missing in the first media service, or shown as H.264",
        "the second media service goes first (drivers.onvif.media)",
        "gh:GuilhermeC18/node-onvif/issues/78",
        "hikvision_any_any/GetProfiles.media2.xml",
        _TESTS + "h265_in_media2_only",
    ),
    Quirk(
        "encoder-fields-missing",
        "Tenvis, Foscam",
        "no size, no frame rate, BitrateLimit 2147483647",
        "what is not told is 0 (drivers.onvif.media._number)",
        "gh:agsh/onvif/issues/233",
        "tenvis_any_any/GetProfiles.xml",
        _TESTS + "encoder_fields_missing",
    ),
    Quirk(
        "still-is-rtsp",
        "XM, ICSee",
        "GetSnapshotUri tells an RTSP address with the login in its path",
        "no still is offered (drivers.onvif.device._has_still)",
        "gh:home-assistant/core/issues/66554",
        "xm_icsee_any/GetSnapshotUri.xml",
        _TESTS + "still_is_rtsp",
    ),
    Quirk(
        "lan-addresses",
        "devices behind NAT or with several networks",
        "services, streams and subscriptions at an address that leads nowhere",
        "led to the host that was reached; options.hosts: told takes them as told (drivers.onvif.addresses)",
        "gh:home-assistant/core/issues/34218",
        "unnamed_34218_any/GetServices.xml",
        _TESTS + "lan_addresses",
    ),
    Quirk(
        "one-list-of-services",
        "CamHi",
        "GetServices is missing, GetCapabilities is out of order",
        "both are asked, united and read by names (drivers.onvif.services.read_services)",
        "gh:home-assistant/core/issues/92308",
        "camhi_any_any/GetCapabilities.xml",
        _TESTS + "one_list_of_services",
    ),
)
