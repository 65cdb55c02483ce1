"""Challenges as devices write them, and the answers of RFC 7616."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Login
from drivers.kit import challenge
from drivers.kit.challenge import Challenge, Signer, Verdict, parse, strongest

LOGIN = Login("Mufasa", "Circle of Life")
#: RFC 7616, 3.9.1.
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CLIENT = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
BOTH = (
    f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={{}}, nonce="{NONCE}", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
MD5 = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=MD5'


def fields(authorization: str) -> dict[str, str]:
    (told,) = parse([authorization])
    assert told.scheme == "digest"
    return dict(told.parameters)


# -- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "schemes"),
    [
        (['Basic realm="cam"', MD5], ["basic", "digest"]),
        ([f'Basic realm="cam", {MD5}'], ["basic", "digest"]),
        ([f"Negotiate, NTLM, {MD5}"], ["negotiate", "ntlm", "digest"]),
        ([f"Negotiate YIIKXwYGKwYBBQUCoIIK==, {MD5}"], ["negotiate", "digest"]),
        ([f'Bearer realm="a", scope="b c", error="x", {MD5}'], ["bearer", "digest"]),
        ([f'Basic realm="cam" {MD5}'], ["basic", "digest"]),  # no comma between
        ([f"  ,, {MD5},"], ["digest"]),
        (["", ",", 'realm="a"'], []),
        (["Digest"], ["digest"]),
    ],
)
def test_every_challenge_of_every_header(headers: list[str], schemes: list[str]) -> None:
    told = parse(headers)
    assert [each.scheme for each in told] == schemes
    best = strongest(told)
    assert (best.parameters["nonce"] if best else None) == ("n1" if any(MD5 in h for h in headers) else None)


@pytest.mark.parametrize(
    ("header", "realm", "nonce", "qop"),
    [
        ('Digest realm="a, b", nonce="n"', "a, b", "n", ""),
        (r'Digest realm="the \"gate\"", nonce="n"', 'the "gate"', "n", ""),
        ("Digest realm=cam, nonce=dcd98b==, qop=auth", "cam", "dcd98b==", "auth"),
        ("Digest realm=IP Camera(23), nonce=n", "IP Camera(23)", "n", ""),  # no quotes though it has a blank
        ('DIGEST Realm = "cam" , NONCE = "n" , QOP = "AUTH"', "cam", "n", "auth"),
        ('Digest realm="cam" nonce="n" qop="auth"', "cam", "n", "auth"),  # no commas
        ('Digest realm="cam", nonce="n', "cam", "n", ""),  # the last quote is missing
        ('Digest realm=cam", nonce=n"', "cam", "n", ""),  # the first ones are
        ("Digest qop=auth-int,auth, realm=cam, nonce=n", "cam", "n", "auth"),
        ('Digest realm="", nonce="", qop=""', "", "", ""),
    ],
)
def test_sloppy_parameters(header: str, realm: str, nonce: str, qop: str) -> None:
    (told,) = parse([header])
    assert (told.parameters["realm"], told.parameters["nonce"], told.qop) == (realm, nonce, qop)
    assert told.strength


def digests(*algorithms: str, more: str = "") -> list[str]:
    return [f'Digest realm="r", nonce="{name}", algorithm={name}{more}' for name in algorithms]


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (("MD5", "SHA-256"), "SHA-256"),
        (("SHA-256", "MD5"), "SHA-256"),
        (("MD5", "SHA-512-256-sess", "SHA-256"), "SHA-512-256-sess"),
        (("MD5-sess", "SHA-1024"), "MD5-sess"),
        (("sha256",), "sha256"),  # as some write it
        (("SHA-1024",), None),
    ],
)
def test_the_strongest_that_we_know(offered: tuple[str, ...], taken: str | None) -> None:
    best = strongest(parse(digests(*offered)), basic=True)
    assert (best.parameters["nonce"] if best else None) == taken


def test_no_algorithm_is_md5_and_an_unknown_qop_is_none_of_ours() -> None:
    told = parse(['Digest realm="r", nonce="a"', 'Digest realm="r", nonce="b", algorithm=SHA-256, qop="odd"'])
    best = strongest(told)
    assert best is not None
    assert best.parameters["nonce"] == "a"
    assert best.algorithm == "MD5"


def test_basic_only_where_it_may_be() -> None:
    told = parse(['Basic realm="r"'])
    assert strongest(told) is None
    assert strongest(told, basic=True) == told[0]
    mixed = parse(['Basic realm="r"', MD5])
    assert strongest(mixed, basic=True) == mixed[1]


@given(st.lists(st.text(max_size=200), max_size=4))
def test_nothing_is_raised(headers: list[str]) -> None:
    best = strongest(parse(headers), basic=True)
    if best is not None and best.scheme == "digest":
        assert "\n" not in challenge.digest(LOGIN, best, "GET", "/")


_TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30)
_NAME = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True), st.dictionaries(_NAME, _TEXT, min_size=1)
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_what_is_written_well_is_read_as_written(told: list[tuple[str, dict[str, str]]], one: bool) -> None:
    def quoted(text: str) -> str:
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'

    headers = [
        f"{scheme} " + ", ".join(f"{name}={quoted(value)}" for name, value in parameters.items())
        for scheme, parameters in told
    ]
    read = parse([", ".join(headers)] if one else headers)
    assert [(each.scheme, dict(each.parameters)) for each in read] == [
        (scheme.lower(), parameters) for scheme, parameters in told
    ]


@pytest.mark.parametrize("odd", ['="', "a", "a= ", "=    ", '\\"', 'a="\\"', " ", "Digest "])
def test_a_hostile_header_is_cut(odd: str) -> None:
    told = parse([odd * 100_000] * 1000)
    assert sum(len(each.parameters) for each in told) <= challenge._LENGTH * challenge._HEADERS


# -- answering -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    (told,) = parse([BOTH.format(algorithm)])
    sent = challenge.digest(LOGIN, told, "GET", "/dir/index.html", count=1, client_nonce=CLIENT)
    read = fields(sent)
    assert read["response"] == response
    assert (read["nc"], read["qop"], read["cnonce"]) == ("00000001", "auth", CLIENT)
    assert read["opaque"] == told.parameters["opaque"]
    assert f"algorithm={algorithm}" in sent


def test_the_example_of_rfc_7616_with_user_hash_and_utf_8() -> None:
    """3.9.2; with the hashes of erratum 4897: the printed ones are of a draft of SHA-512/256."""
    header = (
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
    )
    (told,) = parse([header])
    login = Login("J\u00e4s\u00f8n Doe", "Secret, or not?")
    client = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
    read = fields(challenge.digest(login, told, "GET", "/doe.json", count=1, client_nonce=client))
    assert read["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert read["userhash"] == "true"
    assert read["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


def test_the_example_of_rfc_2069() -> None:
    """Without qop; the response as corrected by erratum 749."""
    header = (
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    (told,) = parse([header])
    read = fields(challenge.digest(Login("Mufasa", "CircleOfLife"), told, "GET", "/dir/index.html"))
    assert read["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert not {"qop", "nc", "cnonce", "algorithm"} & set(read)


def test_a_session_key_is_made_once() -> None:
    signer = Signer(LOGIN)
    assert signer.hear(['Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess'], "") is Verdict.SIGN
    first, second = (fields(signer.authorize("GET", "/")) for _ in range(2))
    assert first["cnonce"] == second["cnonce"]
    assert (first["nc"], second["nc"]) == ("00000001", "00000002")
    assert first["response"] != second["response"]


def test_the_body_counts_where_only_auth_int_is_offered() -> None:
    signer = Signer(LOGIN)
    signer.hear(['Digest realm="r", nonce="n", qop="auth-int"'], "")
    (told,) = parse(['Digest realm="r", nonce="n", qop="auth-int"'])
    read = fields(signer.authorize("POST", "/x", b"<a/>"))
    again = challenge.digest(LOGIN, told, "POST", "/x", b"<b/>", 1, read["cnonce"])
    assert read["qop"] == "auth-int"
    assert fields(again)["response"] != read["response"]


@pytest.mark.parametrize("name", ['o"p\\e', "ng\u01b0\u1eddi tr\u1ef1c", "a\r\nX: y"])
def test_user_names_stay_within_their_quotes(name: str) -> None:
    (told,) = parse([MD5])
    sent = challenge.digest(Login(name, "p"), told, "GET", "/")
    assert fields(sent)["username"] == name.replace("\r\n", "")
    assert "\n" not in sent
    utf8 = Challenge("digest", {**told.parameters, "charset": "UTF-8"})
    assert ("username*=UTF-8''" in challenge.digest(Login(name, "p"), utf8, "GET", "/")) != name.isascii()


# -- what a 401 means ------------------------------------------------------------------------------


def test_a_wrong_login_is_sent_once() -> None:
    signer = Signer(LOGIN)
    assert signer.authorize("GET", "/") == ""
    assert signer.hear([MD5], "") is Verdict.SIGN
    sent = signer.authorize("GET", "/")
    assert signer.hear([MD5.replace("n1", "n2")], sent) is Verdict.REFUSED
    assert signer.authorize("GET", "/") == ""


def test_a_nonce_that_grew_old_is_no_refusal() -> None:
    signer = Signer(LOGIN)
    signer.hear([MD5], "")
    signer.let_in(signer.authorize("GET", "/"))
    old = signer.authorize("GET", "/")  # unasked, under the nonce that was good
    assert signer.hear([MD5.replace("n1", "n2")], old) is Verdict.SIGN  # no stale=true, as cheap devices do
    new = signer.authorize("GET", "/")
    assert fields(new)["nonce"] == "n2"
    assert signer.hear([MD5.replace("n1", "n3")], new) is Verdict.REFUSED


def test_stale_is_no_refusal_and_the_same_nonce_is() -> None:
    signer = Signer(LOGIN)
    signer.hear([MD5], "")
    sent = signer.authorize("GET", "/")
    assert signer.hear([MD5 + ", stale=TRUE"], sent) is Verdict.SIGN
    signer.let_in(signer.authorize("GET", "/"))
    assert signer.hear([MD5], signer.authorize("GET", "/")) is Verdict.REFUSED


def test_basic() -> None:
    assert Signer(LOGIN).hear(['Basic realm="cam"'], "") is Verdict.BASIC
    signer = Signer(LOGIN, basic=True)
    assert signer.hear(['Basic realm="cam"'], "") is Verdict.SIGN
    sent = signer.authorize("GET", "/")
    assert b64decode(sent.removeprefix("Basic ")) == b"Mufasa:Circle of Life"
    signer.let_in(sent)
    assert signer.hear(['Basic realm="cam"'], sent) is Verdict.REFUSED


def test_nothing_that_we_know() -> None:
    assert Signer(LOGIN).hear([], "") is Verdict.UNKNOWN
    assert Signer(LOGIN).hear(["Negotiate", "NTLM"], "") is Verdict.UNKNOWN


def test_what_is_too_long_is_not_answered_with_a_part_of_it() -> None:
    long = f'Digest realm="cam", nonce="{"n" * 5000}"'
    assert parse([long]) == ()
    assert [each.scheme for each in parse([long, 'Digest realm="cam", nonce="n"'])] == ["digest"]
    assert len(parse(['Digest realm="cam", nonce="n"'] * 1000)) <= 8
