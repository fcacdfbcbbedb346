"""Narrower types at the errors that they cost: precision.py [--only NAME;…] [--threads N] [--max-error REL]

The trained models on text, rendered pages and sound. Engines find ranges on some samples; errors are
those on others, relative to onnxruntime's answers in f32 (|difference| / |answer| over all of them,
the worst output's); times are taken side by side on one. rac auto is compiled for --max-error, and
once more for the error that OpenVINO's int8 has. The models of random weights, in bf16 alone, follow
in a table of their own. OpenVINO's int8 models are made by nncf with its defaults.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import measure as m
import table as t

sys.path.insert(0, str(m.ROOT / "test/python"))

PEERS_F32 = ["onnxruntime", "OpenVINO"]
TRAINED = ["rac", "rac bf16", "rac auto", "rac at int8's error", *PEERS_F32, "OpenVINO bf16", "OpenVINO int8"]
RANDOM = ["rac bf16", "OpenVINO bf16"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, default=m.HERE / "models.json", metavar="FILE")
    parser.add_argument("--models", type=Path, default=m.MODELS, metavar="DIR", help="where the models are")
    parser.add_argument("--only", default="", help="models whose names begin so, separated by ;")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burst-ms", type=float, default=300)
    parser.add_argument("--max-error", type=float, default=0.01)
    parser.add_argument("--rac-flags", default="", help="for rac-compile")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the tables in this page")
    return parser.parse_args()


# ---- samples
def silero_chunks(seconds, seed):
    import onnxruntime
    import samples

    session = onnxruntime.InferenceSession(str(m.MODELS / "silero_vad_16k_op15.onnx"), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return samples.chunks(samples.sound(seconds, seed), lambda feed: dict(zip(names, session.run(None, feed))))


def trained():
    """(name, file, feeds to find ranges with, feeds for errors, whether nncf shall take a transformer)"""
    import samples

    text, pages = samples.text(32), samples.pages(16)
    yield "MiniLM-L6, text of 128 tokens", "minilm_l6.onnx", text[:24], text[24:], True
    yield "PP-OCRv4 detector, pages of 256 x 480", "ch_PP-OCRv4_det_infer.onnx", pages[:12], pages[12:], False
    yield ("silero, chunks of 32 ms", "silero_vad_16k_op15.onnx", silero_chunks(12, 1)[::8],
           silero_chunks(12, 2)[::8], False)


# ---- models
def quantise(model, feeds, is_transformer, output):
    import nncf
    import openvino

    read = openvino.Core().read_model(model)
    read.reshape({name: openvino.PartialShape(array.shape) for name, array in feeds[0].items()})
    made = nncf.quantize(read, nncf.Dataset(feeds), subset_size=len(feeds),
                         model_type=nncf.ModelType.TRANSFORMER if is_transformer else None)
    openvino.save_model(made, output, compress_to_fp16=False)


def compile_rac(model, library, feed, args, *flags):
    shapes = [f"--shape={name}={'x'.join(map(str, array.shape))}" for name, array in feed.items() if array.shape]
    report = library.with_suffix(".json")
    m.run_measured([m.BUILD / "bin/rac-compile", model, "-o", library, f"--report={report}", f"--threads={args.threads}",
                    *shapes, *args.rac_flags.split(), *flags])
    return json.loads(report.read_text())


def save(feeds, folder):
    folder.mkdir()
    files = []
    for i, feed in enumerate(feeds):
        files.append(str(folder / f"{i:04}.npz"))
        np.savez(files[-1], **feed)
    return files


def error_of(answers, reference):
    """|difference| / |answer| over all samples, of the worst output."""
    with np.load(answers) as got, np.load(reference) as wanted:
        outputs = {name.split(".")[1] for name in wanted.files}
        errors = []
        for output in outputs:
            names = [name for name in wanted.files if name.split(".")[1] == output]
            a, b = (np.concatenate([np.ravel(arrays[name]).astype(np.float64) for name in names])
                    for arrays in (wanted, got))
            errors.append(np.linalg.norm(a - b) / np.linalg.norm(a))
        return max(errors)


def measure_trained(name, model, seen, unseen, is_transformer, folder, args):
    save(seen, folder / "seen")
    calibration = f"--calibration={folder / 'seen'}"
    job = {"model": str(model), "threads": args.threads, "inputs": {}, "answers": str(folder / "answers"),
           "samples": save(unseen, folder / "unseen")}
    for i, (key, array) in enumerate(unseen[0].items()):
        job["inputs"][key] = str(folder / f"input{i}.npy")
        np.save(job["inputs"][key], array)
    row = {"model": name, "notes": {}, "engines": {}, "errors": {}}
    engines = list(TRAINED)

    def attempt(engine, key, file, make):
        job[key] = str(file)
        try:
            return make()
        except Exception as error:  # noqa: BLE001: whatever a peer's tool throws is its result
            row["engines"][engine] = {"error": str(error)[-300:]}
            engines.remove(engine)

    def rac(engine, key, *flags):
        file = folder / f"{key}.so"
        return attempt(engine, key, file, lambda: compile_rac(model, file, unseen[0], args, *flags))

    attempt("OpenVINO int8", "int8", folder / "int8.xml",
            lambda: quantise(model, seen, is_transformer, folder / "int8.xml"))
    rac("rac", "library")
    rac("rac bf16", "library_bf16", "--precision=bf16")
    row["report"] = rac("rac auto", "library_auto", "--precision=auto", f"--max-error={args.max_error}", calibration)
    int8_error = None
    if "OpenVINO int8" in engines:
        first = run_once(["onnxruntime", "OpenVINO int8"], job, folder)
        int8_error = first.get("OpenVINO int8")
    if int8_error:
        rac("rac at int8's error", "library_same", "--precision=auto", f"--max-error={int8_error}", calibration)
    else:
        engines.remove("rac at int8's error")
    (folder / "job.json").write_text(json.dumps(job))
    row["engines"].update(m.side_by_side(engines, folder / "job.json", args.rounds, args.burst_ms))
    for engine in engines:
        answers = Path(f"{job['answers']}.{engine}.npz")
        if answers.exists():
            row["errors"][engine] = error_of(answers, f"{job['answers']}.onnxruntime.npz")
    return row


def run_once(engines, job, folder):
    """{engine: its error}"""
    (folder / "job.json").write_text(json.dumps(job))
    m.side_by_side(engines, folder / "job.json", 1, 1)
    return {engine: error_of(f"{job['answers']}.{engine}.npz", f"{job['answers']}.onnxruntime.npz")
            for engine in engines if Path(f"{job['answers']}.{engine}.npz").exists()}


def measure_random(model, path, folder, args):
    files = m.write_inputs(model["inputs"], folder)
    feed = {name: np.load(file) for name, file in files.items()}
    job = {"model": str(path), "threads": args.threads, "inputs": files, "answers": str(folder / "answers"),
           "samples": save([feed], folder / "samples"), "library_bf16": str(folder / "bf16.so")}
    compile_rac(path, folder / "bf16.so", feed, args, "--precision=bf16")
    (folder / "job.json").write_text(json.dumps(job))
    row = {"model": model["name"],
           "engines": m.side_by_side(["onnxruntime", *RANDOM], folder / "job.json", args.rounds, args.burst_ms)}
    row["errors"] = {engine: error_of(f"{job['answers']}.{engine}.npz", f"{job['answers']}.onnxruntime.npz")
                     for engine in RANDOM if Path(f"{job['answers']}.{engine}.npz").exists()}
    return row


# ---- tables
def cell(row, engine):
    result, error = row["engines"].get(engine, {}), row["errors"].get(engine)
    if "median" not in result:
        return "fails" if result else t.UNKNOWN
    shown = "" if error is None else f" ({error:.1e})" if error else " (0)"
    return t.number(result["median"], 1e3) + shown


def speedup(row, of, peers):
    ratios = [m.ratio(row["engines"], of, peer) for peer in peers]
    return min((ratio for ratio in ratios if ratio), default=None)


COMPARED = [("rac auto", PEERS_F32), ("rac auto", ["OpenVINO bf16"]), ("rac at int8's error", ["OpenVINO int8"])]


def trained_table(rows):
    titles = ["auto : fastest f32 peer", "auto : OpenVINO bf16", "rac : OpenVINO int8, same error"]
    lines = [[row["model"], *(cell(row, engine) for engine in TRAINED),
              *(t.times(speedup(row, of, peers)) for of, peers in COMPARED)] for row in rows]
    means = [t.geometric_mean([r for r in (speedup(row, of, peers) for row in rows) if r]) for of, peers in COMPARED]
    lines.append(["geometric mean", *[""] * len(TRAINED), *map(t.times, means)])
    return t.table(["ms (error)", *TRAINED, *titles], lines)


def random_table(rows):
    lines = [[row["model"], *(cell(row, engine) for engine in RANDOM), t.times(speedup(row, *COMPARED_BF16))]
             for row in rows]
    mean = t.geometric_mean([r for r in (speedup(row, *COMPARED_BF16) for row in rows) if r])
    lines.append(["geometric mean", "", "", t.times(mean)])
    return t.table(["ms (error)", *RANDOM, "rac : OpenVINO"], lines)


COMPARED_BF16 = ("rac bf16", ["OpenVINO bf16"])


def energy_lines(rows):
    for row in rows:
        precision = (row.get("report") or {}).get("precision")
        if precision and precision["joules"] and precision["in_f32"]["joules"]:
            yield (f"- {row['model']}: {precision['joules'] * 1e3:.3g} mJ predicted, "
                   f"{precision['in_f32']['joules'] * 1e3:.3g} in f32.")


def main():
    args = parse_arguments()
    prefixes = tuple(filter(None, args.only.split(";")))
    rows, random_rows = [], []
    for name, file, seen, unseen, is_transformer in trained():
        if prefixes and not name.startswith(prefixes) or not (args.models / file).exists():
            continue
        with tempfile.TemporaryDirectory(prefix="rac-benchmark-") as folder:
            rows.append(measure_trained(name, args.models / file, seen, unseen, is_transformer, Path(folder), args))
        print(name, {engine: cell(rows[-1], engine) for engine in TRAINED},
              {k: v["error"] for k, v in rows[-1]["engines"].items() if "error" in v}, file=sys.stderr, flush=True)
    trained_files = {"minilm_l6.onnx", "ch_PP-OCRv4_det_infer.onnx", "silero_vad_16k_op15.onnx"}
    for model in json.loads(args.manifest.read_text())["models"]:
        path = args.models / model["file"]
        if model["file"] in trained_files or prefixes and not model["name"].startswith(prefixes) or not path.exists():
            continue
        with tempfile.TemporaryDirectory(prefix="rac-benchmark-") as folder:
            try:
                random_rows.append(measure_random(model, path, Path(folder), args))
            except m.Failed as error:
                print(f"{model['name']}: {error}", file=sys.stderr)
                continue
        print(model["name"], {engine: cell(random_rows[-1], engine) for engine in RANDOM}, file=sys.stderr, flush=True)
    text = [t.run_of(m.processor(), {"rac": m.commit()}), f"Threads: {args.threads}.", ""]
    if rows:
        text += [trained_table(rows), "", *energy_lines(rows), ""]
    if random_rows:
        text += [random_table(random_rows)]
    text = "\n".join(text).strip()
    if args.markdown:
        t.replace_part(args.markdown, "precision", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
