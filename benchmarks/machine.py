"""What the machine can do at most, measured with numpy's library: the roofs of the roofline.

  machine.py BYTES      {"flops_per_s": …, "bytes_per_s": …}; OPENBLAS_NUM_THREADS says on how
                        many threads. BYTES is how many are read again and again: as many as a
                        model has, since a few of them stay in a cache.
"""

import json
import sys
import time

import numpy as np


def best(action, seconds=0.5, least=5):
    """The shortest of what fits into this time, in s."""
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        before = time.perf_counter()
        action()
        times.append(time.perf_counter() - before)
    return min(times)


def matmul_rate():
    """FLOP/s of f32 matrix products, of the size that suits best."""
    rates = []
    for size in (512, 1024, 2048):
        left, right, result = (np.full((size, size), 0.5, np.float32) for _ in range(3))
        rates.append(2 * size**3 / best(lambda: np.matmul(left, right, out=result)))
    return max(rates)


def read_rate(count):
    """B/s of reading as many bytes, once each: a dot product of two halves."""
    left, right = np.ones((2, max(count // 8, 1024)), np.float32)
    return (left.nbytes + right.nbytes) / best(lambda: np.dot(left, right))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(json.dumps({"flops_per_s": matmul_rate(), "bytes_per_s": read_rate(int(sys.argv[1]))}))
