"""The demo site on a loopback port: for a browser, and as a proxy that knows one host."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self
from urllib.parse import urlsplit

from newsmirror.demo.site import HOST, Response, respond


class DemoServer:
    """Serves the demo site on 127.0.0.1, between `start` and `stop` or for as long as its `with` block lasts.

    `GET /about.html` is answered whatever the host. So is `GET http://demo.newsmirror.example/about.html`,
    which is what a client sends to a proxy: with this server as its proxy, the pages have an address that
    stays. Any other host gets a 502. Port 0 takes a free one; a port in use raises `OSError`.
    """

    def __init__(self, port: int = 0) -> None:
        """Bind the port; nothing is answered yet."""
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        # It looks every 0.02 s whether to stop: a crawl that ends should not be kept waiting.
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), name="demo-site", daemon=True)
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and give the port back; to be called once, after `start`."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a connection is kept for the next request
    wbufsize = -1  # headers and body leave together: apart, a kept connection can wait 40 ms between them
    timeout = 60  # a client that only holds its connection does not hold a thread for ever

    def do_GET(self) -> None:
        answer = self._answer()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_HEAD = do_CONNECT = do_GET  # noqa: N815 - http.server asks for these names

    def _answer(self) -> Response:
        if self.path.startswith("/"):
            return respond(self.path)
        target = urlsplit(self.path)
        if target.scheme == "http" and target.hostname == HOST:
            return respond(target.path or "/")
        words = f"The demo site is a proxy for http://{HOST}/ only, not for {self.path}\n"
        return Response(502, {"Content-Type": "text/plain; charset=utf-8"}, words.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the crawl has its own log."""
