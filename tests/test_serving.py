"""The web server of reports: it serves the files of a site to this machine, and nothing else."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vaelab.errors import InputError
from vaelab.serving import SiteServer, serve, site_in

pytestmark = pytest.mark.posix  # symbolic links, a named pipe and Ctrl-C

SECRET = b"not for the web"
PAGE = b"<!doctype html><title>study</title>"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A study with a site, and a secret file outside the site."""
    site = tmp_path / "study" / "site"
    for name, content in {
        "index.html": PAGE,
        "assets/explorer.js": b"vaelab()",
        "assets/site.css": b"body {}",
        "assets/icon.svg": b"<svg/>",
        "assets/runtime.wasm": b"\0asm",
        "figures/a b\xc3\xa9.png".encode("latin-1").decode(): b"png",
        "runs/index.html": b"runs",
        "empty/note.txt": b"note",
        "summary.json": b"{}",
        ".hidden": SECRET,
    }.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "study" / "secret.txt").write_bytes(SECRET)
    (site / "leak.txt").symlink_to(tmp_path / "study" / "secret.txt")
    (site / "leak").symlink_to(tmp_path / "study")
    (site / "circle").symlink_to("circle")
    (site / "inner.css").symlink_to("assets/site.css")
    os.mkfifo(site / "pipe")
    return site


@pytest.fixture
def server(site: Path) -> Iterator[SiteServer]:
    with SiteServer(site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def raw(server: SiteServer, request: bytes) -> bytes:
    """The whole response to these bytes."""
    with socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def ask(
    server: SiteServer, target: str, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body; the target is sent unchanged."""
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
    connection.putrequest(method, target, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


@pytest.mark.parametrize(
    ("target", "media_type", "body"),
    [
        ("/", "text/html; charset=utf-8", PAGE),
        ("/index.html?theme=dark#top", "text/html; charset=utf-8", PAGE),
        ("/assets/explorer.js", "text/javascript; charset=utf-8", b"vaelab()"),
        ("/assets/site.css", "text/css; charset=utf-8", b"body {}"),
        ("/assets/icon.svg", "image/svg+xml; charset=utf-8", b"<svg/>"),
        ("/assets/runtime.wasm", "application/wasm", b"\0asm"),
        ("/figures/a%20b%C3%A9.png", "image/png", b"png"),
        ("/runs/", "text/html; charset=utf-8", b"runs"),
        ("/summary.json", "application/json; charset=utf-8", b"{}"),
        ("/inner.css", "text/css; charset=utf-8", b"body {}"),
    ],
)
def test_files_of_the_site_are_served(
    server: SiteServer, target: str, media_type: str, body: bytes
) -> None:
    status, headers, found = ask(server, target)
    assert (status, headers["Content-Type"], found) == (200, media_type, body)
    assert headers["Content-Length"] == str(len(body))
    status, of_head, found = ask(server, target, "HEAD")
    assert (status, of_head["Content-Length"], found) == (200, str(len(body)), b"")


def test_the_address_of_a_folder_ends_in_a_slash(server: SiteServer) -> None:
    status, headers, _ = ask(server, "/runs")
    assert (status, headers["Location"]) == (301, "/runs/")


@pytest.mark.parametrize(
    "target",
    [
        "/nothing.html",
        "/empty",
        "/empty/",
        "/index.html/",
        "/pipe",
        "/circle",
        "/.hidden",
        "/%2ehidden",
        "/leak.txt",
        "/leak",
        "/leak/",
        "/leak/secret.txt",
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/../index.html",
        "/%2e%2e/secret.txt",
        "/%2E./secret.txt",
        "/..%2fsecret.txt",
        "/assets%2fsite.css",
        "/%2fetc%2fpasswd",
        "//etc/passwd",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "/C:/secret.txt",
        "/index.html%00.png",
        "/%ff%fe",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
        "*",
        "index.html",
        "../secret.txt",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_else_is_served(server: SiteServer, target: str, method: str) -> None:
    request = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n"
    answer = raw(server, request.encode("latin-1"))
    assert answer.startswith(b"HTTP/1.0 404 ")
    assert SECRET not in answer
    assert PAGE not in answer


@pytest.mark.parametrize(
    "name", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "[::1]:{port}"]
)
def test_other_host_names_are_refused(server: SiteServer, name: str) -> None:
    status, _, body = ask(server, "/", Host=name.format(port=server.server_port))
    assert status == 421
    assert PAGE not in body


@pytest.mark.parametrize("name", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}"])
def test_names_of_this_machine_are_accepted(server: SiteServer, name: str) -> None:
    assert ask(server, "/", Host=name.format(port=server.server_port))[0] == 200


@pytest.mark.parametrize(
    ("request_line", "more", "status"),
    [
        ("GET / HTTP/1.0", "", 421),
        ("GET / HTTP/1.0", "Host: 127.0.0.1:{port}\r\n", 200),
        ("GET / HTTP/1.1", "", 421),
        ("GET / HTTP/1.1", "Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n", 421),
        ("GET http://127.0.0.1:{port}/ HTTP/1.1", "Host: 127.0.0.1:{port}\r\n", 404),
        ("GET http://evil.example/ HTTP/1.1", "Host: evil.example\r\n", 421),
        ("GET / HTTP/7.0", "Host: 127.0.0.1:{port}\r\n", 505),
        ("GET / <script>x", "", 400),
        ("GET /" + "a" * 70_000 + " HTTP/1.1", "", 414),
        ("GET / HTTP/1.1", "X: " + "a" * 70_000 + "\r\n", 431),
        ("OPTIONS * HTTP/1.1", "Host: 127.0.0.1:{port}\r\n", 405),
    ],
)
def test_malformed_requests_are_answered(
    server: SiteServer, request_line: str, more: str, status: int
) -> None:
    text = f"{request_line}\r\n{more}\r\n".replace("{port}", str(server.server_port))
    head, _, body = raw(server, text.encode()).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.0 {status} ".encode())
    assert (PAGE in body) == (status == 200)
    assert b"script" not in body


def test_http_0_9_gets_no_page(server: SiteServer) -> None:
    assert PAGE not in raw(server, b"GET /\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_other_methods_are_refused(server: SiteServer, site: Path, method: str) -> None:
    status, headers, body = ask(server, "/index.html", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert PAGE not in body
    assert (site / "index.html").read_bytes() == PAGE


@pytest.mark.parametrize("target", ["/", "/assets/explorer.js", "/nothing", "/runs"])
def test_every_response_has_the_security_headers(server: SiteServer, target: str) -> None:
    _, headers, _ = ask(server, target)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Python" not in headers["Server"]
    policy = dict(each.split(" ", 1) for each in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'unsafe-eval' 'wasm-unsafe-eval'"
    assert "http" not in headers["Content-Security-Policy"]


def test_many_requests_at_once(server: SiteServer) -> None:
    targets = ["/", "/assets/site.css", "/nothing", "/leak.txt"] * 25
    with ThreadPoolExecutor(25) as pool:
        found = list(pool.map(lambda target: ask(server, target)[0], targets))
    assert found == [200, 200, 404, 404] * 25


def test_a_silent_connection_does_not_block_others(server: SiteServer) -> None:
    with socket.create_connection(server.server_address[:2], timeout=10):
        assert ask(server, "/")[0] == 200


def test_a_closed_connection_prints_nothing(
    server: SiteServer, site: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (site / "large.js").write_bytes(bytes(30_000_000))
    with socket.create_connection(server.server_address[:2], timeout=10) as connection:
        request = f"GET /large.js HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n"
        connection.sendall(request.encode())
        assert connection.recv(10)
    assert ask(server, "/")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_localhost_only(server: SiteServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_the_site_of_a_study_is_found(site: Path) -> None:
    assert site_in(site.parent) == site
    assert site_in(site) == site


def test_a_folder_without_a_site_is_a_one_line_error(site: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        serve(tmp_path / "nothing", open_browser=False)
    with pytest.raises(InputError, match="is not a folder"):
        serve(site / "index.html", open_browser=False)
    with pytest.raises(InputError, match=r"has no index.html; .* vaelab report"):
        serve(site / "assets", open_browser=False)


def test_an_unusable_port_is_a_one_line_error(server: SiteServer, site: Path) -> None:
    for port in (server.server_port, 70_000, -1):
        with pytest.raises(InputError, match=f"port {port} .* --port"):
            SiteServer(site, port)


@pytest.mark.parametrize("opens", [True, False])
def test_it_serves_until_ctrl_c(site: Path, opens: bool) -> None:
    program = (
        "import sys, webbrowser\n"
        "from pathlib import Path\n"
        "from vaelab.serving import serve\n"
        "webbrowser.open = lambda url: print('browser', url, flush=True)\n"
        f"serve(Path(sys.argv[1]), open_browser={opens})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(site.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith(f"serving {site} at http://127.0.0.1:")
    url = first.split(" at ")[1].split()[0]
    if opens:
        assert process.stdout.readline() == f"browser {url}\n"
    connection = http.client.HTTPConnection(url.removeprefix("http://").strip("/"), timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().read() == PAGE
    connection.close()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0
