"""What a native library says on the process's own standard error, past every log."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_one_at_a_time = Lock()
_STDERR = 2


@contextmanager
def without_info() -> Iterator[None]:
    """Keep lines that begin with ``INFO:`` from standard error; all else comes there when the context ends.

    TensorFlow Lite tells of its delegate in such a line and has no setting for it (its least severity is a
    constant of the build). Amid JSON logs it would be a line that nothing can read. What other threads say
    meanwhile is held up as well, so keep it short.
    """
    with _one_at_a_time, tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        kept = os.dup(_STDERR)
        os.dup2(said.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            said.seek(0)
            with os.fdopen(kept, "wb") as stderr:
                stderr.writelines(line for line in said if not line.startswith(b"INFO:"))
