"""Runs clang-tidy on the sources that are not known to be clean: see tidy.sh, which calls this."""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def own_dependencies(build, root):
    """For every object file, the files of ours that it was made from, as ninja remembers them."""
    text = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    deps, current = {}, []
    for line in text.splitlines():
        if line.startswith("    "):
            path = (build / line.strip()).resolve()
            if path.is_relative_to(root):
                current.append(path)
        elif ": #deps" in line:
            current = deps.setdefault(line.split(": #deps")[0], [])
    return deps


def key(path, deps, settings, hashes):
    """What the answer depends on: the checks, the tool, and the text of all that is compiled."""
    digest = hashlib.sha256(settings)
    for file in sorted({path, *deps}):
        if file not in hashes:
            hashes[file] = hashlib.sha256(file.read_bytes()).digest() if file.exists() else b"missing"
        digest.update(hashes[file])
    return digest.hexdigest()[:24]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ["tidy", "root", "clean"]:
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("files", nargs="*", type=Path)
    args = parser.parse_args()

    root, build = args.root.resolve(), args.root.resolve() / "build"
    if not (build / "compile_commands.json").exists():
        sys.exit("error: no build/compile_commands.json: run scripts/build.sh first")
    commands = json.loads((build / "compile_commands.json").read_text())
    # The object file is the word after -o: not every CMake has it as a field of its own.
    outputs = {
        Path(c["file"]).resolve(): re.search(r" -o (\S+)", c["command"])[1]
        for c in commands
        if c["file"].endswith(".cpp")
    }
    files = [f.resolve() for f in args.files] or sorted(f for f in outputs if f.is_relative_to(root))

    version = subprocess.run([str(args.tidy), "--version"], capture_output=True).stdout
    settings = (root / ".clang-tidy").read_bytes() + version
    deps, hashes = own_dependencies(build, root), {}
    args.clean.mkdir(parents=True, exist_ok=True)
    todo = []
    for file in files:
        # Only what was compiled: without its dependencies a file can't be known to be unchanged.
        found = deps.get(outputs.get(file))
        stamp = args.clean / key(file, found, settings, hashes) if found else None
        if stamp is None or not stamp.exists():
            todo.append((file, stamp))
    print(f"{len(files) - len(todo)} sources known to be clean, {len(todo)} to look at", flush=True)

    def check(item):
        file, stamp = item
        done = subprocess.run([str(args.tidy), "--quiet", "-p", str(build), str(file)], capture_output=True, text=True)
        if done.returncode == 0 and stamp:
            stamp.touch()
        return file, done

    failed = 0
    with ThreadPoolExecutor(args.jobs) as pool:
        for file, done in pool.map(check, todo):
            if done.returncode:
                failed += 1
                print(f"not clean: {file.relative_to(root)}\n{done.stdout}{done.stderr}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
