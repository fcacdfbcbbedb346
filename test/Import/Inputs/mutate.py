"""Feeds damaged copies of models to a command and fails where it does anything but accept them or
refuse them with a message.

    mutate.py FOLDER TRUNCATIONS FLIPS COMMAND... -- MODEL...

COMMAND gets a file's path appended. Each model is cut off at TRUNCATIONS places, and copied FLIPS
times with a few bytes changed; the places are the same in every run.
"""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def damaged(data, truncations, flips, seed):
    rnd = random.Random(seed)
    for i in range(truncations):
        yield f"cut{i}", data[: rnd.randrange(len(data))]
    for i in range(flips):
        copy = bytearray(data)
        for _ in range(rnd.choice([1, 2, 4, 8])):
            # Weights are most of a file; the graph lies at one of its ends.
            near = min(len(data), 20000)
            place = rnd.choice(
                [
                    rnd.randrange(len(data)),
                    rnd.randrange(near),
                    len(data) - 1 - rnd.randrange(near),
                ]
            )
            copy[place] ^= 1 << rnd.randrange(8)
        yield f"flip{i}", copy


def run(command, path):
    try:
        done = subprocess.run(
            [*command, path], capture_output=True, text=True, errors="replace", timeout=120
        )
    except subprocess.TimeoutExpired:
        return "takes longer than 120 s"
    if done.returncode == 0:
        return None
    if done.returncode != 1:
        return f"ends with {done.returncode}: {done.stderr[-300:]}"
    return None if done.stderr.strip() else "is refused without a message"


def main():
    folder, truncations, flips = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    split = sys.argv.index("--")
    command, models = sys.argv[4:split], sys.argv[split + 1 :]
    os.makedirs(folder, exist_ok=True)

    def check(case):
        name, data = case
        path = os.path.join(folder, name + ".onnx")
        with open(path, "wb") as file:
            file.write(data)
        problem = run(command, path)
        if problem is None:
            os.remove(path)
        return path, problem

    failed = 0
    for model in models:
        stem = os.path.basename(model)[: -len(".onnx")]
        with open(model, "rb") as file:
            data = file.read()
        cases = (
            (f"{stem}-{name}", copy)
            for name, copy in damaged(data, truncations, flips, stem)
        )
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, problem in pool.map(check, cases):
                if problem:
                    failed += 1
                    print(f"{path} {problem}")
    sys.exit(failed > 0)


main()
