"""A real server on loopback that can be told to misbehave, request by request."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FRAMES = {"DAVIS/JPEGImages/480p/bear/00000.jpg": b"frame" * 99,
          "DAVIS/Annotations/480p/bear/00000.png": b"mask" * 99,
          "DAVIS/ImageSets/2017/val.txt": b"bear\n"}  # fmt: skip


def zipped(files: dict[str, bytes] = FRAMES, padding: int = 0) -> bytes:
    """A zip of files, and of a stored one that makes it longer."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        if padding:
            noise = bytes(i * i % 251 for i in range(997)) * (padding // 997 + 1)
            entry = zipfile.ZipInfo("DAVIS/padding.bin")
            archive.writestr(entry, noise[:padding], zipfile.ZIP_STORED)
    return content.getvalue()


@dataclass
class Act:
    """How one request is answered."""

    status: int = 0  # 0: 200 or 206, as asked
    send: int | None = None  # bytes of the body before the connection is cut; None: all
    claim: int | None = None  # Content-Length in place of the true one; -1: none
    ranges: bool = True  # honours Range
    heeds: bool = True  # honours If-Range
    content_range: str = ""  # in place of the true one
    etag: str | None = None  # in place of the server's
    content: bytes | None = None  # in place of the server's
    chunked: bool = False
    stall: bool = False  # after `send` bytes, silence
    drip: float = 0.0  # seconds between single bytes
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """Answers with `content`, by the next act each time; the last act stays."""

    def __init__(self, content: bytes, *acts: Act) -> None:
        self.content, self.etag, self.modified = content, '"v1"', ""
        self.acts = list(acts or [Act()])
        self.asked: list[dict[str, str]] = []  # headers of each request
        self.paths: list[str] = []
        self.release = threading.Event()  # ends a stall
        self.url = ""

    def next(self, path: str, headers: dict[str, str]) -> Act:
        self.asked.append(headers)
        self.paths.append(path)
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]

    @property
    def ranges(self) -> list[str | None]:
        """What part each request asked for."""
        return [headers.get("Range") for headers in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    play: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        play = self.play
        act = play.next(self.path, dict(self.headers))
        if act.status:
            self._head(act.status, act, {"Content-Length": "0"})
            return
        etag = act.etag if act.etag is not None else play.etag
        content = play.content if act.content is None else act.content
        start = self._start(act, etag)
        body, whole = content[start:], len(content)
        claim = len(body) if act.claim is None else act.claim
        headers = {"ETag": etag, "Last-Modified": play.modified}
        if act.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif claim >= 0:
            headers["Content-Length"] = str(claim)
        if start:
            headers["Content-Range"] = act.content_range or f"bytes {start}-{whole - 1}/{whole}"
        self._head(206 if start else 200, act, headers)
        self._body(act, body)

    def _start(self, act: Act, etag: str) -> int:
        asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if not asked or not act.ranges:
            return 0
        if act.heeds and condition not in (etag, self.play.modified):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _head(self, status: int, act: Act, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Connection": "close"} | headers | act.headers).items():
            if value:
                self.send_header(name, value)
        self.end_headers()

    def _body(self, act: Act, body: bytes) -> None:
        self.close_connection = True
        try:
            self._send(act, body if act.send is None else body[: act.send])
        except OSError:  # the client has had enough
            return
        if act.stall:
            self.play.release.wait(20)

    def _send(self, act: Act, body: bytes) -> None:
        if act.chunked:
            half = len(body) // 2
            for part in filter(None, (body[:half], body[half:])):  # an empty one would be the end
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            if act.send is None:
                self.wfile.write(b"0\r\n\r\n")
        elif act.drip:
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                if self.play.release.wait(act.drip):
                    return
        else:
            self.wfile.write(body)


@contextmanager
def serving(content: bytes, *acts: Act) -> Iterator[Server]:
    """A server in a thread, ended with the block."""
    play = Server(content, *acts)
    handler = type("Scripted", (Handler,), {"play": play})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    play.url = f"http://127.0.0.1:{server.server_address[1]}/DAVIS-2017-trainval-480p.zip"
    try:
        yield play
    finally:
        play.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
