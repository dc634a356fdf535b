"""Archives and pickles for scan_files.py: containers that other scanners do not open, and the ways round a list of forbidden names that are
publicly known of them, each made anew. What would be run is `id` at most, and nothing is ever loaded."""
import bz2
import gzip
import lzma
import struct
import subprocess
import zlib


# --- containers, written out
def number(n):
    """7z's: as many ones at the front of the first byte as bytes follow."""
    for more in range(8):
        if n < 1 << (7 * (more + 1)):
            first = (0xff << (8 - more)) & 0xff | n >> (8 * more)
            return bytes([first]) + (n & ((1 << (8 * more)) - 1)).to_bytes(more, "little")
    return b"\xff" + n.to_bytes(8, "little")


def coders(method, data):
    """The bytes that 7z stores, and the description of how to unpack them."""
    if method == "copy":
        return data, b"\1\0"
    if method == "lzma":
        packed = lzma.compress(data, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}])
        return packed, b"\x23\3\1\1\5" + b"\x5d" + struct.pack("<I", 1 << 16)
    if method == "lzma2":
        return lzma.compress(data, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]), b"\x21\x21\1\x08"
    if method == "bzip2":
        return bz2.compress(data), b"\3\4\2\2"
    if method == "unknown":
        return data, b"\4\7\7\7\7"
    assert method == "aes"
    return data + b"\0" * (-len(data) % 16), b"\x24\6\xf1\7\1\2\x13\0"


def sevenzip(members, method="lzma", cut_header=False):
    """One folder for each member."""
    packed, folders, sizes, crcs = b"", b"", b"", b""
    packs = []
    for _, data in members:
        p, coder = coders(method, data)
        packs.append(len(p))
        packed += p
        folders += b"\1" + coder
        sizes += number(len(data))
        crcs += struct.pack("<I", zlib.crc32(data))
    streams = b"\6" + number(0) + number(len(packs)) + b"\x09" + b"".join(number(n) for n in packs) + b"\0"
    streams += b"\7\x0b" + number(len(packs)) + b"\0" + folders + b"\x0c" + sizes + b"\0" + b"\x08\x0a\1" + crcs + b"\0"
    names = b"\0" + b"".join(n.encode("utf-16le") + b"\0\0" for n, _ in members)
    header = b"\1\4" + streams + b"\0" + b"\5" + number(len(members)) + b"\x11" + number(len(names)) + names + b"\0\0"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + (header[:-9] if cut_header else header)


def cab(name, data):
    """One folder, stored."""
    block = struct.pack("<IHH", 0, len(data), len(data)) + data
    file = struct.pack("<IIHHHH", len(data), 0, 0, 0, 0, 0x20) + name.encode() + b"\0"
    files_at = 36 + 8
    data_at = files_at + len(file)
    return b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, data_at + len(block), 0, files_at, 0, 3, 1, 1, 1, 0, 0, 0) + struct.pack("<IHH", data_at, 1, 0) + file + block


def cpio(members):
    out = b""
    for name, data in members + [("TRAILER!!!", b"")]:
        n = name.encode() + b"\0"
        head = b"070701" + b"".join(b"%08x" % v for v in (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(n), 0)) + n
        out += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    return out


def deb(members):
    out = b"!<arch>\n"
    for name, data in members:
        out += name.ljust(16).encode() + b"0           0     0     100644  " + str(len(data)).ljust(10).encode() + b"`\n" + data + b"\n" * (len(data) % 2)
    return out


def lz4(data):
    """A frame of blocks that are stored."""
    return b"\4\x22\x4d\x18\x60\x40\x82" + b"".join(struct.pack("<I", len(data[i:i + 65536]) | 1 << 31) + data[i:i + 65536] for i in range(0, len(data), 65536)) + b"\0" * 4


def zstd(data):
    """A frame of blocks that are stored, without a size and a checksum."""
    pieces = [data[i:i + 65536] for i in range(0, len(data), 65536)]
    return b"\x28\xb5\x2f\xfd\0\x58" + b"".join(struct.pack("<I", len(p) << 3 | (k == len(pieces) - 1))[:3] + p for k, p in enumerate(pieces))


def zstd_real(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def archives(put, call, good, tar_of, zip_of):
    evil, zeros = call("posix", "system", "id"), bytes(130 << 20)
    plain = evil[:-1]
    ways = {"xz": lzma.compress, "lzma": lambda d: lzma.compress(d, format=lzma.FORMAT_ALONE), "bz2": bz2.compress, "zst": zstd, "lz4": lz4, "gz": gzip.compress, "zlib": zlib.compress}
    for end, pack in ways.items():
        put(f"packed/good.pkl.{end}", pack(good), "clean")
        put(f"packed/call.pkl.{end}", pack(evil), "bad", "model.pickle.call")
        put(f"packed/call.tar.{end}", pack(tar_of([("a/model.pkl", evil)])), "bad", "model.pickle.call")
        put(f"packed/good.tar.{end}", pack(tar_of([("a/model.pkl", good)])), "clean")
        # joblib packs so, whatever the name.
        put(f"packed/{end}/call.joblib", pack(evil), "bad", "model.pickle.call")
        put(f"packed/{end}/good.joblib", pack(good), "clean")
        # What a loader has run before it meets the damage.
        long = (pack if end != "bz2" else lambda d: bz2.compress(d, 1))(plain + b"0" + b"".join(b"J" + struct.pack("<I", i * 2654435761 % 2**32) + b"0" for i in range(120000)) + b"N.")
        put(f"packed/{end}/cut.joblib", long[:len(long) * 3 // 4], "bad", "archive.unread")
        put(f"packed/{end}/cut-runs.joblib", long[:len(long) * 3 // 4], "bad", "model.pickle.call")
        if end not in ("lzma", "zlib"):
            put(f"packed/two.pkl.{end}", pack(good) + pack(evil), "bad", "model.pickle.call")
        # Libraries that read LZ4 stop at what they do not know.
        if end != "lz4":
            put(f"packed/behind.pkl.{end}", pack(good) + b"\1some bytes", "unscanned", "model.trailing")
            put(f"packed/behind-runs.pkl.{end}", pack(evil) + b"\1some bytes", "bad", "model.pickle.call")
    put("packed/real.pkl.zst", zstd_real(evil * 100), "bad", "model.pickle.call")
    put("packed/note.pkl.zst", b"\x50\x2a\x4d\x18\4\0\0\0note" + zstd(evil), "bad", "model.pickle.call")
    put("packed/good-note.pkl.zst", b"\x50\x2a\x4d\x18\4\0\0\0note" + zstd(good) + b"\x5e\x2a\x4d\x18\4\0\0\0note", "clean")
    put("packed/xz-padded.pkl.xz", lzma.compress(good) + b"\0" * 8 + lzma.compress(evil), "bad", "model.pickle.call")
    wrong = bytearray(lzma.compress(evil))
    wrong[-21] ^= 1  # the last byte of the checksum
    put("packed/xz-checksum.pkl.xz", bytes(wrong), "bad", "archive.unread")
    put("packed/xz-checksum-runs.pkl.xz", bytes(wrong), "bad", "model.pickle.call")
    for end, pack in (("xz", lambda d: lzma.compress(d, preset=0)), ("zst", zstd_real)):
        put(f"packed/bomb.pkl.{end}", pack(zeros), "unscanned", "scan.limit")
    deep = evil
    for i in range(5):
        deep = lzma.compress(deep) if i % 2 else bz2.compress(deep)
    put("packed/five.pkl.bz2", deep, "bad", "model.pickle.call")
    for i in range(10):
        deep = lzma.compress(deep)
    put("packed/fifteen.xz", deep, "unscanned", "scan.limit")
    put("packed/literal-lzma.pkl", b"\x80\x04C" + bytes([len(lzma.compress(evil))]) + lzma.compress(evil) + b".", "bad", "model.pickle.call")

    for method in ("copy", "lzma", "lzma2", "bzip2"):
        put(f"archive/good-{method}.7z", sevenzip([("model.pkl", good), ("data.pkl", good)], method), "clean")
        put(f"archive/call-{method}.7z", sevenzip([("good.pkl", good), ("\u043c\u043e\u0434\u0435\u043b\u044c.pkl", evil)], method), "bad", "model.pickle.call")
    put("archive/not-called-so.bin", sevenzip([("model.pkl", evil)]), "bad", "model.pickle.call")
    put("archive/broken-pickle.7z", sevenzip([("data.pkl", plain + b"\xff\xff")]), "bad", "model.pickle.call")
    put("archive/torch.7z", sevenzip([("a.pt", zip_of([("archive/data.pkl", evil), ("archive/version", b"3\n")]))]), "bad", "model.pickle.call")
    put("archive/in-zip.zip", zip_of([("a.7z", sevenzip([("data.pkl", evil)]))]), "bad", "model.pickle.call")
    put("archive/out.7z", sevenzip([("../../model.pkl", good)]), "suspicious", "archive.path")
    put("archive/encrypted.7z", sevenzip([("model.pkl", good)], "aes"), "unscanned", "archive.encrypted")
    put("archive/unknown-method.7z", sevenzip([("model.pkl", good)], "unknown"), "unscanned", "archive.unread")
    put("archive/cut-header.7z", sevenzip([("model.pkl", good)], cut_header=True), "unscanned", "archive.unread")
    put("archive/behind.7z", sevenzip([("model.pkl", good)]) + b"\1more", "unscanned", "model.trailing")
    put("archive/behind-runs.7z", sevenzip([("model.pkl", good)]) + evil, "bad", "model.embedded-pickle")
    damaged = bytearray(sevenzip([("a.pkl", evil), ("b.pkl", good)], "copy"))
    damaged[32 + len(evil) + 3] ^= 1
    put("archive/checksum.7z", bytes(damaged), "bad", "archive.checksum")
    damaged = bytearray(sevenzip([("a.pkl", evil)], "copy"))
    damaged[32 + evil.index(b"id")] ^= 1
    put("archive/checksum-runs.7z", bytes(damaged), "bad", "model.pickle.call")
    put("archive/bomb.7z", sevenzip([("a.pkl", zeros), ("b.pkl", good)]), "unscanned", "scan.limit")
    put("archive/call.cab", cab("model.pkl", evil), "bad", "model.pickle.call")
    put("archive/good.cab", cab("model.pkl", good), "clean")
    put("archive/call.cpio", cpio([("model.pkl", evil)]), "bad", "model.pickle.call")
    put("archive/good.cpio", cpio([("model.pkl", good)]), "clean")
    put("archive/call.deb", deb([("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(tar_of([("control", b"Package: a\n")]))), ("data.tar.xz", lzma.compress(tar_of([("usr/a.pkl", evil)])))]), "bad", "model.pickle.call")
    put("archive/good.deb", deb([("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(tar_of([("control", b"Package: a\n")]))), ("data.tar.xz", lzma.compress(tar_of([("usr/a.pkl", good)])))]), "clean")
