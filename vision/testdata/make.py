"""Makes formats.json: small image files in many formats, and the pixels Pillow 12.0.0 reads from them; and foreign.json, files of
formats that are not read.

Usage: python make.py DIR    (needs pillow==12.0.0, pillow-heif==1.8.1 and numpy)
What is transparent is laid over white. "levels" is how far a pixel may be from Pillow's.
"""
import base64
import io
import json
import struct
import sys
import zlib

import numpy as np
import pillow_heif
from PIL import Image

rng = np.random.default_rng(7)
cases = []


def case(name, data, levels=0):
    im = Image.open(io.BytesIO(data))
    im.load()
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        white = Image.new("RGB", im.size, (255, 255, 255))
        white.paste(im, mask=im.split()[3])
        im = white
    rgb = im.convert("RGB")
    cases.append({
        "name": name, "data": base64.b64encode(data).decode(), "levels": levels,
        "w": rgb.width, "h": rgb.height, "rgb": base64.b64encode(rgb.tobytes()).decode(),
    })


def saved(im, kind, **options):
    out = io.BytesIO()
    im.save(out, kind, **options)
    return out.getvalue()


def scene(w, h, channels=3):
    """Smooth colour with hard edges and a little noise: what interpolation and rounding show on."""
    y, x = np.mgrid[0:h, 0:w]
    planes = [127 + 120 * np.sin(x / (3 + c) + c) * np.cos(y / (4 - 0.5 * c)) for c in range(channels)]
    a = np.stack(planes, -1) + rng.normal(0, 6, (h, w, channels))
    a[h // 3 : h // 2, w // 4 : w // 2] = rng.integers(0, 256, channels)
    return np.clip(a, 0, 255).astype(np.uint8)


def blocks(w, h, n):
    """Flat squares of side n. Their cosine transform has one coefficient, which every decoder inverts alike: what is left
    to compare is chroma upsampling and colour conversion."""
    a = rng.integers(0, 256, ((h + n - 1) // n, (w + n - 1) // n, 3), dtype=np.uint8)
    return Image.fromarray(np.ascontiguousarray(a.repeat(n, 0).repeat(n, 1)[:h, :w]))


def png16(a, kind):
    """A 16-bit PNG, which Pillow reads but does not write; kind is PNG's colour type."""
    h, w = a.shape[:2]
    rows = b"".join(b"\0" + a[y].astype(">u2").tobytes() for y in range(h))
    chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    head = struct.pack(">IIBBBBB", w, h, 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def partial_gif(transparent):
    """A first frame of 9x7 at (5, 4) on a screen of 20x15, by moving the frame within the file."""
    im = Image.fromarray(scene(9, 7)).quantize(16)
    data = bytearray(saved(im, "GIF", **({"transparency": 3} if transparent else {})))
    data[6:10] = struct.pack("<HH", 20, 15)
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", 9, 7))
    data[at + 1 : at + 5] = struct.pack("<HH", 5, 4)
    return bytes(data)


def without_tables(data):
    """A JPEG without its DHT segments."""
    out, at = data[:2], 2
    while data[at + 1] != 0xDA:
        n = 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at + 1] != 0xC4:
            out += data[at : at + n]
        at += n
    return out + data[at:]


def partial_webp(data):
    """An animation whose first frame lies at (4, 6) on a screen that is larger by 9 and 12."""
    data = bytearray(data)
    x = data.index(b"VP8X") + 8
    w, h = (int.from_bytes(data[x + at : x + at + 3], "little") for at in (4, 7))
    data[x + 4 : x + 10] = (w + 9).to_bytes(3, "little") + (h + 12).to_bytes(3, "little")
    f = data.index(b"ANMF") + 8
    data[f : f + 6] = (4 // 2).to_bytes(3, "little") + (6 // 2).to_bytes(3, "little")
    return bytes(data)


for sub in range(3):  # 4:4:4, 4:2:2, 4:2:0
    for w, h in [(45, 37), (32, 16), (17, 50)]:
        case(f"blocks_{sub}_{w}x{h}.jpg", saved(blocks(w, h, 16), "JPEG", quality=100, subsampling=sub))
for w in range(1, 8):
    a = np.zeros((w + 1, w, 3), np.uint8)
    a[:, : w // 2, 0] = 255
    a[: w // 2, :, 2] = 255
    case(f"narrow_422_{w}.jpg", saved(Image.fromarray(a), "JPEG", quality=100, subsampling=1), 2)
    case(f"narrow_420_{w}.jpg", saved(Image.fromarray(a), "JPEG", quality=100, subsampling=2), 2)
# 4:4:0, which no encoder here writes: a 4:2:2 file of as many units, its luma's sampling factors exchanged.
j = bytearray(saved(blocks(32, 32, 8), "JPEG", quality=100, subsampling=1))
sof = j.index(b"\xff\xc0")
assert j[sof + 11] == 0x21
j[sof + 11] = 0x12
case("blocks_440.jpg", bytes(j))
case("scene_420.jpg", saved(Image.fromarray(scene(41, 35)), "JPEG", quality=85), 3)
case("scene_progressive.jpg", saved(Image.fromarray(scene(41, 35)), "JPEG", quality=60, progressive=True), 3)
case("scene_rgb.jpg", saved(Image.fromarray(scene(24, 19)), "JPEG", quality=90, keep_rgb=True), 3)
case("scene_gray.jpg", saved(Image.fromarray(scene(24, 19, 1)[..., 0]), "JPEG", quality=90), 3)

for w, h in [(24, 20), (37, 29), (1, 6), (6, 1), (2, 2), (3, 5)]:
    case(f"lossy_{w}x{h}.webp", saved(Image.fromarray(scene(w, h)), "WEBP", quality=75))
case("lossy_alpha.webp", saved(Image.fromarray(scene(33, 31, 4)), "WEBP", quality=80))
case("lossless.webp", saved(Image.fromarray(scene(25, 17)), "WEBP", lossless=True))
case("lossless_alpha.webp", saved(Image.fromarray(scene(25, 17, 4)), "WEBP", lossless=True, exact=True))

p = Image.fromarray(scene(21, 18)).quantize(32)
case("plain.gif", saved(p, "GIF"))
case("interlaced.gif", saved(p, "GIF", interlace=1))
case("two_frames.gif", saved(p, "GIF", save_all=True, append_images=[Image.fromarray(scene(21, 18)).quantize(8)]))
case("transparent.gif", saved(p, "GIF", transparency=5))
case("partial.gif", partial_gif(False))
case("partial_transparent.gif", partial_gif(True))

case("rgb.bmp", saved(Image.fromarray(scene(19, 14)), "BMP"))
case("palette.bmp", saved(p, "BMP"))
case("bilevel.bmp", saved(Image.fromarray(scene(19, 14)).convert("1"), "BMP"))
case("padded.bmp", saved(Image.fromarray(scene(19, 14, 4)).convert("RGBX").convert("RGB"), "BMP"))

gray16 = Image.fromarray((scene(20, 16, 1)[..., 0].astype(np.uint16) * 3))
for compression in ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]:
    case(f"rgb_{compression}.tiff", saved(Image.fromarray(scene(23, 17)), "TIFF", compression=compression))
case("gray.tiff", saved(Image.fromarray(scene(20, 16, 1)[..., 0]), "TIFF"))
case("gray16.tiff", saved(gray16, "TIFF"))
case("palette.tiff", saved(p, "TIFF"))
case("alpha.tiff", saved(Image.fromarray(scene(20, 16, 4)), "TIFF"))

case("gray16.png", saved(gray16, "PNG"))
deep = rng.integers(0, 65536, (9, 12, 4))
case("rgb16.png", png16(deep[..., :3], 2))
case("rgba16.png", png16(deep, 6))
case("la16.png", png16(deep[..., :2], 4))
case("rgba.png", saved(Image.fromarray(scene(20, 16, 4)), "PNG"))
case("la.png", saved(Image.fromarray(scene(20, 16, 2), "LA"), "PNG"))
case("palette_alpha.png", saved(p, "PNG", transparency=bytes(rng.integers(0, 256, 32, dtype=np.uint8))))
case("palette_2bit.png", saved(Image.fromarray(scene(21, 18)).quantize(4), "PNG", bits=2))

# What webcams send over USB: baseline JPEGs whose Huffman tables, the standard's own, are left out.
for name, im, sub in [("420", Image.fromarray(scene(41, 35)), 2), ("422", blocks(32, 16, 16), 1), ("gray", Image.fromarray(scene(24, 19, 1)[..., 0]), 0)]:
    case(f"no_tables_{name}.jpg", without_tables(saved(im, "JPEG", quality=85, subsampling=sub)), 3)

for lossless in (False, True):
    for channels in (3, 4):
        frames = [Image.fromarray(scene(27, 22, channels)) for _ in range(3)]
        data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=lossless, quality=80, exact=True, duration=100)
        assert b"ANMF" in data
        case(f"animated_{'lossless' if lossless else 'lossy'}_{channels}.webp", data)
        case(f"animated_part_{'lossless' if lossless else 'lossy'}_{channels}.webp", partial_webp(data))
p = Image.fromarray(scene(21, 18)).quantize(32)
case("animated.gif", saved(p, "GIF", save_all=True, append_images=[Image.fromarray(scene(21, 18)).quantize(8)] * 3, duration=100, disposal=2))

text = "[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]"
open(f"{sys.argv[1]}/formats.json", "w").write(text + "\n")

# Files of formats that are not read, to be told by name.
pillow_heif.register_heif_opener()
im = Image.fromarray(scene(16, 16))
foreign = {kind: base64.b64encode(saved(im, kind)).decode() for kind in ("AVIF", "HEIF", "JPEG2000", "ICO", "PPM", "PDF")}
json.dump(foreign, open(f"{sys.argv[1]}/foreign.json", "w"), indent=1)
