"""Makes tables.json: one table of two pairs as pandas 2.3.3 writes it with the options people use.

Usage: python tables.py > tables.json    (needs pandas==2.3.3)
"""
import base64
import csv
import io
import json

import pandas as pd

table = pd.DataFrame({
    "video_path1": ["a/0.jpg", "b/0.jpg"], "video_path2": ["a/1.jpg", "b/1.jpg"],
    "task_name": ["Pick; place\tit", 'Fold, "twice"\nand öffne'], "target": ["img2", "img1"],
})
again = pd.read_csv(io.StringIO(table.to_csv()))  # the index becomes a column "Unnamed: 0"
levels = table.set_index(pd.MultiIndex.from_tuples([(0, "x"), (0, "y")]))
files = {
    "plain": table.to_csv(index=False), "index": table.to_csv(), "index twice": again.to_csv(), "index of two levels": levels.to_csv(),
    "semicolons": table.to_csv(index=False, sep=";"), "tabs": table.to_csv(index=False, sep="\t"), "tabs, index": table.to_csv(sep="\t"),
    "quoted": table.to_csv(index=False, quoting=csv.QUOTE_ALL), "windows": table.to_csv(index=False, lineterminator="\r\n"),
    "empty columns": table.assign(**{"": "", " ": ""}).to_csv(index=False), "empty rows": pd.concat([table, pd.DataFrame(index=range(3))]).to_csv(index=False),
    "rows of an index": pd.concat([table, pd.DataFrame(index=range(2, 4))]).to_csv(),
}
data = {name: text.encode() for name, text in files.items()}
for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
    data[encoding] = table.to_csv(index=False).encode(encoding)
json.dump({name: base64.b64encode(d).decode() for name, d in data.items()}, __import__("sys").stdout, indent=1)
