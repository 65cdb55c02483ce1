"""Hosts, topics and addresses in a configuration: what can never work is told at the character, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from engine.config.action_params import MqttParams
from engine.config.addresses import Interface, Prefix, Topic, empty_level, is_host
from engine.config.configuration import check
from rules.document.source import Gravity, Problem
from rules.document.validation import flaws


def problems(folder: Path, text: str, *, here: bool = False) -> list[Problem]:
    path = folder / "site.yaml"
    path.write_text(text, "utf-8")
    return list(check(path, here=here).problems)


def mqtt(prefix: str) -> str:
    return f"actions:\n  mqtt:\n    host: 192.0.2.5\n    prefix: {prefix}\n"


@pytest.mark.parametrize(
    ("prefix", "code", "column"),
    [
        ('"xa/+/b"', "topic_sign", 17),
        ("xa/#", "topic_sign", 16),
        ("xa+", "topic_sign", 15),
        ('"+"', "topic_sign", 13),
        ('"xa\\0b"', "topic_sign", 13),
        ('"xa\\n"', "topic_sign", 13),
        ("$SYS/xa", "topic_system", 13),
        ("$share", "topic_system", 13),
        ("x" * 65_001, "topic_long", 13),
        ("ế" * 30_000, "topic_long", 13),
    ],
)
def test_a_prefix_that_nobody_can_publish_to(tmp_path: Path, prefix: str, code: str, column: int) -> None:
    (found,) = problems(tmp_path, mqtt(prefix))
    assert (found.code, found.severity) == (f"problem.{code}", Gravity.ERROR)
    assert (found.line, found.key) == (4, "actions.mqtt.prefix")
    assert found.column == column
    assert found.sentence("vi") != found.sentence("en")


@pytest.mark.parametrize(
    ("prefix", "column", "meant"),
    [
        ("/xa", 13, "xa"),
        ("xa/", 15, "xa"),
        ("xa//b", 15, "xa/b"),
        ('""', 13, ""),
        ("/", 13, ""),
        ("a/b//", 16, "a/b"),
    ],
)
def test_a_prefix_with_an_empty_level_is_doubted(
    tmp_path: Path, prefix: str, column: int, meant: str
) -> None:
    (found,) = problems(tmp_path, mqtt(prefix))
    assert (found.code, found.severity) == ("problem.topic_level", Gravity.WARNING)
    assert (found.column, found.suggestion) == (column, meant)


@pytest.mark.parametrize("prefix", ["matthan", "xã/bản đồ", "a/b/c", "a$b", "a b"])
def test_a_prefix_that_works(tmp_path: Path, prefix: str) -> None:
    assert problems(tmp_path, mqtt(prefix)) == []


class Names(BaseModel):
    topic: Topic = "x"
    prefix: Prefix = "x"
    interface: Interface = "127.0.0.1"


@given(st.text(max_size=40))
def test_what_is_let_through_is_a_topic(text: str) -> None:
    for key in ("topic", "prefix"):
        if not flaws(Names, {key: text}):
            assert not set(text) & set("+#\x00")
            assert not text.startswith("$")
            text.encode()
    assert (empty_level(text) is None) == all(text.split("/"))


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        ("a/+", "topic_sign"),
        ("$SYS/x", "topic_system"),
        ("x" * 513, "topic_long"),
        ("", "empty"),
        ("a\0", "topic_sign"),
    ],
)
def test_a_topic_that_a_rule_names(topic: str, code: str) -> None:
    (found,) = flaws(MqttParams, {"topic": topic})
    assert found.code == f"problem.{code}"


HOSTS = [
    "cam1",
    "cam-1.example",
    "cam_1.lan",
    "máy.example",
    "a.example.",
    "192.0.2.7",
    "::1",
    "[::1]",
    "2001:db8::7",
]
HOSTS += ["fe80::1%eth0", "[fe80::1%eth0]", "xn--my-hja.example", "1a", "::ffff:192.0.2.7"]
NO_HOSTS = {
    "http://192.0.2.7/onvif": "192.0.2.7",
    "http://192.0.2.7:8080/onvif/device_service": "192.0.2.7",
    "192.0.2.7:80": "192.0.2.7",
    "cam.example/onvif": "cam.example",
    "mqtt://broker:1883": "broker",
    "http://[2001:db8::7]:80/x": "[2001:db8::7]",
    "rtsp://cam.example": "cam.example",
    "192.0.2.0/24": "",
    "2001:db8::/32": "",
    "192.0.2.1-20": "",
    "192.0.2": "",
    "192.0.2.300": "",
    "": "",
    "a b": "",
    "a..b": "",
    "-a": "",
    "[::1": "",
    "cam\u200b1": "",
    "x" * 64: "",
    ".".join(["abcdefgh"] * 30): "",
    "*": "",
}


@pytest.mark.parametrize("host", HOSTS)
def test_hosts(tmp_path: Path, host: str) -> None:
    assert (
        problems(tmp_path, f'discovery:\n  hosts: ["{host}"]\nactions:\n  mqtt: {{host: "{host}"}}\n') == []
    )


@pytest.mark.parametrize(("written", "meant"), NO_HOSTS.items())
def test_what_is_no_host(tmp_path: Path, written: str, meant: str) -> None:
    text = f'discovery:\n  hosts: [cam1, "{written}"]\nactions:\n  mqtt:\n    host: "{written}"\n'
    found = problems(tmp_path, text)
    assert [each.code for each in found] == ["problem.host"] * 2
    assert [(each.line, each.column) for each in found] == [(2, 17), (5, 11)]
    assert {each.suggestion for each in found} == {meant}
    assert found[0].sentence("vi") != found[0].sentence("en")


@given(st.text(max_size=30))
def test_no_text_breaks_the_check_of_hosts(text: str) -> None:
    is_host(text)
    flaws(Names, {"interface": text})


@pytest.mark.parametrize(
    "written", ["eth0", "::1", "fe80::1%eth0", "192.0.2.0/24", "192.0.2", "localhost", ""]
)
def test_an_interface_is_an_ipv4_address(tmp_path: Path, written: str) -> None:
    (found,) = problems(tmp_path, f'discovery:\n  interfaces: ["{written}"]\n')
    assert (found.code, found.line, found.column) == ("problem.interface", 2, 16)
    assert "discovery.hosts" in found.sentence("en")
    assert "discovery.hosts" in found.sentence("vi")


def test_an_interface_of_another_machine_is_a_warning_where_it_is_to_run(tmp_path: Path) -> None:
    text = "discovery:\n  interfaces: [127.0.0.1, 203.0.113.7]\n"
    assert problems(tmp_path, text) == []
    (found,) = problems(tmp_path, text, here=True)
    assert (found.code, found.severity, found.column) == ("problem.foreign_interface", Gravity.WARNING, 27)


def test_strange_shapes_do_not_break_the_look_at_interfaces(tmp_path: Path) -> None:
    for written in ("7", "[7, {a: 1}, null]", "{a: 1}"):
        assert problems(tmp_path, f"discovery:\n  interfaces: {written}\n", here=True) != []


@pytest.mark.parametrize(
    ("url", "code", "column"),
    [
        ("rtsp:///live", "url_host", 11),
        ("http://:80/x", "url_host", 11),
        ("rtsp://192.0.2.7/live 1", "url_blank", 32),
        ("http://192.0.2.7/x\\u200b", "url_blank", 29),
        ("http://192.0.2.7:99999/x", "url", 10),
    ],
)
def test_an_address_that_leads_nowhere(tmp_path: Path, url: str, code: str, column: int) -> None:
    camera, hook = (
        f'cameras:\n  - id: c1\n    url: "{url}"\n',
        f'actions:\n  webhooks:\n    h: {{url: "{url}"}}\n',
    )
    (found,) = problems(tmp_path, camera)
    assert found.code == f"problem.{code}"
    if url.startswith("http"):
        assert [each.code for each in problems(tmp_path, hook)] == [f"problem.{code}"]
    if code == "url_blank":
        assert found.column == column or "\\u" in url


@pytest.mark.parametrize(
    "url", ["file:my clip.mp4", "file:clips/gate@night.mp4", "virtual://street?seed=1", "virtual:///a b"]
)
def test_files_may_have_blanks_and_no_host(tmp_path: Path, url: str) -> None:
    assert problems(tmp_path, f'cameras:\n  - id: c1\n    url: "{url}"\n') == []


def test_a_webhook_may_need_a_key_in_its_address(tmp_path: Path) -> None:
    text = "actions:\n  webhooks:\n    h: {url: 'https://hooks.example/x?key=abc'}\n"
    assert problems(tmp_path, text) == []
