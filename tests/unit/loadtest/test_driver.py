import orjson
import pytest

from loadtest.wrk.driver import NoResult, Throughput, parse_storm, parse_wrk

WRK = """Running 2s test @ http://127.0.0.1:1/v1/scans
  1 threads and 32 connections
Requests/sec:   500.00
{"answered":1000,"issued":1032,"wrong":0,"duration_us":2000000,"lost":1,"p50_us":1500,\
"p99_us":9000,"max_us":12000,"example":""}
"""


def a_run(answered: int, wrong: int) -> Throughput:
    return Throughput("wrk", answered, answered, wrong, 1.0, 0.0, 0.0, 0.0, "")


def test_the_last_line_of_wrk_is_read() -> None:
    found = parse_wrk(WRK)

    assert (found.rate, found.issued, found.p99_ms, found.wrong) == (500.0, 1_032, 9.0, 1)


def test_our_own_closed_loop_is_read_alike() -> None:
    spread = {"p50": 1.0, "p99": 2.0, "most": 3.0}
    found = {"answered": 10, "sent": 11, "wrong": 1, "lasted_s": 2.0, "service": spread}

    read = parse_storm(orjson.dumps(found | {"examples": ["503"]}).decode())

    assert (read.rate, read.issued, read.most_ms, read.example) == (5.0, 11, 3.0, "503")


@pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:1 Connection refused\n"])
def test_a_generator_without_a_result_is_an_error(output: str) -> None:
    with pytest.raises(NoResult):
        parse_wrk(output)
    with pytest.raises(NoResult):
        parse_storm(output)


def test_one_wrong_answer_in_a_thousand_is_tolerated_and_no_more() -> None:
    assert not a_run(1_000, 1).void
    assert a_run(1_000, 2).void
    assert a_run(0, 0).void
