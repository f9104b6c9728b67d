from loadtest.processes import Status, Usage, families, parse_stat


def a_process(pid: int, parent: int, name: str = "python") -> Status:
    return Status(pid, name, parent, 0.0)


def test_time_of_children_waited_for_is_counted() -> None:
    status = parse_stat("7 (valkey-server) S 1 7 7 0 -1 0 0 0 0 0 200 100 50 50 20 0 1 0 9")

    assert status.cpu_s == 4.0
    assert status.name == "valkey-server"


def test_a_store_started_by_the_gateway_is_a_family_of_its_own() -> None:
    tree = [a_process(10, 1), a_process(11, 10), a_process(12, 10), a_process(13, 12)]

    found = families({p.pid: p for p in tree}, {"gateway": 10, "postgres": 12})

    assert found == {"gateway": {10, 11}, "postgres": {12, 13}}


def test_strangers_belong_to_nobody() -> None:
    tree = [a_process(10, 1), a_process(20, 1), a_process(21, 20), a_process(22, 999)]

    assert families({p.pid: p for p in tree}, {"gateway": 10}) == {"gateway": {10}}


def test_a_process_that_came_meanwhile_counts_from_its_start() -> None:
    before = Usage({"postgres": 1.0}, {10: 1.0})
    after = Usage({"postgres": 2.5}, {10: 1.5, 11: 1.0})

    assert after.since(before) == Usage({"postgres": 1.5}, {10: 0.5, 11: 1.0})
