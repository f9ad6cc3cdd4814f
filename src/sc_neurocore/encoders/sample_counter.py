"""Counter of samples, so that several threads may share one circuit."""

import threading

_counting = threading.Lock()
"""Held for one addition; shared by all counters, so that a counter is plain data."""


class SampleCounter:
    """Gives every sample of a circuit its number, which decides the random bits that the sample gets.

    A call reserves its numbers when it starts: whichever thread runs it, no other call gets them.

    >>> counter = SampleCounter()
    >>> counter.reserve(3), counter.reserve(1), counter.next
    (0, 3, 4)
    """

    def __init__(self) -> None:
        self.next = 0
        """Number of the next sample."""

    def reserve(self, count: int) -> int:
        """Reserve `count` consecutive numbers and return the first."""
        with _counting:
            first = self.next
            self.next = first + count
        return first
