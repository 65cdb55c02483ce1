"""``matthan access``, ``login`` and ``logout`` as a person runs them, against a served engine with people."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.api.client import Client
from engine.api.errors import Unreachable
from engine.api.link import remembered
from engine.api.printable import is_clean
from engine.api.resources import people, sessions, tokens
from engine.api.services.people import PeopleService, Places
from engine.api.services.sessions import SessionService
from engine.commands import access, client, operate
from engine.commands.access import login
from engine.commands.access import people as told_people
from engine.commands.output.talk import NO_ENGINE, Speaker, explain
from engine.config.settings import ApiSettings
from engine.identity.grant import Grant
from engine.identity.people.credential import Token
from engine.identity.people.person import Person
from engine.identity.permission import Role
from tests.engine.serving import served
from tests.fakes.engine import CAMERA, FakeEngine
from tests.fakes.people import GOOD

OTHER = "ba con mèo trên mái tôn"
ADMIN = "cổng sau khóa lúc nửa đêm"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has logged in on this machine."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("MATTHAN_LANG", "en")
    monkeypatch.delenv("MATTHAN_TOKEN", raising=False)


@pytest.fixture
def url(service: FakeEngine, tmp_path: Path) -> Iterator[str]:
    """A server in a loop of its own: the commands run loops themselves."""
    registered = PeopleService(service.porter.book, Places(lambda: {CAMERA}, lambda: {"gates"}), UTC)
    resources = (
        people.resource(registered),
        tokens.resource(registered),
        sessions.resource(SessionService(service.porter)),
    )

    with served(service.api(*resources), tmp_path / "s", ApiSettings(tcp="127.0.0.1:0")) as doors:
        assert doors.tcp is not None
        yield f"http://{doors.tcp[0]}:{doors.tcp[1]}"


@pytest.fixture
def code(service: FakeEngine) -> str:
    return asyncio.run(service.porter.first_code()) or ""


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(access.app, [*words], input=typed)


def log_in(url: str, name: str, password: str) -> Result:
    return CliRunner().invoke(login.app, ["login", name, "--socket", url], input=f"{password}\n")


@pytest.fixture
def admin(url: str, code: str) -> str:
    """The first admin has set up and logged in; the address."""
    made = run("setup", code, "--name", "an", "--title", "Nguyễn Văn An", "--socket", url, typed=f"{ADMIN}\n")
    assert (made.exit_code, "matthan login an" in made.stdout) == (0, True), made.output
    assert log_in(url, "an", ADMIN).exit_code == 0
    return url


def test_before_anybody_is_registered_a_stranger_is_told_what_to_do(url: str) -> None:
    shown = run("whoami", "--socket", url)
    assert (shown.exit_code, "matthan login NAME" in shown.stdout) == (0, True)
    refused = run("list", "--socket", url)
    assert (refused.exit_code, "Log in first (matthan login)" in refused.stderr) == (1, True)


def test_an_empty_password_is_no_password_and_a_grant_of_the_past_no_grant(admin: str) -> None:
    none = log_in(admin, "an", "")
    assert (none.exit_code, "No password was typed" in none.stderr) == (2, True), none.output
    past = run("grant", "an", "viewer", "--until", "2020-12-31", "--lang", "en", "--socket", admin)
    assert (past.exit_code, "has ended already" in past.stderr) == (1, True), past.output
    never = run("grant", "an", "viewer", "--until", "soon", "--lang", "en", "--socket", admin)
    assert (never.exit_code, "“soon” is no time" in never.stderr) == (2, True), never.output
    shown = run("whoami", "--socket", admin, "--lang", "vi").stdout
    assert "nhận biết qua: phiên đăng nhập s-" in shown


def test_who_is_not_believed_is_not_said_to_be_silent() -> None:
    said = explain(Unreachable("https://gate-pc:8581", "tls", "link.untrusted"), None)
    assert "does not answer" not in said
    assert "matthan doors trust" in said


def test_a_day_of_an_admin(admin: str, service: FakeEngine) -> None:
    on = ("--lang", "en", "--socket", admin)
    added = run("add", "binh", "--name", "Bình", "--role", "officer", "--place", "group:gates", *on)
    assert added.exit_code == 0, added.output
    code = added.stdout.split("`matthan access setup ")[1].split("`")[0]
    assert run("setup", code, *on, typed=f"{OTHER}\n").exit_code == 0
    given = run(
        "grant", "binh", "viewer", "--place", CAMERA, "--hours", "22:00-06:00", "--days", "mon,tue",
        "--until", "2030-12-31", "--why", "ca đêm", *on,
    )  # fmt: skip
    assert given.exit_code == 0, given.output
    assert "viewer  camera:cong" in given.stdout
    assert "22:00-06:00  Mon,Tue" in given.stdout
    assert "ca đêm" in given.stdout
    listed = run("list", *on).stdout
    assert "Nguyễn Văn An" in listed
    assert "officer  group:gates" in listed
    vi = run("list", "--lang", "vi", "--socket", admin).stdout
    assert "quản trị viên  site" in vi
    told = [json.loads(line) for line in run("list", "--json", *on).stdout.splitlines()]
    assert [each["id"] for each in told] == ["an", "binh"]
    assert run("map", "binh", "binh", "b2", *on).exit_code == 0
    assert "(user b2, binh of this machine)" in run("list", *on).stdout
    may = run("explain", "an", "ptz", CAMERA, *on)
    assert (may.exit_code, "an may “ptz” at camera:cong: g-" in may.stdout) == (0, True)
    not_so = run("explain", "binh", "rules", *on)
    assert (not_so.exit_code, "no role that allows “rules”" in not_so.stdout) == (1, True)
    grant = told[1]["grants"][0]["id"]
    assert "Taken back from binh" in run("revoke", grant, *on).stdout
    assert run("revoke", grant, *on).exit_code == 1
    assert "disabled since" in run("disable", "binh", *on).stdout
    assert "disabled since" not in run("enable", "binh", *on).stdout
    assert run("reset", "binh", *on).exit_code == 0
    assert "removed" in run("remove", "binh", *on).stdout
    assert "binh" not in run("list", *on).stdout
    assert "binh" in run("list", "--removed", *on).stdout
    last = run("remove", "an", *on)
    assert (last.exit_code, "nobody could let others in" in last.stderr) == (1, True)


def test_a_token_is_made_listed_used_and_revoked(admin: str, tmp_path: Path) -> None:
    on = ("--lang", "en", "--socket", admin)
    made = run("token", "an", "wall display", "--role", "viewer", "--days", "7", *on)
    secret = made.stdout.strip()
    assert secret.startswith("mt_t-")
    assert "Its secret follows" in made.stderr
    file = tmp_path / "wall.token"
    file.write_text(secret)
    file.chmod(0o600)
    by_token = ("--token", f"file:{file}", *on)
    shown = run("whoami", "--json", *by_token)
    me = json.loads(shown.stdout)
    assert (me["principal"], me["user"]) == ("token", "an")
    refused = run("list", *by_token)
    assert (refused.exit_code, "is made for less than that" in refused.stderr) == (1, True)
    listed = run("tokens", *on).stdout
    assert "wall display" in listed
    assert "last used" in listed
    assert secret not in listed
    assert run("tokens", "--revoke", me["means"], *on).exit_code == 0
    assert run("whoami", *by_token).exit_code == 1
    assert "There are no tokens." in run("tokens", *on).stdout


def test_what_was_logged_in_is_used_by_other_commands_until_it_is_logged_out(
    admin: str, service: FakeEngine, tmp_path: Path
) -> None:
    runner = CliRunner()
    kept = tmp_path / "xdg" / "matthan" / "sessions.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert runner.invoke(client.app, ["status", "--socket", admin]).exit_code == 0
    act = ["act", "patrol-done", "--socket", admin, "--why", "đi tuần"]
    assert runner.invoke(operate.app, act).exit_code == 0
    assert (service.acts[-1][1], service.auditor.records[-1].why) == ("an", "đi tuần")
    assert "  *" in run("sessions", "--socket", admin).stdout
    out = runner.invoke(login.app, ["logout", "--socket", admin])
    assert (out.exit_code, out.stdout.strip()) == (0, "Logged out.")
    assert "Nobody is logged in here" in runner.invoke(login.app, ["logout", "--socket", admin]).stdout
    assert runner.invoke(client.app, ["status", "--socket", admin]).exit_code == 1
    assert not service.porter.book.sessions


def test_a_session_that_is_over_is_told_and_a_new_login_replaces_it(admin: str, service: FakeEngine) -> None:
    (session,) = service.porter.book.sessions
    assert run("end", session, "--socket", admin).exit_code == 0
    over = run("list", "--socket", admin)
    assert (over.exit_code, "Log in first" in over.stderr) == (1, True)
    assert log_in(admin, "an", ADMIN).exit_code == 0
    assert run("list", "--socket", admin).exit_code == 0


def test_a_file_that_others_may_read_is_not_used(admin: str, tmp_path: Path) -> None:
    kept = tmp_path / "xdg" / "matthan" / "sessions.json"
    kept.chmod(0o644)
    shown = run("list", "--socket", admin)
    assert shown.exit_code == 1
    assert f"chmod 600 {kept}" in shown.stderr
    assert log_in(admin, "an", ADMIN).exit_code == 0  # which makes it anew
    assert run("list", "--socket", admin).exit_code == 0


def test_sessions_are_of_one_address_each(tmp_path: Path) -> None:
    remembered.remember("http://a:1/", "one")
    remembered.remember("/run/x.sock", "two")
    assert [remembered.remembered(each) for each in ("http://a:1", Path("/run/x.sock"), "http://b:1")] == [
        "one", "two", None,
    ]  # fmt: skip
    remembered.forget("http://a:1")
    assert remembered.remembered("http://a:1") is None
    (tmp_path / "xdg" / "matthan" / "sessions.json").write_text("[not json")
    assert remembered.remembered("/run/x.sock") is None


def test_ones_own_password_is_changed_by_knowing_it(admin: str) -> None:
    wrong = run("password", "--socket", admin, typed=f"{OTHER}\n{OTHER}\n")
    assert (wrong.exit_code, "do not belong together" in wrong.stderr) == (1, True)
    done = run("password", "--socket", admin, typed=f"{ADMIN}\n{GOOD}\n")
    assert (done.exit_code, "Log in anew" in done.stdout) == (0, True), done.output
    assert run("list", "--socket", admin).exit_code == 1  # all sessions have ended
    assert log_in(admin, "an", GOOD).exit_code == 0


def test_a_bad_password_is_told_and_the_code_still_works(url: str, code: str) -> None:
    words = ("setup", code, "--name", "an", "--socket", url)
    short = run(*words, typed="short\n")
    assert (short.exit_code, "12 characters at least" in short.stderr) == (1, True)
    common = run(*words, typed="password1234\n")
    assert "guessed soon" in common.stderr
    assert run(*words, typed=f"{GOOD}\n").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("grant", "an", "viewer", "--hours", "22-06x"),
        ("grant", "an", "viewer", "--days", "mon"),
        ("grant", "an", "viewer", "--hours", "22:00-06:00", "--days", "someday"),
        ("token", "an", "x", "--days", "401"),
    ],
)
def test_what_is_written_wrongly_is_usage(admin: str, words: tuple[str, ...]) -> None:
    done = run(*words, "--socket", admin)
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.output


def test_no_engine_is_told(tmp_path: Path) -> None:
    for words in (("whoami",), ("list",), ("setup", "x")):
        done = run(*words, "--socket", str(tmp_path / "none"), typed=f"{GOOD}\n")
        assert done.exit_code == NO_ENGINE
    assert os.environ.get("MATTHAN_TOKEN") is None


def test_whatever_people_are_called_no_terminal_obeys_it(admin: str, service: FakeEngine) -> None:
    """The API takes no such name; an engine that was tampered with may still tell one."""
    book = service.porter.book
    evil = "a\x1b[2J\r\nforged\u202eevil\x9b31m\x1b]0;t\x07\u2028b"
    book._persons.items["binh"] = Person("binh", evil, book.now.wall, local=frozenset([evil]))
    book._grants.items["g-x"] = Grant("g-x", "binh", Role.ADMIN, why=evil)
    book._tokens.items["t-x"] = Token("t-x", b"", evil, evil, book.now.wall, book.now.wall, 0.0)
    (session,) = book.sessions.values()
    book._sessions.items["s-x"] = replace(session, id="s-x", person="binh", address=evil)
    book._by_person.clear()
    for words in (
        ("list",), ("list", "--json"), ("grant", "binh", "viewer", "--why", evil), ("map", "binh", "x"), ("tokens",),
        ("disable", "binh"), ("enable", "binh"), ("explain", "binh", "ptz"), ("explain", evil, "ptz"), ("sessions",),
        ("whoami",), ("reset", evil), ("revoke", evil), ("end", evil), ("tokens", "--revoke", evil),
        ("remove", "binh"), ("setup", evil), ("add", evil), ("token", evil, evil), ("password",),
    ):  # fmt: skip
        told = run(*words, "--socket", admin, typed=f"{evil}\n{evil}\n")
        assert told.output
        for line in told.output.split("\n"):
            assert is_clean(line), (words, ascii(line))
            assert not line.startswith("forged")
    assert "Traceback" not in log_in(admin, evil, evil).output


def test_every_command_of_the_guide(url: str, code: str, service: FakeEngine) -> None:
    page = (Path(__file__).parents[3] / "docs/guide/access.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) > 15
    for line in lines:
        program, *words = shlex.split(line.replace("CODE", code))
        assert program == "matthan"
        app, given = (login.app, words) if words[0] == "login" else (access.app, words[1:])
        typed = f"{ADMIN}\n{GOOD}\n" if "password" in words else f"{ADMIN}\n"
        done = CliRunner().invoke(app, [*given, "--socket", url], input=typed)
        refused = words[1:3] == ["explain", "lan"]  # an auditor sees no picture
        assert done.exit_code == (1 if refused else 0), (line, done.output)
        if "password" in words:
            assert log_in(url, "an", GOOD).exit_code == 0
    assert {each.id for each in service.porter.book.persons.values()} == {"an", "binh", "lan"}


def test_every_command_explains_itself() -> None:
    for command in access.app.registered_commands:
        shown = run(str(command.name), "--help")
        assert shown.exit_code == 0
        assert (command.callback.__doc__ or "").split()[0] in shown.stdout if command.callback else False


@pytest.mark.parametrize(("address", "told"), [("/run/x.sock", ["no-such", "\x00"]), ("https://far:1", [])])
def test_a_user_whom_the_engines_machine_has_not_is_told(address: str, told: list[str]) -> None:
    async def listed() -> list[str]:
        async with Client.connect(address, fingerprint="0" * 64) as client:
            speaker = Speaker(client, None, FakeEngine().state())
            return [*told_people._unknown(speaker, ["root", "no-such", "\x00"])]

    assert asyncio.run(listed()) == told
