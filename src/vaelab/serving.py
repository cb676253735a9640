"""A finished site to the browser of this machine, and to nobody else."""

import contextlib
import sys
import threading
import webbrowser
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import quote, unquote

from vaelab.errors import InputError

ADDRESS = "127.0.0.1"
START_PAGE = "index.html"
SECONDS_TO_ASK = 30.0
# In no name of a file: what separates names on some system, and what ends them.
FORBIDDEN = frozenset("/\\:\0")

# By ending, because the operating system's own table may say anything of these.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}

# The page may use what lies in its folder and what it makes itself. The explorer compiles: its
# runtime WebAssembly, its map drawing commands out of text.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "connect-src 'self' data: blob:",
        "img-src 'self' data: blob:",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    # Scripts may be fetched by any page on the web unless this forbids it.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def serve(folder: Path, *, port: int = 0, open_browser: bool = True) -> None:
    """Serve a site until interrupted, and say where.

    Args:
        folder: of a site, or of a study that has one.
        port: on 127.0.0.1; 0 for any that is free.
        open_browser: whether to open the site there.

    Raises:
        InputError: if there is no site, or the port cannot be had.
    """
    with SiteServer(site_in(folder), port) as server:
        print(f"{server.folder} is at {server.url}; Ctrl-C ends it", flush=True)  # noqa: T201
        if open_browser:
            # Some browsers keep who opens them waiting, and this one waits for an answer.
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        # To interrupt it is the way to end it, not a failure.
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def site_in(folder: Path) -> Path:
    """The site in a study's folder, or the folder itself if it is one.

    Raises:
        InputError: if it is neither.
    """
    for site in (folder / "site", folder):
        if (site / START_PAGE).is_file():
            return site
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; name a study's folder or its site")
    raise InputError(
        f"{folder} holds no {START_PAGE}; write its page first: vaelab report {folder}"
    )


class SiteServer(ThreadingHTTPServer):
    """Serves the files below one folder, read-only, on 127.0.0.1.

    Attributes:
        folder: the only one that anything is read from, without symbolic links.
    """

    daemon_threads = True
    # A browser asks for many files at once.
    request_queue_size = 64

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder.resolve(strict=True)
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            raise InputError(
                f"port {port} of {ADDRESS} cannot be had: {error}; "
                "name another with --port, or none for any that is free"
            ) from None

    @property
    def url(self) -> str:
        """Of the first page."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def server_bind(self) -> None:
        """Without asking the network for this machine's name, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    @property
    def hosts(self) -> set[str]:
        """What a browser on this machine calls the server; anything else is another's name for it.

        Were others let in, any page on the web could read the site through a name of its own
        that it makes point here (DNS rebinding).
        """
        names = {ADDRESS, "localhost"}
        with_port = {f"{name}:{self.server_port}" for name in names}
        return with_port | names if self.server_port == 80 else with_port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """As always, but silent on a browser that went away."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: SiteServer
    timeout = SECONDS_TO_ASK
    # Answers have headers whatever is asked; those of HTTP/0.9 had none.
    default_request_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Answer with a file."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer with what is said of a file, without it."""
        self._answer()

    def parse_request(self) -> bool:
        """Refuse, before anything is looked up, what no browser on this machine would ask."""
        if not super().parse_request():
            return False
        if self.command not in ("GET", "HEAD"):
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"})
            return False
        hosts = [host.strip().lower() for host in self.headers.get_all("Host", [])]
        if len(hosts) != 1 or hosts[0] not in self.server.hosts:
            self._say(HTTPStatus.MISDIRECTED_REQUEST)
            return False
        return True

    def _answer(self) -> None:
        root, names = self.server.folder, _names(self.path)
        found = _inside(root, names)
        if found is not None and found.is_file():
            self._send(found)
        elif found is not None and _inside(root, [*names, START_PAGE]):
            # Links on a folder's page count from it only if its address ends in a slash.
            place = "/".join(quote(name) for name in names)
            self._say(HTTPStatus.MOVED_PERMANENTLY, {"Location": f"/{place}/"})
        else:
            self._say(HTTPStatus.NOT_FOUND)

    def _send(self, path: Path) -> None:
        try:
            content = path.read_bytes()
        except OSError:
            self._say(HTTPStatus.NOT_FOUND)
            return
        self._reply(HTTPStatus.OK, {"Content-Type": _media_type(path)}, content)

    def _say(self, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> None:
        """A status, in words too."""
        text = {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}
        self._reply(status, text, f"{status.value} {status.phrase}\n".encode())

    def _reply(self, status: HTTPStatus, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in (HEADERS | dict(headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that cannot be read is told so, and nothing of it is repeated."""
        self._say(HTTPStatus(code))

    def version_string(self) -> str:
        """Without the versions of Python and its server."""
        return "vaelab"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: whoever looks at a page wants no line for each of its pictures."""


def _names(target: str) -> list[str]:
    """What a request asks for, from the root down: a folder's first page for a folder.

    A name that no file of a site has, such as .. or one with a slash inside, gives none at all.
    """
    path = target.partition("#")[0].partition("?")[0]
    root, *parts = path.split("/")
    try:
        names = [unquote(part, errors="strict") for part in parts]
    except UnicodeDecodeError:
        return []
    if names and not names[-1]:
        names[-1] = START_PAGE
    is_plain = all(name and name[0] != "." and not FORBIDDEN & set(name) for name in names)
    return names if is_plain and not root else []


def _inside(root: Path, names: list[str]) -> Path | None:
    """What lies at `names` below `root`; None if nothing does, or a link leads out of it."""
    try:
        path = root.joinpath(*names).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None  # nothing there, a name that no file can have, or links in a circle
    return path if names and path.is_relative_to(root) else None


def _media_type(path: Path) -> str:
    return MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
