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
    put("archive/good-numbers.csv", b"070701,1,2\n070702,3,4\n070703,5,6\n", "clean")
    put("archive/call.deb", deb([("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(tar_of([("control", b"Package: a\n")]))), ("data.tar.xz", lzma.compress(tar_of([("usr/a.pkl", evil)])))]), "bad", "model.pickle.call")
    put("archive/good.deb", deb([("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(tar_of([("control", b"Package: a\n")]))), ("data.tar.xz", lzma.compress(tar_of([("usr/a.pkl", good)])))]), "clean")


# --- ways round lists of forbidden names: the advisories that picklescan and fickling have had, by the name that each was about
ADVISORIES = """
4r9r-ch6f-vxmx torch.utils.bottleneck.__main__ run_cprofile
86cj-95qr-2p4f torch._dynamo.guards GuardBuilder.get
f4x7-rfwp-v3xw torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate_guards_expression
f745-w6jp-hpxx torch.utils.collect_env run
jhph-76pp-mggw torch.utils.collect_env run_and_read_all
h3qp-7fh3-f8h4 torch.utils.data.datapipes.utils.decoder basichandlers
vr7h-p6mm-wpmh torch.jit.unsupported_tensor_ops execWrapper
vv6j-3g6g-2pvj torch.utils._config_module ConfigModule.load_config
5qwp-399c-mjwf trace Trace.run
g344-hcph-8vgg trace Trace.runctx
x696-vm39-cp64 profile Profile.run
6vqj-c2q5-j97w profile Profile.runctx
f54q-57x4-jg88 lib2to3.pgen2.grammar Grammar.loads
3vg9-h568-4w9m idlelib.debugobj ObjectTreeItem.SetText
6w4w-5w54-rjvr idlelib.autocomplete AutoComplete.get_entity
7cq8-mj8x-j263 idlelib.autocomplete AutoComplete.fetch_completions
cj3c-v495-4xqh code InteractiveInterpreter.runcode
8r4j-24qv-fmq9 idlelib.calltip Calltip.fetch_tip
9xph-j2h6-g47v idlelib.calltip get_entity
4whj-rm5r-c2v8 torch.utils.bottleneck.__main__ run_autograd_prof
xp4f-hrf8-rxw7 ensurepip _run_pip
p9w7-82w4-7q8m lib2to3.pgen2.pgen ParserGenerator.make_label
vvpj-8cmc-gx39 pkgutil resolve_name
m869-42cg-3xwr idlelib.run Executive.runcode
j343-8v2j-ff7w idlelib.pyshell ModifiedInterpreter.runcommand
3gf5-cxq9-w223 idlelib.pyshell ModifiedInterpreter.runcode
fqq6-7vqf-w3fg doctest debug_script
9w88-8rmg-7g2p cProfile runctx
49gj-c84q-6qm9 cProfile run
7wx9-6375-f5wh profile run
q77w-mwjj-7mqx asyncio.unix_events _UnixSubprocessTransport._start
m273-6v24-x4m4 distutils.file_util write_file
4675-36f9-wf6r ctypes CDLL
84r2-jw7c-4r5q pydoc locate
vqmv-47xg-9wpr pty spawn
r8g5-cgf2-4m4m numpy.f2py.crackfortran getlincoef
46h3-79wf-xr6c bdb Bdb.run
955r-x9j8-7rhh _operator methodcaller
hgrh-qx5j-jfwx aiohttp request
g38g-8gr9-h9xp uuid _get_command_stdout
g38g-8gr9-h9xp-osx _osx_support _read_output
g38g-8gr9-h9xp-aix _aix_support _read_cmd_output
g38g-8gr9-h9xp-imap imaplib IMAP4_stream
g38g-8gr9-h9xp-pager _pyrepl.pager pipe_pager
g38g-8gr9-h9xp-test test.support.script_helper assert_python_ok
r7v6-mfhq-g3m2 pty spawn
565g-hwwr-4pp3 marshal loads
565g-hwwr-4pp3-types types FunctionType
wfq2-52f7-7qvj runpy run_path
p523-jq9w-64x9 cProfile run
5hvc-6wx8-mvv4 pydoc locate
q5qq-mvfm-j35x multiprocessing.util spawnv_passfds
q5qq-mvfm-j35x-import importlib import_module
h4rm-mm56-xf63 builtins __import__
5hwf-rc88-82xm _osx_support _find_build_tool
m6fh-58r7-x697 _posixsubprocess fork_exec
m6fh-58r7-x697-site site addsitedir
m6fh-58r7-x697-exit atexit register
6ggj-6f2q-f7mx _interpreters create
6ggj-6f2q-f7mx-old _xxsubinterpreters run_string
5j3x-jp52-966f pathlib os.system
cve-2025-1716 pip main
cve-2025-10157 asyncio.base_subprocess BaseSubprocessTransport
write-io _io FileIO
write-log logging FileHandler
fetch urllib.request urlopen
names ssl get_server_certificate
timeit timeit timeit
partial functools partial
code code interact
numpy-testing numpy.testing._private.utils runstring
torch-load torch load
joblib-load joblib load
compiles py_compile compile
pipes pipes Template
pexpect pexpect run
"""

# Of names that are on no list but lead nowhere good, the verdict is that of what is not known.
UNKNOWN = """
cffv-grgg-g429 ast parse
load-bytes torch.storage _load_from_bytes
dotted-future __future__ _ssl.RAND_bytes
scanner-off fickling.hook remove_hook
scanner-off-picklescan picklescan.scanner scan_bytes
numpy-pieces numpy vectorize
case Posix system
space-behind posix\u00a0 system
look-alike p\u043esix system
full-width \uff50osix system
"""


def shapes(text, module, name):
    """The same import and call in every way that a pickle has for it."""
    g = b"c" + module.encode() + b"\n" + name.encode() + b"\n"
    m, n, proto = text(module), text(name), b"\x80\x04"
    framed = m + b"\x94" + n + b"\x94\x93\x94" + text("id") + b"\x94\x85\x94R\x94."
    yield "global", b"\x80\x02" + g + b"(U\x02idtR."
    yield "global-bare", g + b"(S'id'\ntR."
    yield "texts-bare", b"S'" + module.encode() + b"'\nS'" + name.encode() + b"'\n\x93S'id'\n\x85R."
    yield "stack-global", proto + m + n + b"\x93" + text("id") + b"\x85R."
    yield "framed", proto + b"\x95" + struct.pack("<Q", len(framed)) + framed
    yield "long-texts", proto + b"".join(b"\x8d" + struct.pack("<Q", len(s.encode())) + s.encode() for s in (module, name)) + b"\x93)R."
    yield "memo-mixed", proto + n + b"q\xff0" + m + b"r\xfe\0\0\0" + b"0j\xfe\0\0\0h\xff\x93)R."
    yield "memo-again", proto + text("collections") + b"q\x000" + m + b"q\x000" + n + b"q\x010h\0h\1\x93)R."
    yield "twice-from-memo", proto + m + n + b"\x93q\x00" + b"0h\0" + text("id") + b"\x85Rq\x010h\x00)R."
    yield "duplicated", proto + m + n + b"\x932(" + text("id") + b"tR0."
    yield "swapped-marks", proto + b"((" + m + n + b"\x93lt0" + m + n + b"\x93)R."
    yield "inst", b"(S'id'\ni" + module.encode() + b"\n" + name.encode() + b"\n."
    yield "obj", b"(" + g + b"S'id'\no."
    yield "obj-pop", proto + b"(" + m + n + b"\x93" + text("id") + b"o0N."
    yield "obj-pop-mark", proto + b"((" + m + n + b"\x93" + text("id") + b"o1N."
    yield "newobj", proto + m + n + b"\x93)\x81."
    yield "newobj-ex", proto + m + n + b"\x93)}\x92."
    yield "reconstructor", b"\x80\x02ccopyreg\n_reconstructor\n(" + g + b"c__builtin__\nobject\nNtR."
    yield "built", proto + m + n + b"\x93)R}(" + text("a") + b"K\1ub."
    yield "setstate", proto + text("argparse") + text("Namespace") + b"\x93)\x81}" + text("__setstate__") + m + n + b"\x93sb" + text("id") + b"b."
    yield "as-factory", proto + text("collections") + text("defaultdict") + b"\x93" + m + n + b"\x93\x85R."
    yield "in-dict", proto + b"}" + text("a") + m + n + b"\x93)Rs."
    yield "in-key", proto + b"}(" + m + n + b"\x93)RNu."
    yield "in-set", proto + b"\x8f(" + m + n + b"\x93)R\x90."
    yield "under-persistent", proto + m + n + b"\x93)RQ."
    yield "two", b"\x80\x04N." + proto + m + n + b"\x93)R."
    yield "proto-again", proto + m + b"\x80\x02" + n + b"\x80\x05\x93)R."
    yield "proto-behind", m + proto + n + b"\x93)R."
    yield "newer", b"\x80\x05\x96" + struct.pack("<Q", 3) + b"abc0" + m + n + b"\x93)R."
    yield "nested", proto + text("x") + b"0C" + bytes([len(g) + 5]) + b"\x80\2" + g + b")R.."
    yield "nested-hex", proto + text((b"\x80\2" + g + b")R.").hex()) + b"."


def bypasses(put, text):
    for table, verdict, rule in ((ADVISORIES, "bad", "model.pickle.call"), (UNKNOWN, "suspicious", "model.pickle.unknown-call")):
        for line in table.strip("\n").split("\n"):
            name, module, function = line.split(" ")
            for end, data in ((s, d) for s, d in shapes(text, module, function) if s in ("stack-global", "global")):
                put(f"bypass/{name}-{end}.pkl", data, verdict, rule)
    for shape, data in shapes(text, "pty", "spawn"):
        put(f"shape/{shape}.pkl", data, "bad", "model.pickle.import" if shape in ("setstate", "as-factory", "reconstructor") else "model.pickle.call")
    for shape, data in shapes(text, "collections", "OrderedDict"):
        put(f"shape/good-{shape}.pkl", data, "clean")
    # What was run before a fault is run, whatever the fault.
    proto, evil = b"\x80\x04", text("pty") + text("spawn") + b"\x93" + text("id") + b"\x85R"
    good = text("collections") + text("OrderedDict") + b"\x93)R"
    for fault, behind in (("memo", b"0h\x63."), ("kind", b"0K\x2aq\0" + text("os") + b"q\1h\0h\1\x93."), ("opcode", b"\xfe."), ("mark", b"1."), ("empty", b"000."), ("cut", b"X\xff\0\0\0ab"), ("nothing", b""),
                          ("proto", b"\x80\x09."), ("number", b"Iabc\n."), ("bytes", b".\n\n\t\t"), ("pickle", b"." + proto + good + b".")):
        put(f"fault/{fault}.pkl", proto + evil + behind, "bad", "model.pickle.call")
        if fault in ("pickle",):
            put(f"fault/good-{fault}.pkl", proto + good + behind, "clean")
        elif fault not in ("kind", "memo", "number"):
            put(f"fault/near-{fault}.pkl", proto + good + behind, "unscanned", "model.trailing" if fault == "bytes" else "model.pickle.broken")
    put("fault/png.pt", b"\x89PNG\r\n\x1a\n", "unscanned", "scan.unknown")
    put("fault/png-then-pickle.pt", b"\x89PNG\r\n\x1a\n" + proto + evil + b".", "bad", "model.embedded-pickle")
    # A frame within one, and state that is set on what was imported: a function, a module, what a memo gave back.
    put("bypass/frame-in-frame.pkl", b"\x80\x04\x95" + struct.pack("<Q", 20) + b"N0\x95" + struct.pack("<Q", 2) + b"N.", "suspicious", "model.pickle.loaders-differ")
    put("bypass/good-frames.pkl", b"\x80\x04\x95" + struct.pack("<Q", 4) + b"N0N0\x95" + struct.pack("<Q", 4) + b"N0N.", "clean")
    for name, target in (("function", text("torch._utils") + text("_rebuild_tensor") + b"\x93"), ("module", text("os") + text("path") + b"\x93"),
                         ("memo", text("torch") + text("Tensor") + b"\x93q\0000h\0")):
        put(f"bypass/state-of-{name}.pkl", proto + target + b"}" + text("__code__") + b"Nsb.", "bad", "model.pickle.changes-import")
    put("bypass/good-state.pkl", proto + text("argparse") + text("Namespace") + b"\x93)\x81}" + text("lr") + b"K\1sb.", "clean")
    # Two names that meet only when they are called: what each is alone is told, too.
    put("bypass/methodcaller-of-locate.pkl", proto + text("operator") + text("methodcaller") + b"\x93" + text("system") + text("id") + b"\x86R" + text("pydoc") + text("locate") + b"\x93" +
        text("os") + b"\x85R\x85R.", "bad", "model.pickle.computed-call")
    put("bypass/getattr-of-import.pkl", b"cbuiltins\n__import__\nS'os'\n\x85Rp0\n0cbuiltins\ngetattr\ng0\nS'system'\n\x86Rp1\n0g1\nS'id'\n\x85R.", "bad", "model.pickle.computed-call")
    put("bypass/globals-compile-eval.pkl", b"c__builtin__\nglobals\n(tRp100\n0c__builtin__\ncompile\n(S'1'\nS''\nS'exec'\ntRp101\n0c__builtin__\neval\n(g101\ng100\ntR.", "bad", "model.pickle.call")
    put("bypass/numpy-object-names.npy", b"\x93NUMPY\1\0v\0" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n" + proto + text("ssl") + text("get_server_certificate") +
        b"\x93" + text("x.invalid") + b"\x85R.", "bad", "model.pickle.call")
