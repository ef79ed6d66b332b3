"""Reads an export with readers that are not ours and compares it with what Postgres holds.

Usage: readers.py FOLDER. FOLDER has the bucket as files (`bucket/`), and `expected.jsonl`: a line for each row of the
database, every column as JSON text (a string, a number or null; redactions and data as the text that was stored).
"""

import csv
import gzip
import io
import json
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.csv
import pyarrow.parquet

FOLDER = Path(sys.argv[1])
BUCKET = FOLDER / "bucket"
NUMBERS = {"seq", "t", "session_number"}
TIMES = {"timestamp", "sent_at", "received_at", "ingested_at", "session_start"}
JSON = {"redactions", "data"}
RAW = "raw_event_data"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def same(what, found, expected):
    """The same rows, as multisets."""
    key = lambda rows: Counter(json.dumps(with_event(row), sort_keys=True) for row in rows)
    found, expected = key(found), key(expected)
    if found != expected:
        sys.exit(f"{what}: not there: {list((expected - found))[:2]}\ntoo many: {list((found - expected))[:2]}")
    print(f"{what}: {found.total()} rows")


def time_text(time):
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_expected(row):
    return {name: time_text(value) if isinstance(value, datetime) else value for name, value in row.items()}


# Every number as the text it is, so that no digit is lost in comparing.
numbers = {"parse_int": lambda text: ["int", text], "parse_float": lambda text: ["float", text]}


def parsed(row):
    """JSON columns parsed."""
    return row | {name: json.loads(row[name], **numbers) for name in JSON}


def with_event(row):
    """The whole event parsed, where there is one: its times are not written as Postgres writes them."""
    if RAW not in row:
        return row
    event = json.loads(row[RAW], **numbers) if isinstance(row[RAW], str) else row[RAW]
    times = {name: time_text(datetime.fromisoformat(event[name])) for name in TIMES if name in event}
    return row | {RAW: event | times}


def exact(text):
    """Undoes what the manifest calls formula_safe."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text


expected = [json.loads(line) for line in (FOLDER / "expected.jsonl").read_text(encoding="utf-8").split("\n")]
columns = list(expected[0])
schema_id = "evothesis.event-row.1" + ("+raw_event_data" if RAW in columns else "")
manifests = [json.loads(path.read_text()) for path in sorted(BUCKET.glob("**/manifests/**/*.json"))]
objects = {"parquet": [], "jsonl": [], "csv": []}
for manifest in manifests:
    assert manifest["complete"] is True, manifest
    assert (manifest["schema_version"], manifest["schema_id"]) == (1, schema_id), manifest
    assert manifest["outcomes"] == {"accepted": manifest["rows"], "exported": manifest["rows"], "left_out": 0}, manifest
    for entry in manifest["objects"]:
        objects[entry["format"]].append(BUCKET / entry["key"])
assert all(objects.values()), objects

# Parquet: types
for path in objects["parquet"]:
    schema = pyarrow.parquet.read_schema(path)
    assert schema.names == columns, schema.names
    assert pyarrow.parquet.read_metadata(path).metadata[b"evothesis.schema_id"] == schema_id.encode()
    for number, field in enumerate(schema, 1):
        wanted = (
            pyarrow.int64() if field.name in NUMBERS
            else pyarrow.timestamp("us", tz="UTC") if field.name in TIMES
            else pyarrow.string()
        )
        assert field.type == wanted, (field, wanted)
        assert field.metadata[b"PARQUET:field_id"] == str(number).encode(), field.metadata

# Parquet: values, by pyarrow, DuckDB, polars and pandas
rows = [row for path in objects["parquet"] for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()]
same("pyarrow", map(as_expected, rows), expected)
paths = [str(path) for path in objects["parquet"]]
duck = duckdb.connect()
duck.execute("set timezone = 'UTC'")
relation = duck.read_parquet(paths)
types = dict(zip(relation.columns, map(str, relation.types)))
assert {types[name] for name in TIMES} == {"TIMESTAMP WITH TIME ZONE"}, types
assert {types[name] for name in NUMBERS} == {"BIGINT"}, types
text_times = ", ".join(
    f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ') as {name}" if name in TIMES else name for name in columns
)
found = duck.execute(f"select {text_times} from read_parquet($paths)", {"paths": paths}).fetchall()
same("DuckDB, Parquet", (dict(zip(columns, row)) for row in found), expected)
same("polars", map(as_expected, polars.read_parquet(paths, hive_partitioning=False).to_dicts()), expected)
frame = pandas.concat([pandas.read_parquet(path, partitioning=None) for path in paths])
same("pandas, ids", ({"event_id": id} for id in frame["event_id"]), ({"event_id": row["event_id"]} for row in expected))

# JSON Lines
lines = [line for path in objects["jsonl"] for line in gzip.open(path, "rt", encoding="utf-8", newline="\n")]
rows = []
for line in lines:
    row = json.loads(line, **numbers)
    for name in NUMBERS:
        kind, text = row[name]
        assert kind == "int", row[name]
        row[name] = int(text)
    assert list(row) == columns, list(row)
    rows.append(row)
same("Python's json", rows, map(parsed, expected))

csv.field_size_limit(1 << 24)

# CSV, by Python: every value
for path in objects["csv"]:
    with gzip.open(path, "rb") as file:
        raw = file.read()
    assert raw.endswith(b"\r\n") and raw.decode("utf-8").split("\r\n", 1)[0] == ",".join(columns)
rows = []
for path in objects["csv"]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            assert not any(value.startswith(FORMULA) for name, value in row.items() if name not in NUMBERS), row
            rows.append({name: int(row[name]) if name in NUMBERS else exact(row[name]) for name in columns})
no_null = [{name: "" if value is None else value for name, value in row.items()} for row in expected]
same("Python's csv", rows, no_null)

# CSV, by pyarrow: a missing value is not an empty text
for path in objects["csv"]:
    with gzip.open(path, "rb") as file:
        raw = file.read()
    table = pyarrow.csv.read_csv(
        io.BytesIO(raw),
        # A row must not be longer than that.
        read_options=pyarrow.csv.ReadOptions(block_size=1 << 24),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
            column_types={name: pyarrow.int64() if name in NUMBERS else pyarrow.string() for name in columns},
        ),
    )
    rows = [{name: exact(v) if isinstance(v, str) else v for name, v in row.items()} for row in table.to_pylist()]
    ids = {row["event_id"] for row in rows}
    same("pyarrow, CSV", rows, [row for row in expected if row["event_id"] in ids])

# CSV, by DuckDB
found = duck.execute(
    "select * from read_csv($paths, header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ',', "
    "allow_quoted_nulls = false, nullstr = '', strict_mode = true, max_line_size = 20000000, hive_partitioning = false)",
    {"paths": [str(path) for path in objects["csv"]]},
).fetchall()
found = [dict(zip(columns, [exact(value) if value is not None else None for value in row])) for row in found]
as_text = [{name: str(v) if name in NUMBERS else v for name, v in row.items()} for row in expected]
same("DuckDB, CSV", found, as_text)
