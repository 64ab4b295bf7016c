"""A lane's rate, kept by all machines together."""

from datetime import timedelta

from redis import Redis

from campaigns.lanes import Lane
from workers.pacing import BURST, correct_turn, hold, take_turn

SLOW = Lane("slow", 10)


def test_a_lane_may_run_ahead_by_its_burst_and_no_further(redis: Redis) -> None:
    """At 10 segments a second, 200 taken at once are 20 seconds' worth: the next must wait."""
    assert take_turn(redis, SLOW, segments=200) == timedelta()

    wait = take_turn(redis, SLOW, segments=1)

    assert timedelta(seconds=16) < wait <= timedelta(seconds=20) - BURST


def test_lanes_do_not_wait_for_each_other(redis: Redis) -> None:
    take_turn(redis, SLOW, segments=200)

    assert take_turn(redis, Lane("other", 10), segments=1) == timedelta()


def test_what_was_not_used_is_given_back(redis: Redis) -> None:
    take_turn(redis, SLOW, segments=200)
    correct_turn(redis, SLOW, segments=-200)

    assert take_turn(redis, SLOW, segments=1) == timedelta()


def test_a_held_lane_rests(redis: Redis) -> None:
    hold(redis, SLOW, timedelta(seconds=30))

    assert take_turn(redis, SLOW, segments=1) > timedelta(seconds=25)


def test_several_workers_that_are_told_to_wait_wait_once(redis: Redis) -> None:
    for _ in range(4):
        hold(redis, SLOW, timedelta(seconds=30))

    assert take_turn(redis, SLOW, segments=1) <= timedelta(seconds=30)
