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


QUIRKS: tuple[Quirk, ...] = (
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
)
