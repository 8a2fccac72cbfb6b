#!/usr/bin/env python3
"""Writes content/suffixes/public.txt from Debian's publicsuffix (MPL-2.0).

Usage: compact.py /usr/share/publicsuffix/public_suffix_list.dat > content/suffixes/public.txt
A line is a name and what it is: `=` a suffix, `*` every name directly below it is one, `!` it is none
though the name above says so. Sorted by bytes. Rules outside ASCII stand twice, as written and as in DNS.
"""
import sys

kinds = {}
for line in open(sys.argv[1], encoding="utf-8"):
    rule = line.split("//")[0].strip()
    if not rule:
        continue
    kind = "!" if rule.startswith("!") else "*" if rule.startswith("*.") else "="
    name = rule.removeprefix("!").removeprefix("*.").lower()
    for form in {name, ".".join(part.encode("idna").decode() for part in name.split("."))}:
        kinds.setdefault(form, set()).add(kind)
for name in sorted(kinds, key=str.encode):
    print(name, "".join(sorted(kinds[name])))
