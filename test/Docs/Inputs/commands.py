"""Names what the checkout's Markdown files speak of and that is not there: commands.py ROOT TOOLS

- paths of files and folders, from the root
- flags behind one of our commands: of rac-* those that --help lists, of scripts those that stand in the script or
  beside it

docs/WritingAPass.md is left out: it says what to write, and writing-a-pass.test does that.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT, TOOLS = Path(sys.argv[1]), Path(sys.argv[2])
TOOL = r"rac-(?:compile|run|opt|calibrate)"
SCRIPT = r"(?:scripts|benchmarks)/[\w./-]*\w"
# The name, then words up to the end of the line, a comment, code or another command.
COMMAND = re.compile(rf"(?<![\w-])({TOOL}|{SCRIPT})(?=[ \n])((?:[^`\n|;&#]|(?<=\\)\n)*)")


def tracked():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    return listed.split("\n")[:-1]


@cache
def said_of(command):
    """Where a command's flags stand."""
    if re.fullmatch(TOOL, command):
        done = subprocess.run([TOOLS / command, "--help"], check=True, capture_output=True, text=True)
        return done.stdout + "--help"
    path = ROOT / command
    files = path.rglob("*") if path.is_dir() else [path, *path.parent.glob("*.py")]
    return "\n".join(file.read_text() for file in files if file.suffix in (".py", ".sh", "")
                     and file.is_file()) + "--help"


def missing_paths(text, there):
    tops = {name.split("/")[0] for name in there if "/" in name}
    for path in re.findall(rf"(?<![\w/.~$-])((?:{'|'.join(tops)})/[\w./*<-]+)", text):
        path = path.rstrip("./")
        # One of several, or what the reader shall write.
        if not re.search(r"[*<]", path) and path not in there:
            yield path


def missing_flags(text):
    for command, words in COMMAND.findall(text):
        if not re.fullmatch(TOOL, command) and not (ROOT / command).exists():
            continue  # said by missing_paths
        for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*\w(?![\w<-])", words):
            if not re.search(rf"{flag}(?![\w-])", said_of(command)):
                yield f"{command} {flag}"


def main():
    files = tracked()
    there = {*files, *(str(folder) for file in files for folder in Path(file).parents)}
    problems = []
    for name in files:
        if name.endswith(".md") and name != "docs/WritingAPass.md":
            text = (ROOT / name).read_text()
            problems += [f"{name}: there is no {what}" for what in [*missing_paths(text, there), *missing_flags(text)]]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
