#!/usr/bin/python3
"""Write unicode_table.h, the ranges base/text.c shows by, to standard output.

hidden  never shown raw: controls, format characters, separators other than
        the space, private use, unassigned, blank fillers, variation selectors
mark    combining: takes no column
wide    takes two columns
"""
import unicodedata

FILLERS = {0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x034F}


def kind(c):
    category = unicodedata.category(chr(c))
    if category[0] == "C" or category in ("Zl", "Zp"):
        return "hidden"
    if category == "Zs" and c != 0x20:
        return "hidden"
    if c in FILLERS or 0xFE00 <= c <= 0xFE0F or 0xE0100 <= c <= 0xE01EF \
            or 0x180B <= c <= 0x180F:
        return "hidden"
    if category in ("Mn", "Me"):
        return "mark"
    if unicodedata.east_asian_width(chr(c)) in ("W", "F"):
        return "wide"
    return ""


ranges = {"hidden": [], "mark": [], "wide": []}
for c in range(0x110000):
    k = kind(c)
    if k:
        if ranges[k] and ranges[k][-1][1] == c - 1:
            ranges[k][-1][1] = c
        else:
            ranges[k].append([c, c])

print("/* unicode_table.h - made by unicode.py from Unicode %s; do not edit */"
      % unicodedata.unidata_version)
for name, pairs in ranges.items():
    print("static const struct range %s[] = {" % name)
    for lo, hi in pairs:
        print("\t{ 0x%04x, 0x%04x }," % (lo, hi))
    print("};")
