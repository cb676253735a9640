"""A web server for a report, reachable only from this machine."""

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
REQUEST_TIMEOUT_SECONDS = 30.0
# Path separators of all systems, and the end of a string.
FORBIDDEN = frozenset("/\\:\0")

# A table of our own, because that of the operating system may differ.
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

# Pages may load only files of the site and what they create. The explorer needs to compile
# WebAssembly, and its map compiles drawing commands from text.
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
    # Without it, any page on the web could load the scripts.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def serve(folder: Path, *, port: int = 0, open_browser: bool = True) -> None:
    """Serve a site until interrupted, and print its address.

    Args:
        folder: of a site, or of a study with a site.
        port: on 127.0.0.1; 0 for any free port.
        open_browser: whether to open the site in a browser.

    Raises:
        InputError: if there is no site, or the port cannot be used.
    """
    with SiteServer(site_in(folder), port) as server:
        print(f"serving {server.folder} at {server.url} (press Ctrl-C to stop)", flush=True)  # noqa: T201
        if open_browser:
            # In a thread, because some browsers block the caller until the page is loaded.
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        # An interruption is the normal end.
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def site_in(folder: Path) -> Path:
    """The site in a folder of a study, or the folder itself if it is a site.

    Raises:
        InputError: if there is no site.
    """
    for site in (folder / "site", folder):
        if (site / START_PAGE).is_file():
            return site
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder of a study or of its site")
    raise InputError(
        f"{folder} has no {START_PAGE}; build the report first: vaelab report {folder}"
    )


class SiteServer(ThreadingHTTPServer):
    """Serves the files in one folder, read-only, on 127.0.0.1.

    Attributes:
        folder: the folder, with symbolic links resolved; no other file is read.
    """

    daemon_threads = True
    # A browser requests many files at once.
    request_queue_size = 64

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder.resolve(strict=True)
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            raise InputError(
                f"cannot use port {port} of {ADDRESS}: {error}; "
                "choose another one with --port, or leave it out for any free port"
            ) from None

    @property
    def url(self) -> str:
        """The address of the first page."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def server_bind(self) -> None:
        """Bind without looking up the name of this machine, which may be slow."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    @property
    def hosts(self) -> set[str]:
        """The accepted values of the Host header.

        Other values are refused, since a page on the web could otherwise read the site under its
        own name that resolves to this machine (DNS rebinding).
        """
        names = {ADDRESS, "localhost"}
        with_port = {f"{name}:{self.server_port}" for name in names}
        return with_port | names if self.server_port == 80 else with_port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print the error, unless the browser closed the connection."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: SiteServer
    timeout = REQUEST_TIMEOUT_SECONDS
    # Responses to HTTP/0.9 would have no headers.
    default_request_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Send a file."""
        self._serve_file()

    def do_HEAD(self) -> None:
        """Send the headers of a file."""
        self._serve_file()

    def parse_request(self) -> bool:
        """Refuse requests that no browser on this machine sends."""
        if not super().parse_request():
            return False
        if self.command not in ("GET", "HEAD"):
            self._send_status(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"})
            return False
        hosts = [host.strip().lower() for host in self.headers.get_all("Host", [])]
        if len(hosts) != 1 or hosts[0] not in self.server.hosts:
            self._send_status(HTTPStatus.MISDIRECTED_REQUEST)
            return False
        return True

    def _serve_file(self) -> None:
        root, names = self.server.folder, _names(self.path)
        found = _inside(root, names)
        if found is not None and found.is_file():
            self._send(found)
        elif found is not None and _inside(root, [*names, START_PAGE]):
            # Relative links work only if the address of a folder ends in a slash.
            path = "/".join(quote(name) for name in names)
            self._send_status(HTTPStatus.MOVED_PERMANENTLY, {"Location": f"/{path}/"})
        else:
            self._send_status(HTTPStatus.NOT_FOUND)

    def _send(self, path: Path) -> None:
        try:
            content = path.read_bytes()
        except OSError:
            self._send_status(HTTPStatus.NOT_FOUND)
            return
        self._reply(HTTPStatus.OK, {"Content-Type": _media_type(path)}, content)

    def _send_status(self, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> None:
        """Send a status without a file."""
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
        """Answer a malformed request, without repeating any of it."""
        self._send_status(HTTPStatus(code))

    def version_string(self) -> str:
        """The Server header, without the versions of Python and its server."""
        return "vaelab"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""


def _names(target: str) -> list[str]:
    """The parts of the requested path; a folder stands for its first page.

    Empty if any part cannot be the name of a file in a site, such as .. or an encoded slash.
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
    """The path at `names` in `root`; None if it does not exist or a link leads outside."""
    try:
        path = root.joinpath(*names).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None  # it does not exist, is not a valid name, or is a loop of links
    return path if names and path.is_relative_to(root) else None


def _media_type(path: Path) -> str:
    return MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
