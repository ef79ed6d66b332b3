"""What else brings rows from Postgres to zstd Parquet in S3, a way a call; the last line tells the length of the file.

Usage: export.py WAY DATABASE QUERY FILE ENDPOINT ACCESS_KEY SECRET_KEY BUCKET EXPORTED
"""

import json
import os
import sys
from pathlib import Path

way, database, query, file, endpoint, access_key, secret_key, bucket, exported = sys.argv[1:]


def duckdb_reader():
    """DuckDB's own reader of Postgres is an extension, which is in no package registry."""
    import duckdb

    duck = duckdb.connect()
    duck.execute("load postgres")
    duck.execute(f"attach '{database}' as pg (type postgres, read_only)")
    duck.execute(f"copy (from postgres_query('pg', $q${query}$q$)) to '{file}' (format parquet, compression zstd)")


def adbc():
    """Arrow batches from binary COPY, written as they come."""
    import adbc_driver_postgresql.dbapi
    import pyarrow.parquet

    with adbc_driver_postgresql.dbapi.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        reader = cursor.fetch_record_batch()
        with pyarrow.parquet.ParquetWriter(file, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)


def chdb():
    import chdb
    from urllib.parse import urlsplit

    it = urlsplit(database)
    table = "bench_export"
    source = f"postgresql('{it.hostname}:{it.port}', '{it.path[1:]}', '{table}', '{it.username}', '')"
    target = f"file('{file}', Parquet)"
    settings = "output_format_parquet_compression_method = 'zstd'"
    chdb.query(f"insert into function {target} select * from {source} settings {settings}")


def polars_with(engine):
    import polars

    polars.read_database_uri(query, database, engine=engine).write_parquet(file, compression="zstd")


{
    "duckdb": duckdb_reader,
    "adbc": adbc,
    "chdb": chdb,
    "polars-adbc": lambda: polars_with("adbc"),
    "polars-connectorx": lambda: polars_with("connectorx"),
    "duckdb-size": lambda: __import__("duckdb").execute(
        f"copy (from read_parquet('{exported}/format=parquet/**/*.parquet', hive_partitioning = false)) "
        f"to '{file}' (format parquet, compression zstd)"
    ),
}[way]()

import pyarrow.fs

s3 = pyarrow.fs.S3FileSystem(
    access_key=access_key,
    secret_key=secret_key,
    scheme="http",
    endpoint_override=endpoint.removeprefix("http://"),
    region="us-east-1",
)
with s3.open_output_stream(f"{bucket}/peer/{way}.parquet") as out, open(file, "rb") as read:
    while part := read.read(16 << 20):
        out.write(part)
print(json.dumps({"bytes": os.path.getsize(file)}))
