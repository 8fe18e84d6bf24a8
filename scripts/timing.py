"""How the benches of a published shape time, whatever environment they run in: the standard library alone."""
import resource
import statistics
import time

PATIENCE = 60  # seconds for which one measure is repeated, as in internal/bench


def within(repeats, fn):
    """The median time of `repeats` calls, or of as many as fit into a minute."""
    times, began = [], time.perf_counter()
    while not times or len(times) < repeats and time.perf_counter() - began < PATIENCE:
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_mb():
    """The largest resident set of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
