"""Look for a secret in everything below a folder, in whatever form it may have got there."""

from __future__ import annotations

import base64
import io
import json
import pathlib
import sqlite3
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Collection, Iterator


def forms(secret: str) -> dict[str, bytes]:
    """How a secret may be written down: as it is, and as it is within JSON, a URL and base64 (wherever it begins there)."""
    plain = secret.encode()
    found = {
        "plain": plain,
        "json": json.dumps(secret)[1:-1].encode(),
        "go json": _go_json(secret).encode(),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "url of a form": urllib.parse.quote_plus(secret).encode(),
        "hex": plain.hex().encode(),
    }
    for before in range(3):
        # Of the letters that also hold bits of what stands before and after it nothing is known.
        encoded = base64.b64encode(b"\0" * before + plain)
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        found[f"base64, {before}"] = encoded[first:last]
        found[f"base64 for URLs, {before}"] = encoded[first:last].replace(b"+", b"-").replace(b"/", b"_")
    return found


def _go_json(secret: str) -> str:
    """As Go writes it: angle brackets and ampersands escaped, other letters as they are."""
    text = json.dumps(secret, ensure_ascii=False)[1:-1]
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def contents(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """A file as it is, and what it holds packed: saved plans are zip files, records keep compressed programs."""
    yield name, data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from contents(f"{name}!{member}", archive.read(member))
    elif data.startswith(b"\x1f\x8b"):
        yield from contents(f"{name}!", zlib.decompress(data, wbits=31))
    elif name.endswith(".tar"):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                if (file := archive.extractfile(member)) is not None:
                    yield from contents(f"{name}!{member.name}", file.read())
    elif data.startswith(b"SQLite format 3"):
        yield from _blobs(name, data)


def _blobs(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    with sqlite3.connect(":memory:") as database:
        database.deserialize(data)
        tables = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in database.execute(f'select * from "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield f"{name}!{table}", value
                        if value[:1] == b"x":
                            yield f"{name}!{table}, unpacked", zlib.decompress(value)


def traces(folder: pathlib.Path, secrets: Collection[str], leave_out: Collection[str] = ()) -> list[str]:
    """`file: form` of every place where one of the secrets is. `leave_out`: patterns of files that are not looked into."""
    wanted = {(secret, form): text for secret in secrets for form, text in forms(secret).items()}
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if any(file.match(pattern) for pattern in leave_out):
            continue
        for name, data in contents(str(file.relative_to(folder)), file.read_bytes()):
            found += [f"{name}: {secret} ({form})" for (secret, form), text in wanted.items() if text in data]
    return found
