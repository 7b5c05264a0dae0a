"""The cache of one machine, in which several worker processes count at once."""

from typing import Any

from diskcache import DjangoCache


class CountersCache(DjangoCache):
    """diskcache's, kept open between requests.

    Django closes its caches after each request, which is meant to give sockets back. Here it would
    close SQLite's files, write their logs back and open them anew: 2 ms of each request.
    """

    def close(self, **kwargs: Any) -> None:
        """Keep the files open: each thread has its own, and they end with the process."""
