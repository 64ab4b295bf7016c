"""Pacing: a lane's rate, kept by all machines together, in segments a second."""

from datetime import timedelta

from redis import Redis

from campaigns.lanes import Lane

# How far ahead of its rate a lane may run: it must bridge the time between two looks at the
# queue, or a slow lane would lose part of its rate to waiting.
BURST = timedelta(seconds=3)

# The generic cell rate algorithm (ITU-T I.371): KEYS[1] holds the moment at which everything
# taken so far will have passed at the agreed rate.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
if free_at - now > tonumber(ARGV[2]) then
  return tostring(free_at - now - tonumber(ARGV[2]))
end
redis.call('SET', KEYS[1], string.format('%.6f', free_at + tonumber(ARGV[1])), 'EX', 3600)
return '0'
"""

_SHIFT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local free_at = tonumber(redis.call('GET', KEYS[1]) or '0')
redis.call('SET', KEYS[1],
  string.format('%.6f', math.max(free_at, now) + tonumber(ARGV[1])), 'EX', 3600)
return 1
"""


_HOLD = """
local clock = redis.call('TIME')
local held = clock[1] + clock[2] / 1e6 + tonumber(ARGV[1])
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), held)
redis.call('SET', KEYS[1], string.format('%.6f', free_at), 'EX', 3600)
return 1
"""


def take_turn(redis: Redis, lane: Lane, *, segments: float) -> timedelta:
    """Reserve *segments* of the lane's rate; return zero, or how long to wait instead.

    If the queue server forgets, a lane starts afresh: one burst too many, never a text.
    """
    wait = redis.eval(_TAKE, 1, _key(lane), segments / lane.rate_per_s, BURST.total_seconds())
    return timedelta(seconds=float(wait))


def correct_turn(redis: Redis, lane: Lane, *, segments: float) -> None:
    """Add *segments* to what the lane was charged; a negative number gives back."""
    redis.eval(_SHIFT, 1, _key(lane), segments / lane.rate_per_s)


def hold(redis: Redis, lane: Lane, wait: timedelta) -> None:
    """Let nothing leave by *lane* for *wait*, because its carrier asked for that.

    Workers that are told the same at the same time wait once, not one after the other.
    """
    redis.eval(_HOLD, 1, _key(lane), wait.total_seconds() + BURST.total_seconds())


def _key(lane: Lane) -> str:
    return f"loa:lane:{lane.name}"
