import re
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st

from loadtest import codes
from loadtest.sql import statement

numbers = st.integers(min_value=0, max_value=codes.MOST)


@given(numbers)
def test_a_code_is_26_characters_of_base32(number: int) -> None:
    assert re.fullmatch(r"[A-Z2-7]{26}", codes.code_of(number))


@given(numbers, numbers)
def test_different_numbers_have_different_codes(one: int, other: int) -> None:
    assert (codes.code_of(one) == codes.code_of(other)) == (one == other)


@given(numbers)
def test_lua_can_count_the_product_exactly(number: int) -> None:
    product = number * codes.MULTIPLIER

    assert int(float(product)) == product


def test_the_tag_leaves_room_for_eight_characters() -> None:
    assert len(codes.TAG) == 18


def test_the_three_makers_of_codes_agree_on_their_constants() -> None:
    lua = files("loadtest.wrk").joinpath("scans.lua").read_text(encoding="utf-8")
    sql = statement("tickets")

    assert f"MULTIPLIER = {codes.MULTIPLIER} " in lua
    assert f"* {codes.MULTIPLIER} % {codes.SPAN}" in sql
    assert f'"{codes.ALPHABET}"' in lua
    assert f"'{codes.ALPHABET}'" in sql
