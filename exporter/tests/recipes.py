"""Runs the recipes of docs/reading-your-data.md that read a bucket, on a copy of one.

Usage: recipes.py DOCUMENT BUCKET_FOLDER
"""

import re
import sys

import duckdb

document, bucket = sys.argv[1:]
sections = re.split(r"^## ", open(document, encoding="utf-8").read(), flags=re.MULTILINE)
ran = 0
for section in sections:
    title = section.splitlines()[0]
    if title not in ("DuckDB", "pandas", "polars", "pyarrow"):
        continue
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL):
        code = code.replace("s3://example-events/", bucket.rstrip("/") + "/")
        print(f"# {title}")
        if language == "sql":
            found = duckdb.sql(code)
            print(found)
            assert len(found) > 0, code
        else:
            exec(compile(code, title, "exec"), {})
        ran += 1
assert ran == 6, f"{ran} recipes were found"
