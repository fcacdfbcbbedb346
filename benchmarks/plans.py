"""What the benchmarks of the cost model and of the planner share: flags, models, compiling and running."""

import argparse
import json
import subprocess
from pathlib import Path

import measure as m


def argument_parser(doc, folder):
    """Of a benchmark that compiles models, or parts of them, and measures later, if so wanted."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, default=m.HERE / "models.json", metavar="FILE")
    parser.add_argument("--models", type=Path, default=m.MODELS, metavar="DIR", help="where the models are")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--device", default="host", help="what to plan and predict for")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each library, in turn")
    parser.add_argument("--folder", type=Path, default=m.BUILD / folder, metavar="DIR",
                        help="where what is compiled is kept")
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--measure-only", action="store_true", help="what --compile-only left")
    parser.add_argument("--energy", action="store_true", help="joules, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add what was measured to this file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the tables in this page")
    return parser


def models_of(args):
    """Those of the manifest whose files are there, with these, and the names of the others."""
    models = json.loads(args.manifest.read_text())["models"]
    there = [(model, args.models / model["file"]) for model in models]
    return ([(model, path) for model, path in there if path.exists()],
            [f"{model['name']} ({model['file']} is not there)" for model, path in there if not path.exists()])


def flags_of(model, threads, args):
    """For rac-compile."""
    return [f"--threads={threads}", f"--device={args.device}",
            *(f"--shape={name}={'x'.join(map(str, spec['shape']))}"
              for name, spec in model["inputs"].items() if spec["shape"])]


def rac_compile(*words):
    m.run_measured([m.BUILD / "bin/rac-compile", *words])


def rac_run(library, files, threads, repeat, *flags):
    """What rac-run tells; `files`: of inputs by name, others are random."""
    inputs = [word for name, file in files.items() for word in ("--input", f"{name}={file}")]
    done = subprocess.run([m.BUILD / "bin/rac-run", library, *inputs, "--json", f"--threads={threads}",
                           f"--repeat={repeat}", *flags], capture_output=True, text=True)
    if done.returncode:
        raise m.Failed(done.stderr.strip())
    return json.loads(done.stdout)


def merged(path, rows, key):
    """What the file has and `rows`, which replace those of the same key."""
    before = json.loads(path.read_text())["rows"] if path.exists() else []
    new = {key(row) for row in rows}
    return [row for row in before if key(row) not in new] + rows
