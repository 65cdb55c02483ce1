"""What the seal costs: heads written and verified, as multiples of one raw Ed25519 operation in the same run.

``python benchmarks/bench_seal.py [--json] [--heads 2000]``: docs/design/seal.md, "Measured".
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.seal.chain import Entry, extended
from engine.seal.chain import Place as ChainPlace
from engine.seal.head_audit import verify_heads
from engine.seal.head_file import HeadFile
from engine.seal.heads import Head, Why
from engine.seal.history import begun
from engine.seal.keys import KeyFolder
from engine.seal.signing import PrivateKey

AT = datetime(2026, 3, 1, tzinfo=UTC)


def each(times: int, work: Callable[[], object]) -> float:
    """Return the CPU microseconds of one of so many."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--heads", type=int, default=2000)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    asked = parser.parse_args()
    many: int = asked.heads
    raw = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = raw.sign(b"x" * 600)
    sign = each(2000, lambda: raw.sign(b"x" * 600))
    verify = each(2000, lambda: raw.public_key().verify(signature, b"x" * 600))
    links, last = extended(ChainPlace(0), [Entry(n, str(n), bytes(32)) for n in range(1, many + 1)])
    values = {link.seq: link.value for link in links}
    with TemporaryDirectory() as folder:
        file, keys = HeadFile(Path(folder), ours=True), KeyFolder(Path(folder) / "keys", None).opened(AT)
        began = time.process_time()
        for n in range(many):
            at = AT + timedelta(days=n)
            file.add(Head("db", "gate", ChainPlace(n + 1, values[n + 1]), n, at, Why.DAILY), keys)
        added = (time.process_time() - began) / many * 1e6
        size = file.path.stat().st_size / many
        began = time.process_time()
        found = verify_heads(file.records(), keys.history, values.get, last, now=AT + timedelta(days=many))
        read = (time.process_time() - began) / many * 1e6
        assert found == []
    began = time.process_time()
    history = begun(PrivateKey(bytes([1]) * 32), AT)
    for n in range(1, 100):
        history = history.followed(PrivateKey(bytes([n]) * 32), PrivateKey(bytes([n + 1]) * 32), AT)
    hundred = (time.process_time() - began) * 1e3
    if asked.json:
        figures = {
            "sign_us": sign, "verify_us": verify, "head_added_us": added, "ratio_to_sign": added / sign,
            "head_bytes": size, "head_verified_us": read, "ratio_to_verify": read / verify,
            "history_of_100_keys_ms": hundred,
        }  # fmt: skip
        print(json.dumps({"bench": "seal", **{name: round(value, 1) for name, value in figures.items()}}))
        return
    print(f"raw: sign {sign:.0f} us, verify {verify:.0f} us")
    print(f"a head added to {many}: {added:.0f} us, {added / sign:.1f} x sign; {size:.0f} bytes")
    print(f"a head read and verified: {read:.0f} us, {read / verify:.1f} x verify")
    print(f"a history of 100 keys made and verified: {hundred:.0f} ms")


if __name__ == "__main__":
    main()
