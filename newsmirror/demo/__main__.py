"""`python -m newsmirror.demo [--port N]`: the demo site, for a person with a browser."""

import argparse
import sys
from contextlib import suppress
from threading import Event

from newsmirror.demo.server import DemoServer


def main() -> None:
    """Serve until Ctrl-C; a port in use ends with a message."""
    parser = argparse.ArgumentParser(
        prog="python -m newsmirror.demo", description="Serve the demo news snapshot site."
    )
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")
    port = parser.parse_args().port
    try:
        server = DemoServer(port)
    except OSError as error:
        parser.error(f"cannot listen on port {port}: {error.strerror}")
    with server, suppress(KeyboardInterrupt):
        sys.stdout.write(f"The demo site is at {server.address}/ (Ctrl-C stops it)\n")
        sys.stdout.flush()
        Event().wait()


if __name__ == "__main__":
    main()
