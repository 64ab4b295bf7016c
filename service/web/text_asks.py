"""Text asks: workers are asked to send a text that a caller wants, while the caller goes on."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from redis import Redis
from redis.exceptions import RedisError

from workers.caller_texts import ask_for_caller_texts

log = logging.getLogger(__name__)


class TextAsker:
    """Asks in a thread of its own: no caller waits for a queue server that does not answer.

    Nothing depends on it; the timetable asks as well, every few seconds.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="text-asks")
        # One that is asking, and one that waits and will ask for everything owed until then.
        self._free = BoundedSemaphore(2)

    def ask(self) -> None:
        """Have somebody asked soon; call it after the commit."""
        if self._free.acquire(blocking=False):
            self._pool.submit(self._ask)

    def close(self) -> None:
        """Finish what was begun and give the connection back."""
        self._pool.shutdown()
        self._redis.close()

    def _ask(self) -> None:
        try:
            ask_for_caller_texts(self._redis)
        except RedisError as away:
            log.warning("a text waits for the timetable: %s", type(away).__name__)
        finally:
            self._free.release()
