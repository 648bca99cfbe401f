"""Scripts, styles and pictures of the page: read and packed once, so that a page of many files loads at once."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is served, by the ending of its name; nothing else of the folder is."""


class _Asset(NamedTuple):
    plain: bytes
    packed: bytes
    etag: str
    media_type: str


class Assets:
    """The files of a folder, by their path within it."""

    def __init__(self, folder: Path) -> None:
        """Read them; a folder that is not there has none, and a link that leads out of it is not followed."""
        inside = folder.resolve()
        self._found = {
            path.relative_to(folder).as_posix(): _asset(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in TYPES and path.is_file() and path.resolve().is_relative_to(inside)
        }

    async def answer(self, request: Request) -> Response:
        """The file that the route's ``path`` names.

        A browser asks each time whether its copy is still the right one, for names never change.
        """
        asset = self._found.get(request.path_params["path"])
        if asset is None:
            raise HTTPException(404)
        headers = {"Cache-Control": "no-cache", "ETag": asset.etag, "Vary": "Accept-Encoding"}
        known = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
        if asset.etag in known:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=asset.media_type)
        return Response(asset.plain, headers=headers, media_type=asset.media_type)


def _asset(path: Path) -> _Asset:
    plain = path.read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:32]
    # Weak, for the packed and the plain body have the same.
    return _Asset(plain, gzip.compress(plain, mtime=0), f'W/"{digest}"', TYPES[path.suffix])
