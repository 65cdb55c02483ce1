"""The write-ahead log as it lies on the disk: which pages it holds, and whether its middle is damaged.

SQLite reads a log up to the first frame that is not whole, and silently leaves out the rest: right after a power cut,
where only the last transaction can be torn, and wrong where whole transactions follow. Blocking.
Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct, iter_unpack

#: The head of a log: magic, format, page size, checkpoints, two salts, two sums.
HEADER = Struct(">8I")
_FRAME = Struct(">6I")
BIG, LITTLE = 0x377F0683, 0x377F0682  #: In which order of bytes words are summed up.
_WORD = 0xFFFFFFFF
#: What SQLite takes where nobody says otherwise; this program never does.
PAGE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Log:
    """What a log holds.

    Attributes:
        pages: The newest image of each page, up to the last whole transaction.
        beyond: Transactions that end behind the first damaged frame. One is what a power cut leaves; of more,
            all but the last were answered for.
    """

    pages: Mapping[int, bytes] = field(default_factory=dict)
    beyond: int = 0

    @property
    def damaged(self) -> bool:
        """Whether transactions that were answered for lie behind a damaged frame."""
        return self.beyond > 1


def read_log(path: Path) -> Log:
    """Return what the log at `path` holds; nothing where there is none, or no header."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Log()
    if len(data) < HEADER.size:
        return Log()
    magic, _, size, _, *salts, _, _ = HEADER.unpack_from(data)
    order = ">" if magic == BIG else "<"
    sums = summed(data[:24], order)
    whole = sums == HEADER.unpack_from(data)[6:] and magic in (BIG, LITTLE) and 512 <= size <= 65536
    if not whole:
        # SQLite then takes nothing of it; what its frames have in common says what belongs together.
        first = data[HEADER.size : HEADER.size + _FRAME.size].ljust(_FRAME.size)
        size, salts = PAGE_SIZE, [*_FRAME.unpack(first)[2:4]]
    began, pages, waiting, beyond = whole, dict[int, bytes](), dict[int, bytes](), 0
    for at in range(HEADER.size, len(data) - _FRAME.size - size + 1, _FRAME.size + size):
        number, commit, salt1, salt2, sum1, sum2 = _FRAME.unpack_from(data, at)
        if [salt1, salt2] != salts or not number:
            whole = False
            continue
        page = data[at + _FRAME.size : at + _FRAME.size + size]
        if whole:
            sums = summed(page, order, summed(data[at : at + 8], order, sums))
            whole = sums == (sum1, sum2)
            if not whole:
                continue
        waiting[number] = page
        if commit:
            pages |= waiting
            waiting.clear()
            beyond += not whole
    # A single transaction behind damage may be one that nobody was answered for, or no transaction at all.
    return Log(pages, beyond) if began or beyond > 1 else Log()


def summed(data: bytes, order: str, sums: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Return SQLite's running checksum over data whose length is a multiple of eight.

    Args:
        order: Of the bytes of a word: ``>`` or ``<``.
        sums: That of what comes before.
    """
    one, two = sums
    for first, second in iter_unpack(order + "II", data):
        one = one + first + two & _WORD
        two = two + second + one & _WORD
    return one, two
