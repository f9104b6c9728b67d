"""The socket that HTTP is served on."""

import socket

from gateway.errors import ComposteurError

BACKLOG = 1024


class PortTaken(ComposteurError):
    """Another program listens there already."""

    def __init__(self, host: str, port: int, problem: OSError) -> None:
        said = (problem.strerror or str(problem)).lower()
        super().__init__(
            f"http.host, http.port: cannot listen on {host} port {port}: {said}. "
            "Choose another port in the site file, or stop the program that has this one."
        )


def listener(host: str, port: int, *, shared: bool) -> socket.socket:
    """Open the listening socket of a process.

    Where several processes share the port each has a socket of its own (SO_REUSEPORT) and the
    kernel deals connections out by their addresses: with 16 kept-alive connections 9 and 7, where
    one inherited socket gave 14 and 2, as it goes to whoever wakes first (two workers, wrk).

    Raises:
        PortTaken: it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as problem:
        raise PortTaken(host, port, problem) from problem
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
        opened.setblocking(False)
    except OSError as problem:
        opened.close()
        raise PortTaken(host, port, problem) from problem
    return opened


def first_listener(host: str, port: int, *, shared: bool) -> socket.socket:
    """Open the socket of the first process: nobody else may have the port, sharing or not."""
    if shared:
        alone = listener(host, port, shared=False)
        port = alone.getsockname()[1]
        alone.close()
    return listener(host, port, shared=shared)


def url(opened: socket.socket, *, secure: bool) -> str:
    """Return the address a program on this machine reaches the socket at."""
    host, port = opened.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # every address is bound; the nearest is shown
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
