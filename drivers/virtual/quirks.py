"""How a virtual camera may misbehave: each as a kind of real cameras does, each with the sentence that says so."""

from __future__ import annotations

from enum import StrEnum


class Quirk(StrEnum):
    """A misbehaviour; its `sentence` says what it is like."""

    sentence: str

    def __new__(cls, name: str, sentence: str) -> Quirk:
        """Make a member of its name, and keep what there is to say."""
        made = str.__new__(cls, name)
        made._value_, made.sentence = name, sentence
        return made

    # -- clock and login
    WRONG_CLOCK = (
        "wrong-clock",
        "its clock is 7 hours behind, and it refuses what is signed with another time",
    )
    LOCAL_AS_UTC = (
        "local-as-utc",
        "it tells its local time as UTC, and checks signatures against the true one",
    )
    NO_NTP = "no-ntp", "it knows no time server: GetNTP and SetNTP are not supported"
    DIGEST_ONLY = "digest-only", "it takes HTTP digest and no UsernameToken, and refuses with a page of HTML"
    WEAK_DIGEST_NONCE = "weak-digest-nonce", "its HTTP digest nonce is always the same one and never ages"
    NO_AUTH = "no-auth", "it lets everybody in, with any password or none"
    DEFAULT_PASSWORD = "default-password", "its account still has the maker's password"
    LOCKS_EVERYBODY = "locks-everybody", "after 5 wrong logins nobody gets in for 30 minutes, whoever it was"
    # -- services
    SLOW = "slow", "every answer takes 2 seconds"
    NO_MEDIA2 = "no-media2", "it has the first media service alone"
    NO_OSD = "no-osd", "it writes nothing into its picture: no OSD operation is supported"
    NO_SNAPSHOT = "no-snapshot", "it has no stills: GetSnapshotUri is not supported"
    HTML_ERRORS = "html-errors", "what it does not know is answered with a page of HTML and status 500"
    WRONG_ADDRESS = "wrong-address", "it tells addresses of another network, as behind a router"
    SAME_UUID = "same-uuid", "its discovery identity is that of every camera of the kind"
    # -- pictures
    LYING_ENCODER = (
        "lying-encoder",
        "it says 1920x1080 at 25, streams 640x360 at 8, and a change changes nothing",
    )
    LONG_GOP = "long-gop", "whatever it says, a keyframe comes every 10 seconds only"
    REBOOTS_ON_SET = "reboots-on-set", "it restarts when its encoder is set"
    FEW_STREAMS = "few-streams", "it serves two RTSP connections and closes a third"
    # -- events and movement
    DEAF_EVENTS = "deaf-events", "it takes subscriptions well and never tells anything"
    STUCK_MOTION = "stuck-motion", "its motion alarm, once raised, never ends"
    RUNAWAY_PTZ = "runaway-ptz", "it ignores the time-out of a move and goes on until it is stopped"
