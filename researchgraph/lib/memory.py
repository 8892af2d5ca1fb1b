"""Memory of batch work."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_pauses = 0


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Pause Python's search for reference cycles while a batch is worked on; blocks nest, also across threads.

    A batch builds hundreds of thousands of small objects without cycles. Looking through them again and again
    took a third of the time of assigning and a quarter of loading (docs/benchmarks.md); counted references free them
    all the same.
    """
    global _pauses  # noqa: PLW0603 - the collector is one per process
    with _lock:
        _pauses += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if not _pauses:
                gc.enable()
