"""Follows docs/WritingAPass.md: follow.py BUILD FOLDER

Takes the pass out of the document, builds a rac-opt in FOLDER that has it, in its pipeline too, and
writes the document's two tests there. The checkout and the build stay as they are.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOM = "Transforms"


def run(command, cwd=None):
    subprocess.run(command, check=True, cwd=cwd)


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def files(text):
    """{name: content}: the blocks before which a sentence names their file."""
    found = re.findall(r"`(\S+/[\w-]+\.(?:cpp|mlir))`[^\n`]*:\n\n```\w+\n(.*?)^```", text, re.S | re.M)
    return {Path(name).name: content for name, content in found}


class Build:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        commands = subprocess.run(["ninja", "-C", build, "-t", "commands", "rac-opt"], check=True,
                                  capture_output=True, text=True).stdout.split("\n")
        self.commands = [command for command in commands if command]

    def declare(self, declaration):
        """The room's Passes.td with one more pass, and the header made of it."""
        include = self.folder / "include/rac" / ROOM
        include.mkdir(parents=True, exist_ok=True)
        td = (ROOT / "include/rac" / ROOM / "Passes.td").read_text()
        before, end = td.rsplit("\n#endif", 1)
        (include / "Passes.td").write_text(f"{before}\n{declaration}\n#endif{end}")
        command = next(shlex.split(line) for line in self.commands if f"{ROOM}/Passes.td" in line)
        command = command[command.index("&&") + 1:] if "&&" in command else command
        tblgen, flags = command[0], [flag for flag in command[1:] if flag.startswith("-I")]
        run([tblgen, "-gen-pass-decls", "-name", ROOM, *flags, include / "Passes.td", "-o",
             include / "Passes.h.inc"], self.build)

    def compile(self, source, like):
        """Compiles as the build does the file `like`, with the new header before the old one."""
        command = next(shlex.split(line) for line in self.commands if line.endswith(f"-c {ROOT / like}"))
        if "ccache" in command[0]:
            command = command[1:]
        out = self.folder / (source.stem + ".o")
        at = next(i for i, word in enumerate(command) if word.startswith("-I"))
        command.insert(at, f"-I{self.folder / 'include'}")
        command[command.index("-o") + 1] = out
        command[command.index("-c") + 1] = source
        run(command, self.build)
        return out

    def link(self, objects):
        command = shlex.split(self.commands[-1])
        command = command[command.index("&&") + 1:len(command) - 2]  # `: && clang++ ... && :`
        command = [word for word in command if not word.endswith("rac-opt.cpp.o")]
        at = next(i for i, word in enumerate(command) if word == "-o")
        out = self.folder / "rac-opt"
        command[at:at + 2] = [*objects, "-o", out]
        command = [word for word in command if "dependency-file" not in str(word)]
        command.remove("-Xlinker")
        run(command, self.build)


def main(build, folder):
    folder.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "docs/WritingAPass.md").read_text()
    for name, content in files(text).items():
        (folder / name).write_text(content)
    pipeline = (ROOT / "lib/Pipelines/PlanPipeline.cpp").read_text()
    before, after = pipeline.split("  FormGroupsOptions groups;\n")
    (folder / "PlanPipeline.cpp").write_text(f"{before}{blocks(text, 'cpp')[-1]}  FormGroupsOptions groups;\n{after}")
    made = Build(build, folder)
    made.declare(blocks(text, "tablegen")[0])
    made.link([made.compile(folder / "DropRelu.cpp", "lib/Transforms/PlanTiles.cpp"),
               made.compile(folder / "PlanPipeline.cpp", "lib/Pipelines/PlanPipeline.cpp"),
               made.compile(ROOT / "tools/rac-opt/rac-opt.cpp", "tools/rac-opt/rac-opt.cpp")])


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
