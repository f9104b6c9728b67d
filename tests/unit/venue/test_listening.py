import pytest

from gateway.venue import listening


@pytest.mark.parametrize("shared", [False, True])
def test_a_taken_port_is_told_with_the_setting_even_where_it_could_be_shared(shared: bool) -> None:
    with (
        listening.first_listener("127.0.0.1", 0, shared=shared) as taken,
        pytest.raises(listening.PortTaken, match=r"http\.port: cannot listen on 127\.0\.0\.1 port"),
    ):
        listening.first_listener("127.0.0.1", taken.getsockname()[1], shared=shared)


def test_workers_share_the_port_of_the_first() -> None:
    with listening.first_listener("127.0.0.1", 0, shared=True) as first:
        port = first.getsockname()[1]
        with listening.listener("127.0.0.1", port, shared=True) as second:
            assert second.getsockname()[1] == port


def test_the_address_of_a_socket_bound_everywhere_can_be_used_here() -> None:
    with listening.first_listener("0.0.0.0", 0, shared=False) as opened:
        port = opened.getsockname()[1]
        assert listening.url(opened, secure=True) == f"https://127.0.0.1:{port}"


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(listening.PortTaken):
        listening.first_listener("256.0.0.1", 0, shared=False)
