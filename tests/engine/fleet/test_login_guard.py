"""One book per device, kept over restarts, and when a refused login is tried again."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.contract import Login
from drivers.errors import Forbidden, Refused, Unsupported
from drivers.logins import MOST, WITHIN, LoginBook, Record, mark
from engine.config.credentials import CredentialError
from engine.fleet.login_guard import DEVICES, LoginBooks, Refusals, device_of, free_at, joined
from rules.model import CameraId, Sentence

LOGIN = Login("op", "secret")
NOW = 1_800_000_000.0
WRONG = Refused(host="h", user="op")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(book: LoginBook) -> None:
    with pytest.raises(Refused), book.begin(LOGIN, "h"):
        raise Refused(host="h", user="op")


# -- which device -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://192.0.2.1/onvif/device_service", "rtsp://192.0.2.1:554/live", True),
        ("http://192.0.2.1:8080/x", "http://192.0.2.1/x", True),
        ("http://CAM.local/x", "http://cam.local/y", True),
        ("http://192.0.2.1/x", "http://192.0.2.2/x", False),
        ("http://127.0.0.1:8001/x", "http://127.0.0.1:8002/x", False),
        ("http://localhost:8001/x", "http://localhost:8002/x", False),
        ("http://[::1]:8001/x", "http://[::1]:8002/x", False),
        ("file:a.mp4", "file:b.mp4", False),
    ],
)
def test_a_device_is_its_host_but_on_this_machine(tmp_path: Path, one: str, other: str, same: bool) -> None:
    books = LoginBooks(tmp_path / "logins.json", lambda: NOW)
    assert (books.of(one) is books.of(other)) is same
    assert (device_of(one) == device_of(other)) is same


# -- kept -------------------------------------------------------------------------------------------


def test_what_a_device_said_outlives_the_process(tmp_path: Path, clock: Clock) -> None:
    path, url = tmp_path / "logins.json", "http://192.0.2.1/x"
    book = LoginBooks(path, clock).of(url)
    with book.begin(LOGIN, "h") as attempt:
        attempt.right()
    for _ in range(MOST):
        refused(book)
    book.learn("onvif.clock", "other")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "secret" not in path.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["logins.json"]
    books = LoginBooks(path, clock)
    again = books.of(url)
    assert books.trouble is None
    assert again.record == Record((NOW,) * MOST, mark(LOGIN), {"onvif.clock": "other"})
    assert again.habit("onvif.clock") == "other"
    assert again.proven(LOGIN)
    assert free_at(again) == NOW + WITHIN
    clock.now += WITHIN
    assert free_at(again) is None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"version": 2, "devices": {}}', b'{"version": 1}',
        b'{"version": 1, "devices": {"h": {"wrong": "x", "worked": 1}}}',
        b'{"version": 1, "devices": {"h": {"wrong": [NaN], "worked": 1}}}',
        b'{"version": 1, "devices": {"h": {"wrong": [], "worked": {}}}}',
        b'{"version": 1, "devices": {"h": []}}', b"[" * 100_000, b" " * (2 << 20),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_damaged_file_is_set_aside_and_told(tmp_path: Path, clock: Clock, content: bytes) -> None:
    path = tmp_path / "logins.json"
    path.write_bytes(content)
    books = LoginBooks(path, clock)
    assert books.trouble is not None
    assert books.trouble.code == "logins.damaged"
    assert (tmp_path / "logins.json.damaged").read_bytes() == content
    refused(books.of("http://h/x"))
    assert LoginBooks(path, clock).trouble is None


def test_what_another_program_wrote_meanwhile_counts(tmp_path: Path, clock: Clock) -> None:
    ours, theirs = (LoginBooks(tmp_path / "logins.json", clock) for _ in range(2))
    book = ours.of("http://h/x")
    for _ in range(MOST):
        refused(theirs.of("http://h/x"))
    assert free_at(book) is None
    ours.read_again()
    assert free_at(book) is not None


def test_a_folder_that_cannot_be_written_costs_the_memory_alone(tmp_path: Path, clock: Clock) -> None:
    books = LoginBooks(tmp_path / "gone" / "logins.json", clock)
    book = books.of("http://h/x")
    for _ in range(MOST):
        refused(book)
    assert free_at(book) is not None


def test_the_file_is_bounded(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "logins.json"
    old = {f"h{number}": {"wrong": [], "worked": 1} for number in range(DEVICES + 50)}
    path.write_text(json.dumps({"version": 1, "devices": old}))
    refused(LoginBooks(path, clock).of("http://new/x"))
    kept = json.loads(path.read_text())["devices"]
    assert len(kept) == DEVICES
    assert kept["new"]["wrong"] == [NOW]


# -- again ------------------------------------------------------------------------------------------


def refusals(book: LoginBook, *, worked: bool = True) -> Refusals:
    return Refusals(CameraId("gate"), book, lambda: worked, UTC)


def test_a_login_that_worked_is_tried_more_and_more_seldom(clock: Clock) -> None:
    subject = refusals(LoginBook(clock))
    assert [subject.again(WRONG) / 60 for _ in range(6)] == [1, 5, 15, 60, 60, 60]
    subject.reset()
    assert subject.again(WRONG) == 60
    assert subject.advice == Sentence("camera.next_try", {"at": "08:01", "camera": "gate"})
    assert subject.retry == datetime.fromtimestamp(NOW + 60, UTC)


def test_a_missing_right_is_asked_for_again_even_if_nothing_ever_worked(clock: Clock) -> None:
    subject = refusals(LoginBook(clock), worked=False)
    assert [subject.again(Forbidden(host="h", user="op", detail="453")) / 60 for _ in range(2)] == [1, 5]


@pytest.mark.parametrize(
    "error",
    [
        WRONG,
        Refused("driver.no_login", host="h"),
        CredentialError("credentials.empty", reference="file:x"),
        Unsupported(host="h", detail="x"),
    ],
)
def test_the_rest_waits_for_a_person(clock: Clock, error: Exception) -> None:
    subject = refusals(LoginBook(clock), worked=False)
    assert subject.again(error) == math.inf
    assert subject.advice == Sentence("camera.retry", {"camera": "gate"})


@pytest.mark.parametrize("code", ["driver.basic", "driver.challenge", "driver.no_login"])
def test_what_had_worked_is_tried_again_whatever_the_refusal(clock: Clock, code: str) -> None:
    """A camera that is starting asks for logins in odd ways."""
    assert refusals(LoginBook(clock)).again(Refused(code, host="h")) == 60


def test_an_older_record_never_replaces_a_newer_one(tmp_path: Path, clock: Clock) -> None:
    """Two threads settle their logins, and the first is the last to write."""
    books = LoginBooks(tmp_path / "logins.json", clock)
    book = books.of("http://h/x")
    refused(book)
    older = book.record
    refused(book)
    assert book.keep is not None
    book.keep(older)
    assert len(LoginBooks(tmp_path / "logins.json", clock).of("http://h/x").record.wrong) == 2


def test_what_is_held_back_waits_for_its_half_hour(clock: Clock) -> None:
    book = LoginBook(clock)
    for _ in range(MOST):
        refused(book)
    clock.now += 600
    with pytest.raises(Refused) as held:
        book.begin(LOGIN, "h")
    assert refusals(book).again(held.value) == WITHIN - 600
    clock.now += WITHIN
    assert refusals(book).again(held.value) == 60.0


def test_no_more_than_the_book_allows_is_ever_sent(clock: Clock) -> None:
    """A day of a camera that changed its password: its schedule and the book together."""
    book, sent = LoginBook(clock, Record(worked=mark(LOGIN))), []
    subject = refusals(book)
    while clock.now < NOW + 86_400:
        try:
            with book.begin(LOGIN, "h"):
                sent.append(clock.now)
                raise Refused(host="h", user="op")
        except Refused as error:
            clock.now += subject.again(error)
    assert all(sum(at <= other < at + WITHIN for other in sent) <= MOST for at in sent)
    assert 20 < len(sent) < 30


def test_two_sentences_as_one() -> None:
    told = joined(Sentence("a.b", {"x": 1}), Sentence("c.d", {"y": 2}))
    assert told == Sentence("a.b+camera.then+c.d", {"x": 1, "y": 2})
