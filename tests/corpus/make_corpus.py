"""Makes the damaged and hostile files of tests/corpus.rs. Needs Python alone.

    python make_corpus.py

`index.json` says what must come of each: `says` is in the error, `reads` is the number of slices that are read. Files that
fuzzing found lie in folders named `found` and may end either way.

The kinds of DICOM damage include those of https://github.com/Enet4/dicom-rs/issues/828 that concern reading files:
lengths that are believed, delimiters outside of sequences, output sized by Rows and Columns, frames and fragments that
are not there, and texts where numbers belong.
"""

import gzip
import io
import json
import pathlib
import shutil
import struct
import zipfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
index = {}


def put(name, data, says=None, reads=None):
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert len(data) <= 200_000, (name, len(data))
    index[name] = {key: value for key, value in (("says", says), ("reads", reads)) if value is not None}


for folder in ("dicom", "nifti", "nrrd", "zip", "model", "picture", "series", "other"):
    for path in (HERE / folder).glob("*"):
        if path.name != "found":
            shutil.rmtree(path) if path.is_dir() else path.unlink()

# --- DICOM --------------------------------------------------------------------------------------------------------

LONG = {"OB", "OW", "SQ", "UN", "UT", "OF"}
IMPLICIT, EXPLICIT, BIG, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
RLE, JPEG, JPEG_LOSSLESS, JPEG_LS, JPEG_2000 = (f"1.2.840.10008.1.2.{end}" for end in ("5", "4.50", "4.70", "4.80", "4.90"))
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"


def text(value):
    data = str(value).encode()
    return data + b" " * (len(data) % 2)


def uid(value):
    data = value.encode()
    return data + b"\0" * (len(data) % 2)


def us(*values):
    return struct.pack(f"<{len(values)}H", *values)


def element(group, number, vr, data, length=None):
    """Explicit little endian."""
    length = len(data) if length is None else length
    head = struct.pack("<HH", group, number) + vr.encode()
    return head + (struct.pack("<HI", 0, length) if vr in LONG else struct.pack("<H", length & 0xFFFF)) + data


def implicit(group, number, data, length=None):
    return struct.pack("<HHI", group, number, len(data) if length is None else length) + data


PIXELS = b"".join(struct.pack("<H", 24 * i) for i in range(16))
BASE = {
    (8, 0x16): ("UI", uid("1.2.840.10008.5.1.4.1.1.2")),
    (8, 0x18): ("UI", uid("1.2.3.4")),
    (8, 0x60): ("CS", b"CT"),
    (0x20, 0xD): ("UI", uid("1.2.3")),
    (0x20, 0xE): ("UI", uid("1.2.3.5")),
    (0x20, 0x32): ("DS", text("-10\\-20\\-30")),
    (0x20, 0x37): ("DS", text("1\\0\\0\\0\\1\\0")),
    (0x28, 0x2): ("US", us(1)),
    (0x28, 0x4): ("CS", text("MONOCHROME2")),
    (0x28, 0x10): ("US", us(4)),
    (0x28, 0x11): ("US", us(4)),
    (0x28, 0x30): ("DS", text("0.5\\0.5")),
    (0x28, 0x100): ("US", us(16)),
    (0x28, 0x101): ("US", us(16)),
    (0x28, 0x102): ("US", us(15)),
    (0x28, 0x103): ("US", us(0)),
    (0x28, 0x1052): ("DS", text("-1024")),
    (0x28, 0x1053): ("DS", text("1")),
    (0x7FE0, 0x10): ("OW", PIXELS),
}


def meta(syntax, length=None, extra=b""):
    inner = element(2, 1, "OB", b"\0\1") + element(2, 2, "UI", uid("1.2.840.10008.5.1.4.1.1.2")) + element(2, 3, "UI", uid("1.2.3.4"))
    inner += element(2, 0x10, "UI", uid(syntax)) if syntax else b""
    inner += element(2, 0x12, "UI", uid("1.2.3.9")) + extra
    return b"\0" * 128 + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(inner) if length is None else length)) + inner


def data_set(changes=None, before=b"", raw=None):
    """The elements in order; a change is (vr, data), bytes as they are, or None to leave one out."""
    elements = {**BASE, **(changes or {})}
    out = before
    for (group, number), value in sorted(elements.items()):
        if isinstance(value, bytes):
            out += value
        elif value is not None:
            out += element(group, number, *value)
    return out


def dicom(name, changes=None, says=None, reads=None, *, syntax=EXPLICIT, before=b"", behind=b"", **meta_changes):
    put(f"dicom/{name}.dcm", meta(syntax, **meta_changes) + data_set(changes, before) + behind, says, reads)


def fragments(*parts, table=b"", end=SEQUENCE_END + b"\0\0\0\0"):
    items = b"".join(ITEM + struct.pack("<I", len(part)) + part for part in (table, *parts))
    return struct.pack("<HH", 0x7FE0, 0x10) + b"OB\0\0" + b"\xff" * 4 + items + end


PIXEL = (0x7FE0, 0x10)
whole = meta(EXPLICIT) + data_set()
dicom("plain", reads=1)
put("dicom/one_byte.dcm", b"\0")
put("dicom/preamble.dcm", b"\0" * 128 + b"DICM")
put("dicom/magic_alone.dcm", b"DICM")
put("dicom/zeros.dcm", b"\0" * 1000)
put("dicom/meta_alone.dcm", meta(EXPLICIT), says="cut short: it ends behind its file meta information")
put("dicom/meta_alone_deflated.dcm", meta(DEFLATED), says="cut short: it ends behind its file meta information")
put("dicom/meta_alone_unknown_syntax.dcm", meta("not.a.uid"), says="cut short: it ends behind its file meta information")
put("dicom/cut_before_modality.dcm", whole[: whole.index(element(8, 0x60, "CS", b"CT"))], says="cut short: it ends before (7FE0,0010)")
for end in (133, 139, 141, 150, 200, 300, 340, 380, 420, 470, len(whole) - 33, len(whole) - 1):
    put(f"dicom/cut_at_{end}.dcm", whole[:end])

# Lengths
dicom("group_length_short", length=4)
dicom("group_length_long", length=1 << 30)
dicom("group_length_all_ones", length=UNDEFINED)
dicom("length_beyond_end", {(8, 0x60): element(8, 0x60, "CS", b"CT", 0xFFF0)}, says="cut short")
dicom("length_4_gb", {(8, 0x1030): element(8, 0x1030, "UT", b"abcd", 0xFFFFFFF0)}, says="cut short")
dicom("length_undefined_text", {(8, 0x1030): element(8, 0x1030, "UT", b"abcd", UNDEFINED)})
dicom("length_undefined_unknown", {(9, 0x1030): element(9, 0x1030, "UN", b"abcd", UNDEFINED)})
dicom("length_odd", {(8, 0x60): element(8, 0x60, "CS", b"CT ", 3)}, reads=1)
dicom("pixels_longer", {PIXEL: element(*PIXEL, "OW", PIXELS, 1 << 31)}, says="cut short")
dicom("pixels_shorter", {PIXEL: ("OW", PIXELS[:-2])}, says="has 30 bytes where 4 rows of 4 pixels need 32")
dicom("pixels_none", {PIXEL: ("OW", b"")})
dicom("pixels_undefined_without_items", {PIXEL: element(*PIXEL, "OW", PIXELS, UNDEFINED)})
dicom("trailing_garbage", behind=b"\xff" * 50)
dicom("trailing_zeros", behind=b"\0" * 64)
dicom("unknown_vr", {(8, 0x1030): struct.pack("<HH", 8, 0x1030) + b"ZZ\4\0abcd"})
dicom("binary_vr", {(8, 0x1030): struct.pack("<HH", 8, 0x1030) + b"\1\2\4\0abcd"})
put("dicom/implicit.dcm", meta(IMPLICIT) + b"".join(implicit(*tag, value[1]) for tag, value in sorted(BASE.items())), reads=1)
put("dicom/implicit_length_4_gb.dcm", meta(IMPLICIT) + implicit(8, 0x16, b"12", 0xFFFFFFF0), says="cut short")
put("dicom/implicit_called_explicit.dcm", meta(EXPLICIT) + b"".join(implicit(*tag, value[1]) for tag, value in sorted(BASE.items())))
put("dicom/explicit_called_implicit.dcm", meta(IMPLICIT) + data_set())
put("dicom/explicit_called_big_endian.dcm", meta(BIG) + data_set())
dicom("no_syntax", syntax=None)
dicom("syntax_nonsense", syntax="not.a.uid", says="not.a.uid")
dicom("syntax_64_times", syntax="1." * 60 + "1")

# Sizes
for rows, columns in ((65535, 65535), (0, 0), (0, 4), (4, 0), (65535, 1), (4096, 4096), (8192, 8192)):
    dicom(f"size_{rows}_{columns}", {(0x28, 0x10): ("US", us(rows)), (0x28, 0x11): ("US", us(columns))})
dicom("rows_as_text", {(0x28, 0x10): ("LO", b"four")})
dicom("rows_one_byte", {(0x28, 0x10): ("US", b"\4")})
dicom("rows_many", {(0x28, 0x10): ("US", us(*range(1, 400)))})
dicom("rows_32_bit", {(0x28, 0x10): ("UL", struct.pack("<I", 1 << 31))})
for bits in (0, 1, 7, 12, 17, 32, 64, 65535):
    dicom(f"bits_{bits}", {(0x28, 0x100): ("US", us(bits))})
dicom("bits_stored_0", {(0x28, 0x101): ("US", us(0))})
dicom("high_bit_65535", {(0x28, 0x102): ("US", us(65535))})
dicom("sign_2", {(0x28, 0x103): ("US", us(2))})
dicom("samples_0", {(0x28, 0x2): ("US", us(0))})
dicom("samples_65535", {(0x28, 0x2): ("US", us(65535))})
for frames in ("0", "-1", "2", "1000000", "2147483647", "99999999999999999999", "1.5", "many"):
    dicom(f"frames_{frames}", {(0x28, 8): ("IS", text(frames))})

# Numbers
for name, tag, values in (
    ("slope", (0x28, 0x1053), ("0", "nan", "inf", "1e308", "-1e-320", "1e999", "", "1\\2", "0x10", " 1 ", "1.0.0")),
    ("intercept", (0x28, 0x1052), ("nan", "-inf", "1e308", "", "--1")),
    ("spacing", (0x28, 0x30), ("0\\0", "-1\\1", "nan\\nan", "1e300\\1e300", "1", "1\\1\\1", "\\")),
    ("position", (0x20, 0x32), ("0\\0", "nan\\0\\0", "1e308\\1e308\\1e308", "a\\b\\c")),
    ("orientation", (0x20, 0x37), ("0\\0\\0\\0\\0\\0", "1\\0\\0\\1\\0\\0", "nan\\0\\0\\0\\1\\0", "1\\0\\0\\0\\1", "1e200\\0\\0\\0\\1e200\\0")),
):
    for number, value in enumerate(values):
        dicom(f"{name}_{number}", {tag: ("DS", text(value))})
dicom("character_set_unknown", {(8, 5): ("CS", text("ISO 9999\\\\ISO_IR 7"))}, reads=1)
dicom("texts_no_utf8", {(8, 0x103E): ("LO", b"\xff\xfe\xc3\x28"), (0x10, 0x10): ("PN", b"\x80^\xff")}, reads=1)
dicom("uid_of_letters", {(0x20, 0xE): ("UI", "Ünïcode".encode() + b" ")})

# Tags that are missing
for group, number in BASE:
    dicom(f"without_{group:04x}_{number:04x}", {(group, number): None})
dicom("modality_mr", {(8, 0x60): ("CS", b"MR")}, says="MR")
put("dicom/elements_in_no_order.dcm", meta(EXPLICIT) + b"".join(element(*tag, *value) for tag, value in sorted(BASE.items(), reverse=True)))
put("dicom/elements_twice.dcm", meta(EXPLICIT) + data_set() + data_set())

# Sequences
deep = element(0x40, 0xA175, "SQ", b"", UNDEFINED) + ITEM + b"\xff" * 4
dicom("sequences_deep", {(0x40, 0xA175): deep * 500}, says="nested too deeply")
deep_unknown = implicit(0x40, 0xA175, b"", UNDEFINED) + ITEM + b"\xff" * 4
dicom("sequences_deep_unknown", {(0x40, 0xA175): element(0x40, 0xA175, "UN", b"", UNDEFINED) + ITEM + b"\xff" * 4 + deep_unknown * 500}, says="nested too deeply")
nested = b""
for _ in range(300):
    nested = element(0x40, 0xA175, "SQ", ITEM + struct.pack("<I", len(nested)) + nested)
dicom("sequences_deep_defined", {(0x40, 0xA175): nested})
sequence = lambda data, length=None: {(8, 0x1140): element(8, 0x1140, "SQ", data, length)}
inner = element(8, 0x1150, "UI", uid("1.2"))
dicom("sequence_plain", sequence(ITEM + struct.pack("<I", len(inner)) + inner), reads=1)
dicom("sequence_item_longer_than_it", sequence(ITEM + struct.pack("<I", 500) + inner))
dicom("sequence_item_4_gb", sequence(ITEM + struct.pack("<I", 0xFFFFFFF0) + inner))
dicom("sequence_element_longer_than_item", sequence(ITEM + struct.pack("<I", 10) + inner))
dicom("sequence_without_end", sequence(ITEM + b"\xff" * 4 + inner, UNDEFINED))
dicom("sequence_item_without_end", sequence(ITEM + b"\xff" * 4 + inner + SEQUENCE_END + b"\0" * 4, UNDEFINED))
dicom("sequence_of_elements", sequence(inner, UNDEFINED))
dicom("sequence_end_with_length", sequence(ITEM + struct.pack("<I", len(inner)) + inner + SEQUENCE_END + b"\xff" * 4, UNDEFINED))
dicom("sequence_many_empty_items", sequence((ITEM + b"\0" * 4) * 2000 + SEQUENCE_END + b"\0" * 4, UNDEFINED), reads=1)
dicom("item_end_outside", {(8, 0x1140): ITEM_END + b"\0" * 4})
dicom("item_end_then_item", {(8, 0x1140): ITEM_END + b"\0" * 4 + ITEM + b"\0" * 4})
dicom("sequence_end_outside", {(8, 0x1140): SEQUENCE_END + b"\0" * 4})
dicom("item_outside", {(8, 0x1140): ITEM + struct.pack("<I", 4) + b"abcd"})
dicom("begins_with_sequence_end", before=SEQUENCE_END + b"\0" * 4)

# Compressed pixels
absurd = {(0x28, 0x10): ("US", us(65535)), (0x28, 0x11): ("US", us(65535))}
rle = struct.pack("<16I", 2, 64, 82, *[0] * 13) + bytes([15]) + bytes(16) + b"\0" + bytes([15]) + bytes(range(16)) + b"\0"
for name, syntax in (("rle", RLE), ("jpeg", JPEG), ("jpeg_lossless", JPEG_LOSSLESS), ("jpeg_ls", JPEG_LS), ("jpeg_2000", JPEG_2000)):
    def add(what, changes, says=None, syntax=syntax, name=name):
        dicom(f"{name}_{what}", changes, says, syntax=syntax)
    add("no_fragment", {PIXEL: fragments()})
    add("empty_fragment", {PIXEL: fragments(b"")})
    add("garbage", {PIXEL: fragments(bytes(range(256)) * 2)})
    add("absurd", {**absurd, PIXEL: fragments(bytes(64))})
    add("large", {(0x28, 0x10): ("US", us(4096)), (0x28, 0x11): ("US", us(4096)), PIXEL: fragments(bytes(64))})
    add("many_frames", {(0x28, 8): ("IS", text("1000000")), PIXEL: fragments(bytes(64))})
    add("without_end", {PIXEL: fragments(bytes(64), end=b"")})
    add("fragment_4_gb", {PIXEL: fragments(end=ITEM + struct.pack("<I", 0xFFFFFFFE) + b"ab")})
    add("table_nonsense", {PIXEL: fragments(bytes(64), table=b"\xff" * 8)})
    add("native", {})
dicom("rle_offsets_beyond", {PIXEL: fragments(struct.pack("<16I", 2, 64, 0xFFFFFFF0, *[0] * 13) + b"\0" * 20)}, syntax=RLE)
dicom("rle_segments_many", {PIXEL: fragments(struct.pack("<16I", 0xFFFFFFFF, *[64] * 15) + b"\0" * 20)}, syntax=RLE)
dicom("rle_runs_without_end", {PIXEL: fragments(struct.pack("<16I", 2, 64, 70, *[0] * 13) + b"\x81\0" * 4000)}, syntax=RLE)
soi = b"\xff\xd8"
frame = lambda rows, columns, kind=0xC0, bits=8, parts=1: struct.pack(">BBHBHHB", 0xFF, kind, 8 + 3 * parts, bits, rows, columns, parts) + b"\1\x11\0" * parts
dicom("jpeg_frame_65535", {**absurd, PIXEL: fragments(soi + frame(65535, 65535) + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 50 + b"\xff\xd9")}, syntax=JPEG)
dicom("jpeg_frame_of_other_size", {PIXEL: fragments(soi + frame(4000, 4000) + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 50 + b"\xff\xd9")}, syntax=JPEG)
dicom("jpeg_lossless_other_size", {PIXEL: fragments(soi + frame(60000, 60000, 0xC3, 16) + b"\xff\xda\0\x08\1\1\0\1\0\0" + b"\0" * 50 + b"\xff\xd9")}, syntax=JPEG_LOSSLESS)
dicom("jpeg_ls_other_size", {PIXEL: fragments(soi + frame(60000, 60000, 0xF7, 16) + b"\xff\xda\0\x08\1\1\0\0\0\0" + b"\0" * 50 + b"\xff\xd9")}, syntax=JPEG_LS)
siz = struct.pack(">HHHIIIIIIIIHBBB", 0xFF51, 41, 0, 1 << 31, 1 << 31, 0, 0, 1 << 31, 1 << 31, 0, 0, 1, 15, 1, 1)
dicom("jpeg_2000_other_size", {PIXEL: fragments(b"\xff\x4f" + siz + b"\0" * 50)}, syntax=JPEG_2000)
tiles = struct.pack(">HHHIIIIIIIIHBBB", 0xFF51, 41, 0, 60000, 60000, 0, 0, 1, 1, 0, 0, 1, 15, 1, 1)
dicom("jpeg_2000_tiles", {PIXEL: fragments(b"\xff\x4f" + tiles + b"\0" * 50)}, syntax=JPEG_2000)


def deflate(data):
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


put("dicom/deflated_garbage.dcm", meta(DEFLATED) + b"\xff" * 100)
put("dicom/deflated_cut.dcm", meta(DEFLATED) + deflate(data_set())[:-30])
put("dicom/deflated_bomb.dcm", meta(DEFLATED) + deflate(data_set({PIXEL: ("OW", b"\0" * 72_000_000)})))
put("dicom/deflated_bomb_text.dcm", meta(DEFLATED) + deflate(data_set({(8, 0x1030): ("UT", b" " * 72_000_000)})))
put("dicom/deflated_nothing.dcm", meta(DEFLATED))

# A directory whose records follow each other in a circle.
record = lambda next_, lower: ITEM + struct.pack("<I", 0) + b""
def directory(next_, lower):
    body = element(4, 0x1400, "UL", struct.pack("<I", next_)) + element(4, 0x1410, "US", us(65535)) + element(4, 0x1420, "UL", struct.pack("<I", lower))
    body += element(4, 0x1430, "CS", b"SERIES") + element(4, 0x1500, "CS", text("..\\..\\PASSWD"))
    head = element(4, 0x1200, "UL", struct.pack("<I", 400)) + element(4, 0x1202, "UL", struct.pack("<I", 400)) + element(4, 0x1212, "US", us(0))
    return b"\0" * 128 + b"DICM" + meta(EXPLICIT)[132:] + head + element(4, 0x1220, "SQ", ITEM + struct.pack("<I", len(body)) + body)
for name, next_, lower in (("itself", 400, 400), ("beyond", 0xFFFFFFF0, 0), ("start", 0, 1)):
    put(f"dicom/directory_{name}.dcm", directory(next_, lower))

# --- series: folders that are read together ------------------------------------------------------------------------


def slice_(folder, name, z, says=None, **changes):
    tags = {(8, 0x18): ("UI", uid(f"1.2.3.4.{name}")), (0x20, 0x32): ("DS", text(f"-10\\-20\\{z}")), (0x20, 0x13): ("IS", text(name))}
    extra = {"rows": ((0x28, 0x10), ("US", us(2))), "columns": ((0x28, 0x11), ("US", us(8))), "series": ((0x20, 0xE), ("UI", uid("1.2.3.6"))), "study": ((0x20, 0xD), ("UI", uid("1.2.4"))),
             "spacing": ((0x28, 0x30), ("DS", text("0.6\\0.6"))), "turn": ((0x20, 0x37), ("DS", text("0\\1\\0\\0\\0\\-1"))), "nowhere": ((0x20, 0x32), None), "mr": ((8, 0x60), ("CS", b"MR"))}
    for change in changes:
        tag, value = extra[change]
        tags[tag] = value
    put(f"series/{folder}/{name}.dcm", meta(EXPLICIT) + data_set(tags))


for number in range(4):
    slice_("good", number, 3 * number)
    slice_("mixed_sizes", number, 3 * number, **({"rows": 1, "columns": 1} if number == 2 else {}))
    slice_("mixed_spacings", number, 3 * number, **({"spacing": 1} if number == 2 else {}))
    slice_("mixed_studies", number, 3 * number, **({"study": 1} if number == 2 else {}))
    slice_("mixed_series", number, 3 * number, **({"series": 1} if number % 2 else {}))
    slice_("mixed_directions", number, 3 * number, **({"turn": 1} if number == 2 else {}))
    slice_("mixed_modalities", number, 3 * number, **({"mr": 1} if number == 2 else {}))
    slice_("gap", number, 3 * number + (6 if number == 3 else 0))
    slice_("same_place", number, 3 * min(number, 2))
    slice_("all_in_one_place", number, 0)
    slice_("nowhere", number, 0, nowhere=1)
    slice_("far", number, f"1e{300 + number}")
for path in sorted((HERE / "series").iterdir()):
    for file in sorted(path.iterdir()):
        del index[f"series/{path.name}/{file.name}"]
    index[f"series/{path.name}"] = {"reads": 4} if path.name == "good" else {}

# --- NIfTI and NRRD beyond the refused ones of tests/fixtures/volume -----------------------------------------------


def nifti(dim, datatype=4, offset=352.0, slope=1.0, codes=(0, 1), rows=((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)), quatern=(0, 0, 0), pixdim=(1, 1, 1, 1)):
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into(f"<{len(dim)}h", head, 40, *dim)
    struct.pack_into("<hh", head, 70, datatype, 16)
    struct.pack_into("<4f", head, 76, *pixdim)
    struct.pack_into("<fff", head, 108, offset, slope, 0)
    struct.pack_into("<hh", head, 252, *codes)
    struct.pack_into("<3f", head, 256, *quatern)
    for i, row in enumerate(rows):
        struct.pack_into("<4f", head, 280 + 16 * i, *row)
    head[344:348] = b"n+1\0"
    return bytes(head)


voxels = b"".join(struct.pack("<h", -1000 + 10 * i) for i in range(27))
put("nifti/plain.nii", nifti([3, 3, 3, 3]) + voxels, reads=3)
put("nifti/plain.nii.gz", gzip.compress(nifti([3, 3, 3, 3]) + voxels, mtime=0), reads=3)
put("nifti/header_alone.nii", nifti([3, 3, 3, 3]), says="calls for 406 bytes, and it holds 352")
put("nifti/header_cut.nii", nifti([3, 3, 3, 3])[:200], says="no volume")
put("nifti/all_ones.nii", b"\x5c\1\0\0" + b"\xff" * 340 + b"n+1\0" + b"\xff" * 400)
put("nifti/dims_32767.nii", nifti([7, *[32767] * 7]) + voxels)
put("nifti/dims_negative.nii", nifti([3, -1, -1, -1]) + voxels, says="states -1 voxels")
put("nifti/one_voxel.nii", nifti([3, 1, 1, 1]) + voxels)
put("nifti/one_axis.nii", nifti([1, 27, 0, 0]) + voxels, reads=1)
put("nifti/offset_nan.nii", nifti([3, 3, 3, 3], offset=float("nan")) + voxels, says="vox_offset is NaN")
put("nifti/offset_inf.nii", nifti([3, 3, 3, 3], offset=float("inf")) + voxels, says="vox_offset is inf")
put("nifti/offset_broken.nii", nifti([3, 3, 3, 3], offset=352.5) + voxels, says="vox_offset is 352.5")
put("nifti/slope_huge.nii", nifti([3, 3, 3, 3], slope=3e38) + voxels, says="has the value -inf")
put("nifti/affine_huge.nii", nifti([3, 3, 3, 3], rows=((1e30, 0, 0, 0), (0, 1e30, 0, 0), (0, 0, 1e30, 0))) + voxels, says="voxel size")
put("nifti/affine_far.nii", nifti([3, 3, 3, 3], rows=((1, 0, 0, 1e30), (0, 1, 0, 0), (0, 0, 1, 0))) + voxels, says="origin is nowhere")
put("nifti/affine_flat.nii", nifti([3, 3, 3, 3], rows=((1, 1, 0, 0), (0, 0, 0, 0), (0, 0, 1, 0))) + voxels)
put("nifti/affine_parallel.nii", nifti([3, 3, 3, 3], rows=((1, 1, 1, 0), (1, 1, 1, 0), (1, 1, 1, 0))) + voxels)
put("nifti/quaternion_nan.nii", nifti([3, 3, 3, 3], codes=(1, 0), quatern=(float("nan"), 0, 0)) + voxels, says="is no rotation")
put("nifti/pixdim_negative.nii", nifti([3, 3, 3, 3], codes=(1, 0), pixdim=(1, -1, 1, 1)) + voxels, says="pixdim has -1 mm")
put("nifti/pixdim_zero.nii", nifti([3, 3, 3, 3], codes=(0, 0), pixdim=(1, 0, 0, 0)) + voxels, says="voxel size of 0 mm")
put("nifti/many_members.nii.gz", b"".join(gzip.compress(bytes([byte]), mtime=0) for byte in nifti([3, 3, 3, 3]) + voxels), reads=3)
put("nifti/empty_members.nii.gz", gzip.compress(b"", mtime=0) * 1500 + gzip.compress(nifti([3, 3, 3, 3]) + voxels, mtime=0), reads=3)
# A hundred MB behind a small volume, and large volumes of nothing, axial and sagittal.
put("nifti/bomb_behind.nii.gz", gzip.compress(nifti([3, 3, 3, 3]) + voxels + b"\0" * 72_000_000, mtime=0), says="more than the")
large = nifti([3, 512, 512, 200]) + voxels + b"\0" * (512 * 512 * 200 * 2 - len(voxels))
put("nifti/bomb_axial.nii.gz", gzip.compress(large, mtime=0))
sagittal = nifti([3, 512, 200, 512], rows=((0, 0, 1, 0), (1, 0, 0, 0), (0, 1, 0, 0))) + voxels + b"\0" * (512 * 512 * 200 * 2 - len(voxels))
put("nifti/bomb_sagittal.nii.gz", gzip.compress(sagittal, mtime=0))
put("nifti/bomb_wide.nii.gz", gzip.compress(nifti([3, 2048, 2048, 3], datatype=64) + struct.pack("<20d", *range(-1000, -980)) + b"\0" * (2048 * 2048 * 24 - 160), mtime=0))
put("nifti/gzip_name_without_end.nii.gz", b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"a" * 70_000)
put("nifti/gzip_extra_beyond.nii.gz", b"\x1f\x8b\x08\x04" + b"\0" * 6 + b"\xff\xff" + b"a" * 100)
put("nifti/gzip_in_gzip.nii.gz", gzip.compress(gzip.compress(nifti([3, 3, 3, 3]) + voxels, mtime=0), mtime=0), says="no volume")

NRRD = "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: {sizes}\nspace directions: {directions}\nkinds: domain domain domain\nendian: little\nencoding: {encoding}\nspace origin: {origin}\n{more}\n"


def nrrd(data=voxels, **changes):
    fields = {"sizes": "3 3 3", "directions": "(1,0,0) (0,1,0) (0,0,1)", "encoding": "raw", "origin": "(0,0,0)", "more": "", **changes}
    return NRRD.format(**fields).encode() + data


put("nrrd/plain.nrrd", nrrd(), reads=3)
put("nrrd/gzip.nrrd", nrrd(gzip.compress(voxels, mtime=0), encoding="gzip"), reads=3)
put("nrrd/magic_alone.nrrd", b"NRRD0004", says="header has no end")
put("nrrd/lines_without_end.nrrd", b"NRRD0004\n" + b"a: b\n" * 4000, says="header has no end")
put("nrrd/line_without_colon.nrrd", b"NRRD0004\nnonsense\n\n", says="a line without a field")
put("nrrd/one_long_line.nrrd", b"NRRD0004\n" + b"a" * 30_000)
put("nrrd/sizes_none.nrrd", nrrd(sizes=""), says="dimension is \"3\" beside 0 sizes")
put("nrrd/sizes_huge.nrrd", nrrd(sizes="99999999999999999999 1 1"), says="no numbers")
put("nrrd/sizes_large.nrrd", nrrd(sizes="4096 4096 4096"), says="cut short")
put("nrrd/directions_none.nrrd", nrrd(directions="none none none"), says="3 values a voxel")
put("nrrd/directions_open.nrrd", nrrd(directions="(1,0,0"), says="have no end")
put("nrrd/directions_words.nrrd", nrrd(directions="(a,b,c) (0,1,0) (0,0,1)"), says="instead of three numbers")
put("nrrd/directions_nan.nrrd", nrrd(directions="(nan,0,0) (0,1,0) (0,0,1)"), says="instead of three numbers")
put("nrrd/directions_many.nrrd", nrrd(directions="none " * 4_000))
put("nrrd/directions_letters.nrrd", nrrd(directions="(1,0,0) é(0,1,0) (0,0,1)"))
put("nrrd/origin_words.nrrd", nrrd(origin="somewhere"), says="space origin")
put("nrrd/byte_skip_huge.nrrd", nrrd(more="byte skip: 9223372036854775807\n"), says="cut short")
put("nrrd/byte_skip_negative.nrrd", nrrd(more="byte skip: -2\n"), says="byte skip is -2")
put("nrrd/byte_skip_gzip.nrrd", nrrd(gzip.compress(voxels), encoding="gzip", more="byte skip: 9223372036854775807\n"), says="cut short")
put("nrrd/line_skip.nrrd", nrrd(more="line skip: 1\n"), says="skips lines")
put("nrrd/data_file.nrrd", nrrd(more="data file: /etc/passwd\n"), says="in another file")
put("nrrd/gzip_garbage.nrrd", nrrd(b"\xff" * 60, encoding="gzip"), says="no header of a gzip member")
put("nrrd/gzip_bomb.nrrd", nrrd(gzip.compress(b"\0" * 72_000_000, mtime=0), encoding="gzip"), says="more than the")
put("nrrd/units_metres.nrrd", nrrd(more='space units: "m" "m" "m"\n'), says="other units than mm")
put("nrrd/null_bytes.nrrd", b"NRRD0004\n\0\0\0: \0\n\n")

# --- ZIP ----------------------------------------------------------------------------------------------------------


def archive(files, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression, compresslevel=9) as file:
        for name, data in files.items():
            file.writestr(zipfile.ZipInfo(name), data, compression)
    return out.getvalue()


def changed(data, signature, offset, value, size="<I"):
    """The archive with a number changed in each record that begins with the signature."""
    data, at = bytearray(data), 0
    while (at := data.find(signature, at)) >= 0:
        struct.pack_into(size, data, at + offset, value)
        at += 4
    return bytes(data)


CENTRAL, END, LOCAL = b"PK\1\2", b"PK\5\6", b"PK\3\4"
good = archive({"a/1.dcm": whole, "a/2.dcm": whole, "text.txt": b"text " * 100})
put("zip/plain.zip", good, reads=3)
put("zip/stored.zip", archive({"1.dcm": whole}, zipfile.ZIP_STORED), reads=1)
put("zip/nothing.zip", archive({}), reads=0)
put("zip/folders.zip", archive({"a/": b"", "a/b/": b""}), reads=0)
put("zip/magic_alone.zip", b"PK\3\4", says="ZIP archive is damaged")
put("zip/end_alone.zip", b"PK\5\6" + b"\0" * 18, reads=0)
for share in (3, 2):
    put(f"zip/cut_{share}.zip", good[: len(good) * (share - 1) // share], says="ZIP archive is damaged")
put("zip/garbage_before.zip", b"x" * 500 + good)
put("zip/garbage_behind.zip", good + b"x" * 500)
put("zip/checksum.zip", changed(good, CENTRAL, 16, 0x12345678), says="checksum does not fit")
put("zip/length_longer.zip", changed(good, CENTRAL, 24, 700), says="length differs")
put("zip/length_shorter.zip", changed(good, CENTRAL, 24, 100))
put("zip/length_4_gb.zip", changed(good, CENTRAL, 24, 0xFFFFFFFE), says="claims to hold")
put("zip/stored_length.zip", changed(archive({"1": b"abcd"}, zipfile.ZIP_STORED), CENTRAL, 24, 9), says="states another length")
put("zip/compressed_size_4_gb.zip", changed(good, CENTRAL, 20, 0xFFFFFFFE))
put("zip/local_header_beyond.zip", changed(good, CENTRAL, 42, 0xFFFFFF00))
put("zip/local_header_at_itself.zip", changed(good, CENTRAL, 42, len(good) - 60))
put("zip/entries_65535.zip", changed(changed(good, END, 8, 0xFFFF, "<H"), END, 10, 0xFFFF, "<H"))
put("zip/directory_beyond.zip", changed(good, END, 16, 0xFFFFFFF0))
put("zip/directory_size.zip", changed(good, END, 12, 0xFFFFFFF0))
put("zip/encrypted.zip", changed(changed(good, CENTRAL, 8, 1, "<H"), LOCAL, 6, 1, "<H"), says="is encrypted")
for method in (1, 9, 12, 14, 93, 99, 65535):
    put(f"zip/method_{method}.zip", changed(changed(good, CENTRAL, 10, method, "<H"), LOCAL, 8, method, "<H"))
put("zip/data_garbage.zip", good.replace(deflate(whole)[:40], b"\xff" * 40))
put("zip/names_absurd.zip", archive({"../../etc/passwd": b"a", "/root": b"b", "C:\\x": b"c", "": b"d", "a\0b": b"e", "é" * 300: b"f"}), reads=6)
put("zip/many_small.zip", archive({f"{i:03}": b"" for i in range(300)}), reads=300)
# Bombs: one large entry, many that lie over each other, archives in archives.
put("zip/bomb_one.zip", archive({"0": b"\0" * 72_000_000}), says="claims to hold")
kernel = deflate(b"\0" * 2_000_000)
locals_, centrals, offset = b"", b"", 0
name = b"zeros"
local = struct.pack("<4s5H3I2H", LOCAL, 20, 0, 8, 0, 0, zlib.crc32(b"\0" * 2_000_000), len(kernel), 2_000_000, len(name), 0) + name
for i in range(250):
    centrals += struct.pack("<4s6H3I5H2I", CENTRAL, 20, 20, 0, 8, 0, 0, zlib.crc32(b"\0" * 2_000_000), len(kernel), 2_000_000, 5, 0, 0, 0, 0, 0, 0) + f"{i:05}".encode()
body = local + kernel
put("zip/bomb_overlapping.zip", body + centrals + struct.pack("<4s4H2IH", END, 0, 0, 250, 250, len(centrals), len(body), 0), says="lie over each other")
inner_zip = archive({"0": b"\0" * 10_000_000})
for level in range(8):
    inner_zip = archive({f"{i}.zip": inner_zip for i in range(4)})
put("zip/bomb_nested.zip", inner_zip)
zip64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 1 << 60, 0) + struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
put("zip/zip64_absurd.zip", zip64 + struct.pack("<4s4H2IH", END, 0, 0, 0xFFFF, 0xFFFF, UNDEFINED, UNDEFINED, 0))
put("zip/many_ends.zip", (END + b"\0" * 18) * 2500)

# --- pictures -----------------------------------------------------------------------------------------------------


def png(width, height, depth=8, colour=0, data=None, extra=b"", interlace=0):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if data is None:
        data = (b"\0" + b"\0" * (width * channels * depth // 8)) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)) + extra + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


put("picture/plain.png", png(8, 8), reads=1)
put("picture/large_grey.png", png(4096, 4096))
put("picture/large_rgba16.png", png(4096, 1024, 16, 6))
put("picture/largest_rgba16.png", png(2048, 2048, 16, 6))
put("picture/size_2_billion.png", png(2**31 - 1, 2**31 - 1, data=b"\0" * 100))
put("picture/size_0.png", png(0, 0, data=b""))
put("picture/data_missing.png", png(512, 512, data=b"\0" * 100))
put("picture/data_bomb.png", png(8, 8, data=b"\0" * 72_000_000))
text_bomb = b"Comment\0\0" + zlib.compress(b"a" * 72_000_000, 9)
put("picture/text_bomb.png", png(8, 8, extra=struct.pack(">I", len(text_bomb)) + b"zTXt" + text_bomb + struct.pack(">I", zlib.crc32(b"zTXt" + text_bomb))))
profile_bomb = b"icc\0\0" + zlib.compress(b"a" * 72_000_000, 9)
put("picture/profile_bomb.png", png(8, 8, extra=struct.pack(">I", len(profile_bomb)) + b"iCCP" + profile_bomb + struct.pack(">I", zlib.crc32(b"iCCP" + profile_bomb))))
put("picture/chunk_4_gb.png", png(8, 8)[:33] + struct.pack(">I", 0xFFFFFFFF) + b"IDATabc")
put("picture/frame_65535.jpg", soi + frame(65535, 65535) + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 50 + b"\xff\xd9")
put("picture/frame_4096.jpg", soi + frame(4096, 4096) + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 50 + b"\xff\xd9")
put("picture/scans_many.jpg", soi + frame(2048, 2048, 0xC2) + b"\xff\xda\0\x08\1\1\0\0\0\0" + (b"\0" * 4 + b"\xff\xda\0\x08\1\1\0\1\x3f\0") * 800 + b"\xff\xd9")
# WebP: sizes and chunks that a decoder would believe. BMP: sizes, and runs of no end.


def webp(*chunks, end=None):
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) % 2) for kind, data, size in chunks)
    return b"RIFF" + struct.pack("<I", len(body) if end is None else end) + body


def canvas(width, height, flags=0):
    return b"VP8X", struct.pack("<I", flags) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3], None


#: No transforms, no cache, and five codes of one symbol, which take no bits: one colour, however many pixels.
BLACK = b"\x88\x88\x08" + b"\0" * 20


def lossy(width, height):
    return b"VP8 ", b"\x10\x05\0\x9d\1\x2a" + struct.pack("<HH", width, height) + b"\0" * 100, None


def lossless(width, height, alpha=0):
    return b"VP8L", b"\x2f" + struct.pack("<I", alpha << 28 | (height - 1) << 14 | (width - 1)) + BLACK, None


put("picture/lossy_16383.webp", webp(lossy(16383, 16383)), says="reads up to 12288")
put("picture/lossy_12288.webp", webp(lossy(12288, 12288)), says="claims 12288 x 12288")
put("picture/lossy_3400.webp", webp(lossy(3400, 3400)))
put("picture/lossless_12288.webp", webp(lossless(12288, 12288)), says="claims 12288 x 12288")
put("picture/lossless_2700.webp", webp(lossless(2700, 2700)), reads=1)
put("picture/lossless_alpha_3400.webp", webp(lossless(3400, 3400, 1)), reads=1)
put("picture/image_beyond_canvas.webp", webp(canvas(8, 8), lossy(12000, 12000)), says="another size")
put("picture/canvas_beyond_image.webp", webp(canvas(3000, 3000), lossless(8, 8)), says="another size")
put("picture/alpha_2200.webp", webp(canvas(2200, 2200, 0x10), (b"ALPH", b"\1" + BLACK, None), lossy(2200, 2200)))
put("picture/exif_4_gb.webp", webp(canvas(8, 8, 8), lossless(8, 8), (b"EXIF", b"II*\0", 0xFFFFFFF0)), says="no whole chunk")
put("picture/frame_exif_4_gb.webp", webp(canvas(8, 8), lossless(8, 8), (b"ANMF", b"\0" * 16 + b"EXIF" + b"\xf0\xff\xff\xff", None)), says="an animation")
put("picture/no_chunk.webp", webp())
put("picture/end_4_gb.webp", webp(lossless(8, 8), end=0xFFFFFFFF), says="cut short")


def bmp(width, height, bits, compression, data, header=40, offset=None):
    palette = bytes(range(256)) * 4 if bits <= 8 else b""
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 0, 0, 0, 0)
    offset = 14 + header + len(palette) if offset is None else offset
    return struct.pack("<2sIII", b"BM", 14 + len(info) + len(palette) + len(data), 0, offset) + info + palette + data


put("picture/size_65535.bmp", bmp(65535, 65535, 24, 0, b"\0" * 50), says="reads up to 12288")
put("picture/size_12288.bmp", bmp(12288, 12288, 24, 0, b"\0" * 50), says="claims 12288 x 12288")
put("picture/height_minus_2_billion.bmp", bmp(8, -(2**31) + 1, 24, 0, b"\0" * 50))
put("picture/width_0.bmp", bmp(0, 8, 24, 0, b"\0" * 50))
put("picture/data_missing.bmp", bmp(3800, 3800, 24, 0, b"\0" * 50))
put("picture/data_beyond_end.bmp", bmp(8, 8, 24, 0, b"\0" * 200, offset=0xFFFFFFFF))
put("picture/runs_too_long.bmp", bmp(8, 8, 8, 1, b"\xff\x07" * 400))
put("picture/jumps_too_far.bmp", bmp(8, 8, 8, 1, b"\0\2\xff\xff" * 400))
put("picture/ends_at_once.bmp", bmp(3800, 3800, 8, 1, b"\0\1"), reads=1)
put("picture/masks_none.bmp", bmp(8, 8, 32, 3, b"\0" * 300))
put("picture/jpeg_inside.bmp", bmp(8, 8, 0, 4, soi))
put("picture/fill_bytes.jpg", soi + b"\xff" * 30_000 + b"\xd9")

# --- models -------------------------------------------------------------------------------------------------------


def packed(header, data=b"", length=None, version=1):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    header += b" " * (-(16 + len(header)) % 16)
    return b"LUNGLENS" + struct.pack("<II", version, len(header) if length is None else length) + header + data


def tensor(**changes):
    return {"name": "w", "dtype": "f32", "shape": [2, 2], "offset": 0, **changes}


def safetensors(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


floats = struct.pack("<4f", 1, 2, 3, 4)
put("model/plain.llw", packed({"tensors": [tensor()]}, floats), reads=1)
put("model/magic_alone.llw", b"LUNGLENS")
put("model/header_4_gb.llw", packed({"tensors": []}, length=0xFFFFFFFF))
put("model/version_9.llw", packed({"tensors": []}, version=9))
put("model/no_json.llw", packed(b"\xff" * 16))
put("model/json_deep.llw", packed(b'{"tensors":' + b"[" * 5_000))
put("model/json_long_number.llw", packed(b'{"tensors":[{"name":"w","dtype":"f32","shape":[' + b"9" * 5000 + b'],"offset":0}]}'))
for number, change in enumerate((
    {"shape": [2**32, 2**32]}, {"shape": [2**63, 2]}, {"shape": [0, 2**62]}, {"shape": []}, {"shape": [1] * 1000}, {"shape": [-1]}, {"offset": 2**63}, {"offset": 16},
    {"offset": 1}, {"offset": -1}, {"dtype": "i8"}, {"dtype": "i8", "shape": [0]}, {"dtype": "i8", "shape": []}, {"dtype": "f64"}, {"name": ""}, {"shape": [1000, 1000, 1000]},
)):
    put(f"model/tensor_{number}.llw", packed({"tensors": [tensor(**change)]}, floats))
put("model/twice.llw", packed({"tensors": [tensor(), tensor()]}, floats * 2))
put("model/overlapping.llw", packed({"tensors": [tensor(name="a"), tensor(name="b")]}, floats))
put("model/nan.llw", packed({"tensors": [tensor()]}, b"\xff" * 16))
put("model/data_missing.llw", packed({"tensors": [tensor()]}))
put("model/data_behind.llw", packed({"tensors": [tensor()]}, floats * 9))
put("model/plain.safetensors", safetensors({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}, floats), reads=1)
put("model/header_huge.safetensors", safetensors({}, length=2**63))
put("model/header_longer.safetensors", safetensors({}, length=3))
for number, change in enumerate((
    {"shape": [2**32, 2**32]}, {"shape": [2**63, 2]}, {"data_offsets": [16, 0]}, {"data_offsets": [0, 2**63]}, {"data_offsets": [8, 24]}, {"data_offsets": []}, {"dtype": "BOOL"},
    {"dtype": "F16"}, {"dtype": "I64"}, {"shape": []}, {"shape": None},
)):
    put(f"model/entry_{number}.safetensors", safetensors({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **change}}, floats))
put("model/shared.safetensors", safetensors({name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} for name in "ab"}, floats))
put("model/many.safetensors", safetensors({f"{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(400)}))
put("model/metadata_deep.safetensors", safetensors(b'{"__metadata__":' + b'{"a":' * 4_000 + b"1"))

# --- what is nothing of all that ----------------------------------------------------------------------------------

put("other/empty", b"", says="empty")
put("other/empty.dcm", b"", says="empty")
put("other/empty.nii.gz", b"", says="empty")
put("other/text.dcm", b"Patient: none\nA text, not an image.\n", says="a text file")
put("other/text.nii", b"n+1 " * 100, says="This file looks like")
put("other/page.html", b"<!DOCTYPE html><title>404</title>", says="a text file")
put("other/words.json", b'{"a": [' * 500, says="a text file")
put("other/document.pdf", b"%PDF-1.7\n\xff\xfe", says="a PDF document")
put("other/picture.gif", b"GIF89a\xff\xff\xff\xff", says="a GIF picture")
put("other/zeros", b"\0" * 4096)
put("other/ones", b"\xff" * 4096)
put("other/every_byte", bytes(range(256)) * 16)

(HERE / "index.json").write_text(json.dumps(index, indent=0, sort_keys=True) + "\n")
print(len(index), "entries,", sum(path.stat().st_size for path in HERE.rglob("*") if path.is_file()), "bytes")
