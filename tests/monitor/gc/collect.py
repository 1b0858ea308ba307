# SPDX-License-Identifier: GPL-2.0-or-later
"""Collects when it is told to, and prints how often by its own account: a line KIND COUNT each, then done."""
import gc
import sys

gc.disable()
print("ready", flush=True)
sys.stdin.readline()
before = [one["collections"] for one in gc.get_stats()]
collected = [one["collected"] for one in gc.get_stats()]
for generation, count in ((0, 7), (1, 4), (2, 2)):
    for _ in range(count):
        for _ in range(100):
            ring = []
            ring.append(ring)
        del ring
        gc.collect(generation)
for generation, one in enumerate(gc.get_stats()):
    print(f"generation{generation} {one['collections'] - before[generation]}")
print("objects", sum(one["collected"] for one in gc.get_stats()) - sum(collected))
print("done", flush=True)
sys.stdin.readline()
