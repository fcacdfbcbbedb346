"""Names includes that cross rooms where they must not: layers.py ROOT

What a library of lib/ includes of another one's headers, or runtime/ of them, it must link (rac_add_library's LINK), and
no two libraries may need each other. A header belongs to the library that has the source of its name; without one, to
whoever has sources beside it. Private headers are for their own room. Only lib/Import knows ONNX and protobuf; the
runtime knows neither these nor LLVM.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(sys.argv[1])
INCLUDE = re.compile(r'^#include ["<]([^">]+)[">]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text())


def libraries():
    """Of each of lib/'s libraries: its sources, and what it links."""
    found = {}
    for cmake in sorted((ROOT / "lib").rglob("CMakeLists.txt")):
        for name, words in re.findall(r"rac_add_library\((\w+)\s+([^)]*)\)", cmake.read_text()):
            head, *links = re.split(r"\bLINK(?:_PRIVATE)?\b", words)
            sources = [cmake.parent / word for word in head.split() if word.endswith(".cpp")]
            found[f"Rac{name}"] = sources, {word for text in links for word in text.split() if word.startswith("Rac")}
    return found


def closure(name, found):
    seen, todo = set(), [name]
    while todo:
        for other in found.get(todo.pop(), ([], []))[1]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def room(path):
    """The folder below lib/ or include/rac/ that a file is in."""
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "lib" else parts[2]


def main():
    found = libraries()
    owners = {source: name for name, (sources, _) in found.items() for source in sources}
    beside = defaultdict(set)
    for source, name in owners.items():
        beside[source.parent].add(name)

    def owners_of(header):
        """Of lib/X/Y.h or include/rac/X/Y.h: the libraries that may be meant."""
        parts = header.relative_to(ROOT).parts
        folder = ROOT / "lib" / Path(*parts[1 if parts[0] == "lib" else 2:]).parent
        source = folder / f"{header.stem}.cpp"
        while source not in owners and not beside[folder] and folder != ROOT / "lib":
            folder = folder.parent
        return {owners[source]} if source in owners else set(beside[folder])

    problems = []
    reach = {name: closure(name, found) for name in found}
    problems += [f"{name} and {other} need each other" for name in found for other in reach[name]
                 if name < other and name in reach.get(other, ())]
    headers = [*(ROOT / "include/rac").rglob("*.h"), *(ROOT / "lib").rglob("*.h")]
    for path in sorted([*owners, *headers]):
        users = {owners[path]} if path in owners else owners_of(path)
        for include in includes(path):
            name = path.relative_to(ROOT)
            if re.match(r"(onnx|google)/", include) and room(path) != "Import":
                problems.append(f"{name} knows ONNX: {include}")
            header = ROOT / "include" / include
            if not include.startswith("rac/"):
                # Beside it, or in another folder of its room.
                header = (path.parent / include).resolve()
                if header.exists() and header.is_relative_to(ROOT / "lib") and room(header) != room(path):
                    problems.append(f"{name} includes a private header of another room: {include}")
                continue
            if not header.exists():
                continue  # what the build makes
            wanted = owners_of(header)
            if wanted and room(header) != room(path) and not any(wanted & reach[user] for user in users):
                problems.append(f"{name} includes {include} of {' or '.join(sorted(wanted))}, "
                                f"which {' or '.join(sorted(users))} doesn't link")
    for path in sorted(file for file in (ROOT / "runtime").rglob("*") if file.suffix in (".h", ".cpp", ".c")):
        problems += [f"{path.relative_to(ROOT)} belongs to the runtime, which knows no {include}"
                     for include in includes(path) if re.match(r"(llvm|mlir|onnx|google|rac)/", include)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
