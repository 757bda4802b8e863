"""Passwords wait in a line of bounded length: a flood of logins is turned away, and holds nothing else up."""

import asyncio

from api.passwords import MOST_WAITING, hashed, password_matches
from api.problems import Problem


async def test_beyond_so_many_whoever_comes_is_asked_to_come_again() -> None:
    known = await hashed("correct horse battery staple")
    many = [password_matches("wrong", known) for _ in range(MOST_WAITING + 10)]
    ended = await asyncio.gather(*many, return_exceptions=True)
    turned_away = [end for end in ended if isinstance(end, Problem)]
    assert len(turned_away) == 10
    assert {(end.status, end.code, end.headers["Retry-After"]) for end in turned_away} == {(503, "overloaded", "1")}
    assert ended.count(False) == MOST_WAITING
    assert await password_matches("correct horse battery staple", known), "there is room again"


async def test_who_goes_away_leaves_no_place_taken() -> None:
    known = await hashed("correct horse battery staple")
    for _ in range(3):
        waiting = [asyncio.create_task(password_matches("wrong", known)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        while not await _has_room(known):
            pass


async def _has_room(known: str) -> bool:
    try:
        return await password_matches("correct horse battery staple", known)
    except Problem:
        await asyncio.sleep(0.05)
        return False
