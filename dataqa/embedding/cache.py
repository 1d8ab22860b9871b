"""Vectors that were computed before, in one SQLite file that several runs may use at once.

Keyed by model and text, so that a second run embeds nothing and a run with some new records embeds
those. Nothing here can stop a run: whatever goes wrong is noted, and the vectors are computed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from dataqa.embedding.interface import Encoded

NAME = "vectors-1.sqlite"
KEPT_SHARE = 0.8
"""Share of the allowed size that is left when entries are dropped."""
ASKED_AT_ONCE = 500
BUSY_S = 30
DAY_S = 86_400
TABLE = """
CREATE TABLE IF NOT EXISTS vectors (
  model BLOB NOT NULL, text BLOB NOT NULL, used INTEGER NOT NULL, entry BLOB NOT NULL,
  PRIMARY KEY (model, text)
)"""
SIZE = """
SELECT (page_count - freelist_count) * page_size, (SELECT count(*) FROM vectors)
FROM pragma_page_count, pragma_freelist_count, pragma_page_size"""
OLDEST = "SELECT rowid FROM vectors ORDER BY used, rowid LIMIT ?"


def cache_folder(setting: str) -> Path | None:
    """Return the folder that the setting ``cache_dir`` means; ``None`` for ``off``."""
    if setting == "off":
        return None
    if setting:
        return Path(setting)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dataqa"


class Cache:
    """The vectors of one model; ``notes`` tells what went wrong."""

    def __init__(self, folder: Path | None, model: bytes, max_bytes: int = 2**31) -> None:
        """Open the file in ``folder``; ``None`` finds and keeps nothing.

        Args:
            folder: where the file is or will be.
            model: hash of everything beside the text that decides a vector.
            max_bytes: size from which on the entries that were not used for longest are dropped.
        """
        self.model = model
        self.max_bytes = max_bytes
        self.notes: list[str] = []
        self._day = int(time.time() // DAY_S)
        self._file: sqlite3.Connection | None = None
        self._path = folder and folder / NAME
        if self._path is not None:
            self._open(self._path)

    def fill(self, texts: list[str], rows: list[int], known: Encoded) -> list[int]:
        """Write what is known of ``texts[row]`` into ``known``, and return the other rows."""
        unknown: list[int] = []
        damaged = 0
        for start in range(0, len(rows), ASKED_AT_ONCE):
            asked: dict[bytes, list[int]] = {}
            for row in rows[start : start + ASKED_AT_ONCE]:
                asked.setdefault(_hash(texts[row]), []).append(row)
            for text, entry in self._entries(list(asked)):
                if _unpack(self.model + text, entry, known, asked[text]):
                    del asked[text]
                else:
                    damaged += 1
            unknown += [row for same in asked.values() for row in same]
        if damaged:
            self.notes.append(f"cache: {damaged:,} damaged entries were computed again")
        return unknown

    def store(self, texts: list[str], found: Encoded) -> None:
        """Keep the vectors of some texts."""
        values: list[tuple[object, ...]] = []
        for text, vector, tokens in zip(texts, found.vectors, found.tokens, strict=True):
            key = _hash(text)
            entry = _packed(self.model + key, vector, tokens)
            values.append((self.model, key, self._day, entry))
        self._write("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", values)

    def close(self) -> None:
        """Drop what is too much, and close the file."""
        for size, entries in self._read(SIZE):
            if size > self.max_bytes:
                dropped = int(entries * (1 - KEPT_SHARE * self.max_bytes / size)) + 1
                self._write(f"DELETE FROM vectors WHERE rowid IN ({OLDEST})", [(dropped,)])  # noqa: S608 - constants
                self._vacuum()
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = None

    def _vacuum(self) -> None:
        if self._file is not None:
            with suppress(sqlite3.Error):  # as a script, because ``execute`` frees one page only
                self._file.executescript("PRAGMA incremental_vacuum;")

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=BUSY_S)
            self._file.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")  # in WAL safe against kill -9
            self._file.execute(TABLE)
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _entries(self, keys: list[bytes]) -> list[tuple[bytes, bytes]]:
        marks = ",".join("?" * len(keys))
        found = self._read(
            f"SELECT text, entry, used FROM vectors WHERE model = ? AND text IN ({marks})",  # noqa: S608 - marks
            [self.model, *keys],
        )
        stale: list[tuple[object, ...]] = [
            (self._day, self.model, text) for text, _, used in found if used != self._day
        ]
        if stale:
            self._write("UPDATE vectors SET used = ? WHERE model = ? AND text = ?", stale)
        return [(text, entry) for text, entry, _ in found]

    def _read(self, query: str, values: list[bytes] | None = None) -> list[tuple[Any, ...]]:
        if self._file is None:
            return []
        try:
            return self._file.execute(query, values or []).fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
            return []

    def _write(self, statement: str, values: list[tuple[object, ...]]) -> None:
        if self._file is None:
            return
        try:
            with self._file:
                self._file.executemany(statement, values)
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Go on without the file; delete a broken one, so that the next run begins a new one."""
        self.notes.append(f"cache: {self._path} is not used any further ({error})")
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = None
        if type(error) is sqlite3.DatabaseError and self._path is not None:  # not its subclasses
            self.notes.append("cache: the file was damaged and is deleted; the next run makes it")
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    Path(f"{self._path}{suffix}").unlink()


def _hash(text: str) -> bytes:
    """Return the 128-bit hash of a text."""
    return bytes(xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass")))


def _packed(key: bytes, vector: np.ndarray, tokens: int) -> bytes:
    """Write tokens and vector, preceded by a checksum over key and content."""
    content = int(tokens).to_bytes(8, "little") + vector.astype("<f4").tobytes()
    return bytes(xxhash.xxh3_64_digest(key + content)) + content


def _unpack(key: bytes, entry: bytes, known: Encoded, rows: list[int]) -> bool:
    """Read an entry into its rows, unless it is not what was written under this key."""
    check, content = entry[:8], entry[8:]
    whole = len(content) == 8 + 4 * known.vectors.shape[1]
    if not whole or check != xxhash.xxh3_64_digest(key + content):
        return False
    known.tokens[rows] = int.from_bytes(content[:8], "little")
    known.vectors[rows] = np.frombuffer(content[8:], dtype="<f4")
    return True
