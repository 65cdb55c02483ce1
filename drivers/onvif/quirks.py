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
        "blank-before-the-colon",
        "unnamed",
        "X-Frame-Options : SAMEORIGIN, and no header after it is read",
        "names are stripped (drivers.onvif.http.Headers)",
        "gh:home-assistant/core/issues/38673",
        "unnamed_38673_any/still.http",
        _TESTS + "odd_stills",
    ),
    Quirk(
        name="discovery-blanks-in-scopes",
        makers="several",
        symptom="the name found is cut at its first blank",
        answer="a scope goes on until the next word that begins like a URI: drivers.onvif.answer.scopes_of",
        seen="gh:Jazea/Onvif.Core/issues/34",
        fixture="generic_blank-in-name_any/ProbeMatches.xml",
        test="drivers/test_onvif_answer.py::test_blanks_of_a_name_as_they_are",
    ),
    Quirk(
        name="discovery-foreign-address",
        makers="several, behind NAT or with several networks",
        symptom="the announced address leads nowhere",
        answer="led to the address that the answer came from: drivers.onvif.answer._way_to",
        seen="gh:home-assistant/core/issues/34218",
        fixture="generic_foreign-address_any/ProbeMatches.xml",
        test="drivers/test_onvif_answer.py::test_an_address_that_leads_nowhere",
    ),
    Quirk(
        name="discovery-latin-1-names",
        makers="several",
        symptom="names with accents break the XML or turn into signs",
        answer="bytes that are no UTF-8 are read as Latin-1: drivers.onvif.answer._readable",
        seen="no public report",
        fixture="generic_latin-1-name_any/ProbeMatches.xml",
        test="drivers/test_onvif_answer.py::test_a_name_in_latin_1_that_says_it_is_utf_8",
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
        "encoder-fields-missing",
        "Tenvis, Foscam",
        "no size, no frame rate, BitrateLimit 2147483647",
        "what is not told is 0 (drivers.onvif.media._number)",
        "gh:agsh/onvif/issues/233",
        "tenvis_any_any/GetProfiles.xml",
        _TESTS + "encoder_fields_missing",
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
        "header-line-without-a-name",
        "white-label cameras with GoAhead (VSTF133422SCHRD)",
        "a bare date among the headers",
        "lines that are no headers are left out (drivers.onvif.http.Headers)",
        "gh:home-assistant/core/issues/151745",
        "vstf_vstf133422schrd_any/still.http",
        _TESTS + "odd_stills",
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
        "lan-addresses",
        "devices behind NAT or with several networks",
        "services, streams and subscriptions at an address that leads nowhere",
        "led to the host that was reached; options.hosts: told takes them as told (drivers.onvif.addresses)",
        "gh:home-assistant/core/issues/34218",
        "unnamed_34218_any/GetServices.xml",
        _TESTS + "lan_addresses",
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
        "one-list-of-services",
        "CamHi",
        "GetServices is missing, GetCapabilities is out of order",
        "both are asked, united and read by names (drivers.onvif.services.read_services)",
        "gh:home-assistant/core/issues/92308",
        "camhi_any_any/GetCapabilities.xml",
        _TESTS + "one_list_of_services",
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
        name="ptz-absent-axis-refused",
        makers="bodies without zoom, or with zoom alone",
        symptom="a ContinuousMove or Stop that names both axes is refused: the head neither moves nor stops",
        answer="only the axes of its node are named; where it names none each is tried: drivers.onvif.ptz.OnvifPtz",
        seen="gh:agsh/onvif/issues/9",
        fixture="generic_pan-tilt-head_any/GetNode.xml",
        test="drivers/test_onvif_ptz_wire.py::test_a_head_that_refuses_an_axis_it_does_not_have",
    ),
    Quirk(
        name="ptz-field-of-view-space",
        makers="Uniview",
        symptom="a space in fields of view is named first and does nothing",
        answer="passed over; the generic space goes before: drivers.onvif.spaces._span",
        seen="gh:blakeblackshear/frigate/pull/21954",
        fixture="uniview_ipc672lr_any/GetNode.xml",
        test="drivers/test_onvif_ptz_wire.py::test_the_generic_space_is_used",
    ),
    Quirk(
        name="ptz-one-way-range",
        makers="several",
        symptom="speeds 0..1 or 1..7 are told for a velocity: left goes right",
        answer="such a range goes as far to the other side: drivers.onvif.spaces.Span.both_ways",
        seen="no public report",
        fixture="generic_speed-dome_any/GetNode.xml",
        test="drivers/test_onvif_ptz_wire.py::test_left_goes_left",
    ),
    Quirk(
        name="ptz-preset-speed-wanted",
        makers="several",
        symptom="GotoPreset without Speed is refused",
        answer="asked again with full speed, and so from then on: drivers.onvif.ptz.OnvifPtz.goto",
        seen="no public report",
        fixture="generic_preset-speed_any/GotoPreset.xml",
        test="drivers/test_onvif_ptz_wire.py::test_a_preset_with_its_speed",
    ),
    Quirk(
        name="ptz-stop-unknown",
        makers="several",
        symptom="Stop is refused and the head runs on",
        answer="a move of zero speed, again and again if need be: drivers.onvif.ptz.OnvifPtz._halt",
        seen="gh:koush/scrypted/pull/2124",
        fixture="generic_no-stop_any/Stop.xml",
        test="drivers/test_onvif_ptz_wire.py::test_a_head_without_stop",
    ),
    Quirk(
        name="ptz-timeout-refused",
        makers="Bosch",
        symptom="ContinuousMove with a Timeout is refused",
        answer="sent without; our own timer stops the head in any case: drivers.onvif.ptz.OnvifPtz.move",
        seen="gh:Jazea/Onvif.Core/issues/30",
        fixture="bosch_autodome_any/ContinuousMove.xml",
        test="drivers/test_onvif_ptz_wire.py::test_a_head_without_timeout",
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
        "pull-closed-without-answer",
        "TP-Link Tapo C220",
        "the connection of a pull is closed after 10 s in which nothing happened",
        "nothing to tell: pulled again on the same subscription (drivers.onvif.events.Subscription.signals)",
        "gh:agsh/onvif/issues/312",
        "tapo_c220_any/CreatePullPointSubscription.xml",
        _TESTS + "pull_closed_without_answer",
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
        "still-is-rtsp",
        "XM, ICSee",
        "GetSnapshotUri tells an RTSP address with the login in its path",
        "no still is offered (drivers.onvif.device._has_still)",
        "gh:home-assistant/core/issues/66554",
        "xm_icsee_any/GetSnapshotUri.xml",
        _TESTS + "still_is_rtsp",
    ),
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
        "undeclared-prefix",
        "Wanscam, Foscam OEM",
        "No namespace defined for 'ter', instead of a refused login",
        "undeclared prefixes are dropped from names (drivers.onvif.xml.read)",
        "gh:mvantellingen/python-zeep/issues/1205",
        "wanscam_any_any/NotAuthorized.xml",
        _TESTS + "undeclared_prefix",
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
)
