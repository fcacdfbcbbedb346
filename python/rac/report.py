"""Reports of what a model costs, as pages for people.

    rac.report.html("model.json")                      # writes model.html
    rac.report.html("model.so", "cost.html", measured="run.json")

or from a shell, after `rac-run model.so --energy --json > run.json`:

    python -m rac.report model.so -o cost.html --measured run.json

docs/Report.md says what is in a report.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

SCHEMA = "rac-report/1"
MEASURED_SCHEMA = "rac-run/1"
# Where the page wants the report; lib/Report/Html.cpp knows it too.
_PLACE = "{{rac-report}}"
# What a page can't be without.
_KEYS = ["model", "device", "objective", "budgets", "threads", "totals", "groups", "unknowns"]


class ReportError(ValueError):
    """A report, or what was measured, can't be used; the message names the file and says why."""


def load(source):
    """The report of a JSON file, or of a library that rac-compile made: a dict, schema rac-report/1.

    ReportError: it is neither, or of another schema.
    """
    path = Path(source)
    if path.suffix == ".so":
        report = _of_library(path)
    else:
        report = _read(path, SCHEMA)
    missing = [key for key in _KEYS if key not in report]
    if missing:
        raise ReportError(f"{path}: this report lacks {', '.join(missing)}")
    return report


def html(source, output=None, measured=None):
    """Writes a report as one HTML file that needs nothing else; gives its path.

    source     a JSON report, or a library that rac-compile made
    output     where to write (default: beside the source, with .html)
    measured   what `rac-run --json` printed, as a file: shown beside what was predicted

    ReportError: a file can't be used.
    """
    report = load(source)
    if measured is not None:
        report["measured"] = _read(Path(measured), MEASURED_SCHEMA)
    output = Path(source).with_suffix(".html") if output is None else Path(output)
    _write(output, page(report))
    return str(output)


def page(report):
    """The HTML of a report, as text."""
    template = _template().read_text(encoding="utf-8")
    before, place, after = template.partition(_PLACE)
    if not place:
        raise ReportError("the report's page has no place for a report")
    text = json.dumps(report, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Within a script nothing may look like a tag. In JSON a `<` is always in a string.
    return before + text.replace("<", "\\u003c") + after


def _template():
    """The page of the build that this package belongs to, or what $RAC_REPORT_PAGE names."""
    given = os.environ.get("RAC_REPORT_PAGE")
    if given:
        return Path(given)
    package = Path(os.path.abspath(__file__)).parent
    for root in (package.parents[1], package.parents[1] / "build"):
        path = root / "share" / "rac" / "report.html"
        if path.is_file():
            return path
    raise ReportError("the report's page was not found: build rac, or set RAC_REPORT_PAGE to it")


def _read(path, schema):
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ReportError(f"{path}: is no JSON: {error}") from None
    found = value.get("schema") if isinstance(value, dict) else None
    if found != schema:
        raise ReportError(f"{path}: its schema is {found!r}, and must be {schema!r}")
    return value


def _of_library(path):
    from ._model import RunError, load as load_model

    try:
        with load_model(path) as model:
            report = model.report
    except RunError as error:
        raise ReportError(f"{path}: {error}") from None
    if report is None:
        raise ReportError(f"{path}: this library doesn't hold its report")
    return report


def _write(path, text):
    """The whole file, or none."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _main():
    parser = argparse.ArgumentParser(prog="python -m rac.report", description=html.__doc__.split("\n")[0])
    parser.add_argument("source", help="a JSON report, or a library that rac-compile made")
    parser.add_argument("-o", "--output", help="default: beside the source, with .html")
    parser.add_argument("--measured", help="what `rac-run --json` printed")
    arguments = parser.parse_args()
    try:
        print(html(arguments.source, arguments.output, arguments.measured))
    except (ReportError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    _main()
