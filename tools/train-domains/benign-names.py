#!/usr/bin/env python3
"""Writes the registered names that the domain model takes for honest, one a line.

Source: the package hstspreload (BSD-3-Clause), which carries Chromium's HSTS preload list
(BSD-3-Clause). Usage:
    pip download --no-deps -d DIR hstspreload==2025.1.1
    benign-names.py DIR/hstspreload-2025.1.1-py3-none-any.whl > names.txt
"""
import re, sys, zipfile

NAME = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
data = zipfile.ZipFile(sys.argv[1]).read("hstspreload/hstspreload.bin")
names, at = set(), 0
while at + 2 <= len(data):
    flags, size = data[at], data[at + 1]
    label = data[at + 2 : at + 2 + size].decode("ascii", "replace")
    if flags & 0x80 and NAME.match(label):
        names.add(label)
    at += 2 + size
print("\n".join(sorted(names)))
