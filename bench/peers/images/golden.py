"""Makes test/golden/images: small files of many kinds, and what Pillow says of each.

    python bench/peers/images/golden.py        (pip install pillow==13.0.0 numpy tifffile imagecodecs pillow-heif)

Run it only when a kind is added. expected.json: for each file its size and the SHA-256 of
convert('RGB'); for transparent ones also the pixels over two backgrounds (base64, RGB), by
Image.alpha_composite; for those that sharp cannot read, part of the reason. And resizes of
rasters that Python and JavaScript make alike.
"""

import base64
import hashlib
import json
import pathlib
import warnings

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms

warnings.simplefilter("ignore")
OUT = pathlib.Path(__file__).parents[3] / "test/golden/images"
OUT.mkdir(parents=True, exist_ok=True)
W, H = 24, 16
y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([x * 10 + 3, y * 15 + 7, (x * y * 3) % 256], -1).astype("uint8")
grey = rgb[..., 2].copy()
alpha = ((x * 11 + y * 5) % 256).astype("uint8")
alpha[:4, :8] = 0
alpha[8:, 16:] = 255
picture = Image.fromarray(rgb)
wide = lambda a: a.astype("uint16") * 257
expected: dict = {"images": {}, "refused": {}, "resizes": []}
BACKGROUNDS = {"#0000ff": (0, 0, 255), "orange": (255, 165, 0)}


def add(name: str, data: bytes | None = None, composite: bool = False) -> None:
    path = OUT / name
    if data is not None:
        path.write_bytes(data)
    image = Image.open(path)
    plain = image.convert("RGB")
    entry = {"width": plain.width, "height": plain.height, "mode": image.mode}
    entry["rgb"] = hashlib.sha256(plain.tobytes()).hexdigest()
    if composite:
        rgba = image.convert("RGBA")
        entry["over"] = {
            name: base64.b64encode(
                Image.alpha_composite(Image.new("RGBA", rgba.size, colour + (255,)), rgba)
                .convert("RGB")
                .tobytes()
            ).decode()
            for name, colour in BACKGROUNDS.items()
        }
    expected["images"][name] = entry


def refused(name: str, reason: str) -> None:
    expected["refused"][name] = reason


def tiff(name: str, array: np.ndarray, **options: object) -> None:
    tifffile.imwrite(OUT / name, array, metadata=None, software=False, **options)


# Transparency of every kind: colour type, depth, format.
layers = lambda *planes: np.dstack(planes)
add("la.png", imagecodecs.png_encode(layers(grey, alpha)), True)
add("la16.png", imagecodecs.png_encode(wide(layers(grey, alpha))), True)
add("rgba.png", imagecodecs.png_encode(layers(rgb, alpha)), True)
add("rgba16.png", imagecodecs.png_encode(wide(layers(rgb, alpha))), True)
palette = picture.quantize(16)
for name in ("palette.png", "palette.gif"):
    palette.save(OUT / name, transparency=3)
    add(name, None, True)
palette.save(OUT / "palette-alpha.png", transparency=bytes(range(0, 256, 16)))
add("palette-alpha.png", None, True)
picture.save(OUT / "key.png", transparency=tuple(int(v) for v in rgb[5, 5]))
add("key.png", None, True)
picture.convert("L").save(OUT / "key-grey.png", transparency=40)
add("key-grey.png", None, True)
with_alpha = picture.copy()
with_alpha.putalpha(Image.fromarray(alpha))
with_alpha.save(OUT / "rgba.webp", lossless=True, exact=True)
add("rgba.webp", None, True)
grey_alpha = Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)])
grey_alpha.save(OUT / "la.webp", lossless=True, exact=True)
add("la.webp", None, True)
for kind, colours, planes in (("rgb", "rgb", rgb), ("grey", "minisblack", grey)):
    for extra in ("unassalpha", "assocalpha"):
        if (kind, extra) == ("grey", "assocalpha"):
            continue  # Pillow cannot convert it.
        shown = planes
        if extra == "assocalpha":
            shown = (planes.astype(int) * alpha[..., None] // 255).astype("uint8")
        name = f"{kind}-{extra}.tif"
        tiff(name, layers(shown, alpha), photometric=colours, planarconfig="contig", extrasamples=[extra])
        add(name, None, True)
tiff("rgb16-unassalpha.tif", wide(layers(rgb, alpha)), photometric="rgb", extrasamples=["unassalpha"])
add("rgb16-unassalpha.tif", None, True)

# GIFs whose frame does not cover the screen, with and without a transparent index.
def gif(name: str, rectangle: tuple, transparent: int | None, local: bool = False) -> None:
    left, top, width, height = rectangle
    colours = bytes((i * 37 + 11 * c) % 256 for i in range(128) for c in range(3))
    out = b"GIF89a" + W.to_bytes(2, "little") + H.to_bytes(2, "little") + b"\x86\0\0" + colours
    if transparent is not None:
        out += b"\x21\xf9\x04\x01\0\0" + bytes([transparent]) + b"\0"
    out += b"," + b"".join(v.to_bytes(2, "little") for v in rectangle)
    out += (b"\x86" + colours[::-1]) if local else b"\0"
    # Codes of 8 bits; a clear code (128) before the table would need 9.
    codes = bytearray()
    for i in range(width * height):
        if i % 100 == 0:
            codes.append(128)
        codes.append((i * 7) % 128)
    codes.append(129)
    blocks = [codes[i : i + 255] for i in range(0, len(codes), 255)]
    out += b"\x07" + b"".join(bytes([len(b)]) + bytes(b) for b in blocks) + b"\0;"
    add(name, out)


gif("frame.gif", (5, 3, 12, 8), None)
gif("frame-transparent.gif", (5, 3, 12, 8), 9)
gif("frame-local.gif", (5, 3, 12, 8), None, True)
gif("frame-local-transparent.gif", (5, 3, 12, 8), 4, True)
gif("frame-beyond.gif", (16, 10, 20, 12), None)
gif("whole-transparent.gif", (0, 0, W, H), 7)

# Bitmaps.
picture.save(OUT / "rgb.bmp")
with_alpha.save(OUT / "rgba.bmp")
palette.save(OUT / "palette.bmp")
picture.convert("1").save(OUT / "bilevel.bmp")
picture.convert("L").save(OUT / "grey.bmp")
for name in ("rgb.bmp", "palette.bmp", "bilevel.bmp", "grey.bmp"):
    add(name)
add("rgba.bmp", None, True)
runs = b"".join(bytes([W // 2, (r * 9) % 16, W - W // 2, 15 - r % 16]) + b"\0\0" for r in range(H)) + b"\0\1"
table = b"".join(bytes([i * 16, 255 - i * 16, i * 5, 0]) for i in range(16))
info = lambda bits, kind, colours: (
    (40).to_bytes(4, "little") + W.to_bytes(4, "little") + H.to_bytes(4, "little") + b"\x01\0"
    + bits.to_bytes(2, "little") + kind.to_bytes(4, "little") + bytes(12) + colours.to_bytes(4, "little") + bytes(4)
)
for name, bits, kind in (("runs8.bmp", 8, 1), ("runs4.bmp", 4, 2)):
    start = 54 + len(table)
    head = b"BM" + (start + len(runs)).to_bytes(4, "little") + bytes(4) + start.to_bytes(4, "little")
    add(name, head + info(bits, kind, 16) + table + runs)
rows16 = b"".join(((int(r) >> 3) << 11 | (int(g) >> 2) << 5 | int(b) >> 3).to_bytes(2, "little") for row in rgb[::-1] for r, g, b in row)
masks = b"".join(m.to_bytes(4, "little") for m in (0xF800, 0x07E0, 0x001F))
add("565.bmp", b"BM" + (66 + len(rows16)).to_bytes(4, "little") + bytes(4) + (66).to_bytes(4, "little") + info(16, 3, 0) + masks + rows16)

# What sharp's libvips lacks, with a part of its reason.
for compression, reason in (("zstd", "ZSTD compression support"), ("lzma", "LZMA compression support"), ("lerc", "LERC compression support"), ("jpeg2000", "JPEG 2000")):
    tiff(f"{compression}.tif", rgb, photometric="rgb", compression=compression)
    refused(f"{compression}.tif", reason)
tiff("planar-tiles.tif", np.moveaxis(rgb, -1, 0), photometric="rgb", planarconfig="separate", tile=(16, 16))
refused("planar-tiles.tif", "separate planes of tiles")
tiff("jpeg12.tif", rgb.astype("uint16") * 16, photometric="rgb", compression="jpeg", compressionargs={"bitspersample": 12})
refused("jpeg12.tif", "12 bits")
(OUT / "12.jpg").write_bytes(imagecodecs.jpeg8_encode(rgb.astype("uint16") * 16, bitspersample=12))
refused("12.jpg", "precision 12")
tiff("icclab.tif", rgb, photometric="icclab")
refused("icclab.tif", "multiband")
tiff("double.tif", grey.astype("float64"))
refused("double.tif", "64 bits")
lab = ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
lab.save(OUT / "lab.tif")
refused("lab.tif", "CIELAB")
picture.convert("YCbCr").save(OUT / "ycbcr.tif")
refused("ycbcr.tif", "YCbCr")
for name, data, reason in (
    ("picture.jp2", imagecodecs.jpeg2k_encode(rgb), "a JPEG 2000 picture"),
    ("picture.jxl", imagecodecs.jpegxl_encode(rgb), "a JPEG XL picture"),
    ("picture.qoi", imagecodecs.qoi_encode(rgb), "a QOI picture"),
):
    (OUT / name).write_bytes(data)
    refused(name, reason)
for name, reason in (("ico", "a Windows icon"), ("ppm", "a Netpbm picture"), ("tga", "a Targa picture"), ("pcx", "a PCX picture"), ("dds", "a DirectDraw texture"), ("sgi", "an SGI picture")):
    picture.save(OUT / f"picture.{name}")
    refused(f"picture.{name}", reason)
# Larger, so that chroma is more than edges: compared by PSNR where libheif-js is installed.
big = Image.fromarray(np.kron(rgb, np.ones((4, 4, 1), "uint8")))
pillow_heif.from_pillow(big).save(OUT / "photo.heic", quality=90)
refused("photo.heic", "HEVC")

# Resizes: samples are (i * 2654435761 >> 24) & 255 for i = 0, 1 ...
for kind in ("u1", "f4"):
    for kernel in ("bilinear", "bicubic", "lanczos"):
        for width, height, to_width, to_height in ((13, 9, 31, 40), (40, 37, 16, 9), (50, 12, 20, 33), (10, 61, 33, 20), (7, 7, 7, 19), (1, 1, 5, 4)):
            i = np.arange(width * height * 3, dtype=np.uint64)
            samples = ((i * 2654435761 >> 24) & 255).astype(kind).reshape(height, width, 3)
            method = getattr(Image.Resampling, kernel.upper())
            size = (to_width, to_height)
            if kind == "u1":
                result = np.asarray(Image.fromarray(samples).resize(size, method))
            else:
                planes = [Image.fromarray(samples[..., c].copy()).resize(size, method) for c in range(3)]
                result = np.dstack([np.asarray(p) for p in planes]).astype("<f4")
            digest = hashlib.sha256(np.ascontiguousarray(result).tobytes()).hexdigest()
            expected["resizes"].append([kind, kernel, width, height, to_width, to_height, digest])

(OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
