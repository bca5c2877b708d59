"""Labelled slices as a phone gives them: `python train/imitate_photos.py DATA OUT --kind screen`.

DATA is a folder as covid-ct-slices: manifest.csv, and ct/, lesion/ and lung/ with a PNG a slice. OUT is written alike, with every slice as a phone's
photo of an LCD in a dark room (`screen`) or of a film on a light box (`film`), or as a viewer's upright screenshot with letters and an arrow (`screenshot`).
Labels go through the same geometry as the slice, by nearest neighbour, and the whole slice is in the picture. A picture in ct/ has the bytes
of a JPEG under the name of a PNG: programs that go by content read it. `--grey` turns the JPEG's pixels grey and writes them as PNG.
Chance depends on the seed, the kind and the file's name only. No other slice is ever in the picture, since its lesions would have no labels.

Light is linear, 1 is white; angles are degrees; colours are in OpenCV's order: blue, green, red. Points are told from the corner of the first pixel.
"""

import argparse
import csv
import shutil
import zlib
from pathlib import Path

import cv2
import numpy as np

LAYERS = ("ct", "lesion", "lung")
GAMMA = 2.2
QUALITY = (75, 90)  # JPEG's
MARGIN = 0.01  # of each side of the picture: no slice comes nearer to the edge
# Ranges that chance draws from. What both kinds of photo have:
PHOTO = {
    "fill": (0.6, 0.9),  # slice's longer side, of the picture's shorter
    "aspect": 4 / 3,
    "centre": (0.3, 0.7),  # where the slice stands in the room that the picture leaves it
    "roll": (-6, 6),
    "tilt": (-10, 10),  # about both other axes
    "distance": (1.6, 3.0),  # of the phone, in longer sides of the slice
    "blur": (0.5, 1.6),  # sigma in photosites
    "shade": (0.0, 0.25),  # change of brightness from the middle to an edge
    "hue_shade": (-0.05, 0.05),  # the same of one channel beyond the others
    "vignette": (0.1, 0.35),  # light that a corner of the lens loses
    "electrons": (150, 1500),  # that white frees in a photosite: fewer is noisier
    "read_noise": 0.004,
    "sharpen": (0.2, 0.9),
}
SCREEN = {
    "pixels": (600, 1100),  # of the screen under the slice's longer side
    "panel": (0.02, 0.6),  # black of the viewer beside the slice, of its longer side
    "bezel": (0.04, 0.1),  # the screen's frame, of the same
    "greys": ((14, 40), (0, 20)),  # of bezel and room, as the screen shows greys
    "tint": ((0.12, 0.4), (-0.06, 0.06)),  # log of blue over red, halved, and of green; a warm screen has red over blue
    "black": (0.004, 0.035),  # light of a black pixel: the backlight that leaks, the room in the glass
    "glare": (0.0, 0.04),
    "white": (0.6, 1.15),  # what exposure makes of the brightest hundredth; more than 1 is blown out
}
FILM = {
    "contrast": (1.3, 2.0),  # density of black less that of clear film
    "base": ((0.05, 0.10), (0.10, 0.17), (0.18, 0.32)),  # density of clear film: it is blue
    "gap": (0.005, 0.03),  # black around the slice
    "border": (0.03, 0.2),  # clear film around that
    "tubes": ((0.02, 0.10), (0.4, 0.9)),  # how much brighter the light box is over its tubes, and their pitch, of the picture's height
    "tint": ((-0.05, 0.2), (-0.04, 0.06)),
    "black": (0.006, 0.03),
    "glare": (0.03, 0.15),
    "white": (0.8, 1.2),
}
SCREENSHOT = {
    "fill": (0.6, 0.9),
    "aspects": (1.0, 4 / 3, 16 / 10),  # any of them
    "stretch": (0.88, 1.0),  # of one side to the other
    "ground": (0, 45),  # grey beside the slice
    "letter": (0.035, 0.06),  # height, of the slice's longer side
    "arrow": (0.07, 0.14),  # length, of the same
}
COLOURS = ((0, 255, 255), (0, 220, 0), (60, 60, 255), (255, 220, 0), (0, 165, 255))


def fitted(corners, size, rng, centre):
    """Moves corners (4, 2) to where the picture holds them, and makes them smaller where it is too small."""
    size = np.array(size, float)
    corners = (corners - corners.min(axis=0)) * min(1.0, (size * (1 - 2 * MARGIN) / np.ptp(corners, axis=0)).min())
    return corners + size * MARGIN + (size * (1 - 2 * MARGIN) - corners.max(axis=0)) * rng.uniform(*centre, 2)


def outline(shape):
    return np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float) * shape[::-1]


def homography(shape, corners):
    """From the slice to where its corners (4, 2) stand in the picture, (3, 3)."""
    return cv2.getPerspectiveTransform(outline(shape).astype(np.float32), corners.astype(np.float32))


def pose(shape, size, rng):
    """Where a phone held by hand sees the slice: turned, tilted, not quite in the middle. Slice to picture, (3, 3)."""
    flat = (outline(shape) - np.array(shape[::-1]) / 2) / max(shape)
    roll, yaw, pitch = np.radians([rng.uniform(*PHOTO["roll"]), *rng.uniform(*PHOTO["tilt"], 2)])
    turned = flat @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    distance, depth = rng.uniform(*PHOTO["distance"]), turned @ np.sin([yaw, pitch])
    seen = turned * np.cos([yaw, pitch]) * (distance / (distance + depth))[:, None]
    return homography(shape, fitted(seen * min(size) * rng.uniform(*PHOTO["fill"]), size, rng, PHOTO["centre"]))


def warp(picture, matrix, size, nearest=False, around=0):
    """The picture through a matrix between points that are told from the corner, while OpenCV tells them from the first pixel's middle."""
    half, flags = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]), cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.warpPerspective(picture, np.linalg.inv(half) @ matrix @ half, size, flags=flags, borderValue=(around,) * 3)


def enlarged(grey, longer):
    """The slice as a viewer or printer enlarges it, and the matrix to it."""
    wide, high = (max(1, round(side * longer / max(grey.shape[:2]))) for side in grey.shape[1::-1])
    return cv2.resize(grey, (wide, high), interpolation=cv2.INTER_CUBIC), np.diag([wide / grey.shape[1], high / grey.shape[0], 1])


def framed(picture, matrix, widths, value):
    """The picture with a frame (left, top, right, bottom, in its pixels), and the matrix to it."""
    left, top, right, bottom = (round(width) for width in widths)
    picture = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(value,) * 3)
    return picture, np.array([[1, 0, left], [0, 1, top], [0, 0, 1]]) @ matrix


def write(picture, text, at, height, colour):
    at, thick = np.round(at).astype(int).tolist(), max(1, round(height / 12))
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, height / 22, colour, thick, cv2.LINE_AA)


def stripes(to_screen, size, blur):
    """What lens and photosites leave of the screen's pixels: three stripes a pixel and a gap between rows, (rows, columns, 3), 1 on average.

    Only the first harmonic is left, weakened as a Gaussian and a square photosite do. Where photosites are too few for it, it becomes moire.
    """
    x, y = np.arange(size[0], dtype=np.float32) + 0.5, (np.arange(size[1], dtype=np.float32) + 0.5)[:, None]
    across, down, depth = (float(a) * x + (float(b) * y + float(c)) for a, b, c in to_screen)
    across, down, row, column = across / depth, down / depth, size[1] // 2, size[0] // 2
    frequency = np.hypot(across[row, column + 1] - across[row, column], across[row + 1, column] - across[row, column])
    left = np.sinc(frequency) * np.exp(-2 * (np.pi * blur * frequency) ** 2)
    turn = np.float32(2 * np.pi)
    rows = 1 + np.float32(0.4 * left) * np.cos(turn * down)
    stripe = np.float32(2 * np.sinc(1 / 3) * left)
    return np.stack([rows * (1 + stripe * np.cos(turn * (across - np.float32(middle)))) for middle in (5 / 6, 3 / 6, 1 / 6)], axis=-1)


def places(size):
    """Columns and rows of a picture from -1 to 1."""
    return np.linspace(-1, 1, size[0], dtype=np.float32), np.linspace(-1, 1, size[1], dtype=np.float32)[:, None]


def uneven(light, rng):
    """Light that falls off to a side, a little differently by channel, as a screen's does seen from aside; and the lens's vignette."""
    x, y = places(light.shape[1::-1])
    way, shades = rng.uniform(0, 2 * np.pi), rng.uniform(*PHOTO["shade"]) + rng.uniform(*PHOTO["hue_shade"], 3)
    vignette = 1 - np.float32(rng.uniform(*PHOTO["vignette"]) / 2) * (x * x + y * y)
    slope = x * np.float32(np.cos(way)) + y * np.float32(np.sin(way))
    light *= (1 + slope[..., None] * shades.astype(np.float32)) * vignette[..., None]


def reflect(light, rng, black, strength):
    """The room in the glass: an even veil, and a lamp or window as a soft spot."""
    x, y = places(light.shape[1::-1])
    (dx, dy), (wide, high), way = rng.uniform(-0.8, 0.8, 2), rng.uniform(0.15, 0.6, 2), rng.uniform(0, np.pi)
    u, v = (x - dx) * np.cos(way) + (y - dy) * np.sin(way), (y - dy) * np.cos(way) - (x - dx) * np.sin(way)
    spot = np.exp(-((u / wide) ** 2 + (v / high) ** 2) ** 2).astype(np.float32)
    light += (np.float32(black) + np.float32(strength) * spot)[..., None]


def develop(light, rng, kind, size):
    """What lens, sensor and phone make of the light on the sensor (rows, columns, 3): the picture of `size`."""
    uneven(light, rng)
    reflect(light, rng, rng.uniform(*kind["black"]), rng.uniform(*kind["glare"]))
    # White balance that does not fit, and exposure.
    tint, green = (rng.uniform(*limits) for limits in kind["tint"])
    tint *= rng.choice([-1, 1]) if kind is SCREEN else 1
    gains = np.exp([tint, green, -tint]) * rng.uniform(*kind["white"]) / np.percentile(light[::8, ::8, 1], 99)
    light *= gains.astype(np.float32)
    # A photosite sees one colour only, behind Bayer's mosaic, and counts electrons.
    raw = light[..., 1].copy()
    raw[::2, ::2], raw[1::2, 1::2] = light[::2, ::2, 2], light[1::2, 1::2, 0]
    spread = np.sqrt(raw / np.float32(np.exp(rng.uniform(*np.log(PHOTO["electrons"])))) + np.float32(PHOTO["read_noise"] ** 2))
    raw += spread * rng.standard_normal(raw.shape, dtype=np.float32)
    colour = cv2.cvtColor((raw.clip(0, 1) * 65535).astype(np.uint16), cv2.COLOR_BayerBG2BGR)
    # Gamma, the size that is sent, sharpening.
    shown = (np.arange(65536) / 65535) ** (1 / GAMMA) * 255
    picture = cv2.resize(shown.astype(np.float32)[colour], size, interpolation=cv2.INTER_AREA)
    picture += (picture - cv2.GaussianBlur(picture, (0, 0), 1.5)) * np.float32(rng.uniform(*PHOTO["sharpen"]))
    return picture.clip(0, 255).round().astype(np.uint8)


def size_of(long_side, aspect, rng):
    return (long_side, round(long_side / aspect))[:: rng.choice([-1, 1])]


def exposed(shown, to_shown, to_picture, size, light_of, around, blur):
    """The light (rows, columns, 3) of what is shown, through the lens, and the matrix from it to the sensor."""
    zoom = 2 if max(size) <= 2000 else 1  # phones make larger pictures than messengers send
    to_sensor = np.diag([zoom, zoom, 1]) @ to_picture @ np.linalg.inv(to_shown)
    seen = warp(shown, to_sensor, (size[0] * zoom, size[1] * zoom), around=around)
    return cv2.GaussianBlur(cv2.LUT(seen, light_of.astype(np.float32)), (0, 0), blur), to_sensor


def screen(grey, long_side, rng):
    size = size_of(long_side, PHOTO["aspect"], rng)
    to_picture, blur = pose(grey.shape, size, rng), rng.uniform(*PHOTO["blur"])
    # The viewer: the slice, black beside it, a line of text, the bezel.
    longer, (bezel, room) = rng.uniform(*SCREEN["pixels"]), (rng.uniform(*limits) for limits in SCREEN["greys"])
    shown, to_screen = enlarged(cv2.merge([grey] * 3), longer)
    shown, to_screen = framed(shown, to_screen, longer * rng.uniform(*SCREEN["panel"], 4), 0)
    write(shown, "W 1500 L -600", (4, 18), 14, (200, 200, 200))
    shown, to_screen = framed(shown, to_screen, [longer * rng.uniform(*SCREEN["bezel"])] * 4, bezel)
    light, to_sensor = exposed(shown, to_screen, to_picture, size, (np.arange(256) / 255) ** GAMMA, room, blur)
    light *= stripes(np.linalg.inv(to_sensor), light.shape[1::-1], blur).clip(0)
    return develop(light, rng, SCREEN, size), to_picture


def film(grey, long_side, rng):
    size = size_of(long_side, PHOTO["aspect"], rng)
    to_picture, blur = pose(grey.shape, size, rng), rng.uniform(*PHOTO["blur"])
    # The film, 0 black and 254 clear, and 255 where the light box is bare.
    shown, to_film = enlarged(cv2.merge([np.minimum(grey, 254)] * 3), 1000)
    shown, to_film = framed(np.minimum(shown, 254), to_film, [1000 * rng.uniform(*FILM["gap"])] * 4, 0)
    shown, to_film = framed(shown, to_film, 1000 * rng.uniform(*FILM["border"], 4), 254)
    # Density is linear in the grey that was printed; light goes by ten to its power.
    density = [rng.uniform(*limits) for limits in FILM["base"]] + rng.uniform(*FILM["contrast"]) * (1 - np.arange(256) / 254)[:, None]
    density[255] = 0
    light, _ = exposed(shown, to_film, to_picture, size, (10**-density)[None], 255, blur)
    brighter, pitch = (rng.uniform(*limits) for limits in FILM["tubes"])
    tubes = np.cos(np.pi * places(light.shape[1::-1])[1] / pitch + rng.uniform(0, 2 * np.pi))
    light *= (1 + brighter * tubes).astype(np.float32)[..., None]
    return develop(light, rng, FILM, size), to_picture


def screenshot(grey, long_side, rng):
    size = size_of(long_side, rng.choice(SCREENSHOT["aspects"]), rng)
    # Sides are enlarged unequally, as by a window that was pulled.
    longer, stretch = min(size) * rng.uniform(*SCREENSHOT["fill"]), rng.permutation([1.0, rng.uniform(*SCREENSHOT["stretch"])])
    corners = fitted(outline(grey.shape) * stretch * longer / max(grey.shape), size, rng, (0.1, 0.9))
    to_picture = homography(grey.shape, corners)
    picture = warp(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), to_picture, size, around=rng.uniform(*SCREENSHOT["ground"]))
    # Sides, a line at the top, and an arrow that points in from the edge.
    (left, top), (right, bottom), height = corners[0], corners[2], longer * rng.uniform(*SCREENSHOT["letter"])
    one, two, three = (COLOURS[i] for i in rng.permutation(len(COLOURS))[:3])
    write(picture, "R", (left + height / 3, (top + bottom) / 2), height, one)
    write(picture, "L", (right - height, (top + bottom) / 2), height, one)
    write(picture, f"Se 3 Im {rng.integers(1, 300)}", (left + height / 3, top + height * 1.3), height * 0.7, two)
    length, down, way = longer * rng.uniform(*SCREENSHOT["arrow"]), rng.uniform(0.2, 0.8) * (bottom - top) + top, rng.choice([-1, 1])
    edge = left if way > 0 else right
    ends = np.round([[edge + way * length * 0.1, down + length * rng.uniform(-0.5, 0.5)], [edge + way * length, down]]).astype(int).tolist()
    cv2.arrowedLine(picture, *ends, three, max(2, round(length / 14)), cv2.LINE_AA, tipLength=0.4)
    return picture, to_picture


KINDS = {"screen": screen, "film": film, "screenshot": screenshot}


def imitate(name, layers, kind, seed=0, long_side=1600):
    """The picture's JPEG, and lesion and lung as it shows them, 0 or 255. `layers`: ct, lesion and lung, 8 bit, of one size."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{kind}/{name}".encode())])
    picture, to_picture = KINDS[kind](layers[0], long_side, rng)
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, round(rng.uniform(*QUALITY))])[1]
    return jpeg.tobytes(), [warp((layer > 127) * np.uint8(255), to_picture, picture.shape[1::-1], nearest=True) for layer in layers[1:]]


def main(data, out, kind, limit=None, seed=0, long_side=1600, grey=False):
    """Without `kind` the slices are copied."""
    rows = list(csv.DictReader((data / "manifest.csv").read_text().splitlines()))
    count = min(limit or len(rows), len(rows))
    rows = [rows[i * len(rows) // count] for i in range(count)]
    for layer in LAYERS:
        (out / layer).mkdir(parents=True, exist_ok=True)
    for row in rows:
        sources, targets = ([folder / layer / row["file"] for layer in LAYERS] for folder in (data, out))
        if kind is None:
            for pair in zip(sources, targets):
                shutil.copyfile(*pair)
            continue
        layers = [cv2.imread(str(source), cv2.IMREAD_GRAYSCALE) for source in sources]
        jpeg, masks = imitate(row["file"], layers, kind, seed, long_side)
        targets[0].write_bytes(jpeg)
        if grey:
            cv2.imwrite(str(targets[0]), cv2.imread(str(targets[0]), cv2.IMREAD_GRAYSCALE))
        for target, mask, counted in zip(targets[1:], masks, ("lesion_px", "lung_px")):
            cv2.imwrite(str(target), mask)
            row[counted] = int((mask > 0).sum())
    lines = [rows[0], *(row.values() for row in rows)]
    (out / "manifest.csv").write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
    print(f"{count} slices: {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for folder in ("data", "out"):
        parser.add_argument(folder, type=Path)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--kind", choices=KINDS)
    what.add_argument("--clean", dest="kind", action="store_const", const=None, help="copy the slices as they are")
    parser.add_argument("--limit", type=int, metavar="N", help="N slices, spread evenly")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--long-side", type=int, default=1600, metavar="PIXELS", help="of the pictures; messengers send 1600")
    parser.add_argument("--grey", action="store_true", help="the same pictures as grey PNG")
    given = vars(parser.parse_args())
    if given["out"].exists() and given["out"].samefile(given["data"]):
        parser.error("OUT is DATA")
    main(**given)
