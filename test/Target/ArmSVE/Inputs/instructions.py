"""instructions.py FOLDER RAC-RUN PLUGIN: instructions of a run of each model, at every length of vectors, and by how much they
fall when the length doubles."""

import subprocess
import sys
from pathlib import Path

EMULATE = Path(__file__).resolve().parents[4] / "scripts/emulate.sh"
LENGTHS = [16, 32, 64, 128, 256]  # bytes
LEAST = 1.8
RUNS = 20 # so that some thousand instructions more or less, which rac-run takes besides, don't count
folder, rac_run, plugin = Path(sys.argv[1]), *sys.argv[2:]


def executed(library, length, repeat):
    out = folder / "count.txt"
    subprocess.run(
        [EMULATE, str(length), "-plugin", f"file={plugin},out={out}", rac_run, library, "--threads=1", "--warmup=0",
         f"--repeat={repeat}"],
        check=True, stdout=subprocess.DEVNULL)
    return int(out.read_text())


for library in sorted(folder.glob("*.so")):
    counts = [(executed(library, length, 1 + RUNS) - executed(library, length, 1)) // RUNS for length in LENGTHS]
    falls = [before / after for before, after in zip(counts, counts[1:])]
    verdict = "good" if min(falls) >= LEAST else "BAD"
    print(library.stem, verdict, counts, " ".join(f"{fall:.2f}" for fall in falls), flush=True)
