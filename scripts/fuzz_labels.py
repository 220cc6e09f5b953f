#!/usr/bin/env python3
"""Makes the seeds of the fuzz target `labels`: small tables in every form that spreadsheets and people write. Needs nothing.

    scripts/fuzz_labels.py TO
"""
import itertools
import pathlib
import sys

COLUMNS = "exam study accession series patient class part fold slices z site".split()
ROWS = [
    ["exam-1", "", "", "", "", "none", "train", "1", "all", "", "A"],
    ["exam 2", "", "A7", "", "Doe, Jane", "left", "tune", "2", "10-14", "", "B"],
    ["", "1.2.840.1", "", "1.2.840.2", "P3", "right", "test", "", "3 5 9", "", "A"],
    ["", "", "", "bone", "P4", "none", "", "5", "", "-20..40", "a \"quoted\" one"],
    ["über", "", "", "", "", "nine", "practice", "x", "3-1", "", "two\nlines"],
    ["e6", "", "", "", "", "left", "", "0", "1-100000,1-100000", "1..2", ""],
]


def cell(text, delimiter):
    special = any(character in text for character in (delimiter, '"', "\n"))
    return '"' + text.replace('"', '""') + '"' if special else text


def table(delimiter, end):
    lines = [COLUMNS, *ROWS, [""] * len(COLUMNS)]
    return end.join(delimiter.join(cell(text, delimiter) for text in line) for line in lines) + end


def seeds():
    for (name, delimiter), (ends, end) in itertools.product(
        {"comma": ",", "semicolon": ";", "tab": "\t"}.items(), {"unix": "\n", "dos": "\r\n", "mac": "\r"}.items()
    ):
        text = table(delimiter, end)
        yield f"{name}-{ends}", text.encode()
        yield f"{name}-{ends}-mark", text.encode("utf-8-sig")
    yield "latin", table(",", "\n").encode("latin-1")
    yield "utf16", table(",", "\n").encode("utf-16")
    yield "ragged", b"exam,class\na\nb,none,more\n\n,\n\"open"
    yield "twice", b"exam,class,exam\na,none,b\n"
    yield "wide", b"exam,class" + b"," * 500 + b"\na,none" + b"," * 500
    yield "no-class", b"exam,site\na,b\n"


def main(to):
    to = pathlib.Path(to)
    to.mkdir(parents=True, exist_ok=True)
    for name, content in seeds():
        (to / name).write_bytes(content)
    print(f"{len(list(to.iterdir()))} seeds in {to}")


if __name__ == "__main__":
    main(*sys.argv[1:])
