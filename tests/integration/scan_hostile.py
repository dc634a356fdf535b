"""Scans what scan_hostile_files.py makes, and what changes meanwhile:  scan_hostile.py POSTERN FOLDER GOOD [NAME...]
GOOD is the folder that scan_files.py filled. Prints "ok - NAME" or "not ok - NAME" for each check with what it took; exit 1 if one failed.
Whatever is in a file: the scan ends in time, says how in one of its codes and in JSON, no process has more than 300 MB of its own, no process
that parses dies, and nothing is clean that was not understood. With POSTERN_SUITE=long there is ten times as much of it."""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import scan_hostile_files as files

postern, work, good = sys.argv[1:4]
wanted = sys.argv[4:]
LONG = os.environ.get("POSTERN_SUITE") == "long"
MANY = 10 if LONG else 1
MEMORY_MB = 300
# Under the sanitizers all takes longer, and memory is no measure.
SLOW = 10 if os.environ.get("BUILD") == "asan" else 1
CODES = {0: "clean", 1: "bad", 3: "unscanned", 4: "suspicious"}
failed = 0
worst = {"seconds": (0, ""), "memory": (0, "")}


class Run:
    """One scan: its code, what it said, its seconds, and what its processes had of their own at most, one and all together. Pages of files do not
    count: the kernel takes them back."""

    def __init__(self, *args, seconds=60, meanwhile=None, user=None, command=()):
        self.out, self.err = os.path.join(work, "out"), os.path.join(work, "err")
        who = {"user": user, "group": user, "extra_groups": [], "env": {**os.environ, "HOME": work, "XDG_CONFIG_HOME": work}} if user else {}
        begin = time.monotonic()
        self.one = self.all = self.pages = 0
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            p = subprocess.Popen([*command, postern, "scan", *args], stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, **who)
        end = begin + seconds * SLOW
        self.late = False
        doing = threading.Thread(target=meanwhile, args=(p.pid,)) if meanwhile else None
        if doing:
            doing.start()
        while p.poll() is None:
            took = [own_memory(pid) for pid in tree(p.pid)]
            self.one, self.all = max([self.one, *took]), max(self.all, sum(took))
            self.pages = max([self.pages, *[memory(pid, "VmHWM") for pid in tree(p.pid)]])
            if time.monotonic() > end:
                self.late = True
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()
            time.sleep(0.005)
        self.seconds, self.code = time.monotonic() - begin, p.returncode
        if doing:
            doing.join()
        self.raw = open(self.out, "rb").read()
        self.said = open(self.err, "rb").read().decode(errors="replace")

    def wrong(self, all_mb=None):
        """What is wrong with it whatever was scanned, as texts."""
        if self.late:
            yield f"it did not end in {self.seconds:.0f} s"
            return
        if self.code not in CODES:
            yield f"code {self.code}: {self.said[:300]}"
        if SLOW == 1 and self.one > MEMORY_MB:
            yield f"a process took {self.one} MB"
        if SLOW == 1 and all_mb and self.all > all_mb:
            yield f"all processes took {self.all} MB"

    def json(self):
        return json.loads(self.raw.decode())


def tree(pid):
    todo, out = [pid], []
    while todo:
        pid = todo.pop()
        out.append(pid)
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as f:
                todo += map(int, f.read().split())
        except OSError:
            pass
    return out


def signals(pids, number):
    for p in pids:
        try:
            os.kill(p, number)
        except ProcessLookupError:
            pass


def memory(pid, what):
    """MB."""
    try:
        with open(f"/proc/{pid}/status") as f:
            return sum(int(x) for x in re.findall(rf"(?:{what}):\s*(\d+)", f.read())) >> 10
    except (OSError, ValueError):
        return 0


def own_memory(pid):
    return memory(pid, "RssAnon|RssShmem")


def told(name, run, problems):
    global failed
    problems = list(problems)
    print(f"{'not ok' if problems else 'ok'} - scan_hostile: {name}" + (f" ({run.seconds:.1f} s, {run.one} MB, together {run.all} MB)" if run else ""), flush=True)
    for p in problems[:20]:
        print("#", p)
    failed |= bool(problems)
    if run:
        worst["seconds"] = max(worst["seconds"], (round(run.seconds, 1), name))
        worst["memory"] = max(worst["memory"], (run.one, name))


def judged(run, folder, clean=(), verdicts=None, count=None):
    """What of the result is not as it must be. `clean`: names that may be; `verdicts`: what files of these names must have."""
    if run.late or run.code not in CODES:
        return
    try:
        said = run.json()
    except ValueError as e:
        yield f"no JSON: {e}"
        return
    if CODES[run.code] != said["verdict"]:
        yield f"code {run.code} for {said['verdict']}"
    if count is not None and said["counts"]["files"] != count:
        yield f"{said['counts']['files']} files instead of {count}"
    found = {}
    for f in said["files"]:
        name = os.path.relpath(f["path"], folder)
        found[name] = f["verdict"]
        if f["verdict"] == "clean" and f["size"] and clean is not None and not any(re.fullmatch(c, name) for c in clean):
            yield f"{name} is clean"
        for x in f["findings"]:
            if x["rule"] == "scan.process":
                yield f"{name}: {x['evidence']}"
    for name, want in (verdicts or {}).items():
        if found.get(name) not in want.split():
            yield f"{name} is {found.get(name)} and not {want}"


def acts(raw):
    """What in bytes would act on who reads them."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as e:
        return f"no UTF-8: {e}"
    x = re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", text)
    return f"U+{ord(x[0]):04X} after {text[max(0, x.start() - 60):x.start()]!r}" if x else None


def group(name, make, *args, jobs="2", seconds=60, all_mb=None, **how):
    """Makes a folder, scans it, and takes it away."""
    if wanted and name not in wanted:
        return
    folder = os.path.join(work, name.replace(" ", "-"))
    os.makedirs(folder, exist_ok=True)
    make(folder, *args)
    run = Run("--format", "json", "--jobs", jobs, folder, seconds=seconds)
    told(name, run, [*run.wrong(all_mb), *judged(run, folder, **how)])
    subprocess.run(["rm", "-rf", folder])


# --- what is made once
# Nothing in these says how long they are: a front that ends between two members, or two pickles, is a whole one.
FRONTS = [r"tar.good.*", r"tar.zip-last.*", r".*\.(cpio|deb)", r"good.two.*", r"good.legacy.*", r".*good-note.*"]


def cut_off():
    if wanted and "cut off" not in wanted:
        return
    folder = os.path.join(work, "cut")
    whole = [re.escape(x) for x in files.cut(folder, files.good_files(good), 25)]
    run = Run("--format", "json", "--jobs", "2", folder)
    told("cut off", run, [*run.wrong(), *judged(run, folder, clean=FRONTS + whole)])
    subprocess.run(["rm", "-rf", folder])


def staged():
    """The same texts as a change: lists of dependencies, workflows, functions and secrets are read then, too."""
    if wanted and "a change" not in wanted:
        return
    folder = os.path.join(work, "change")
    n = 100000 if LONG else 20000
    files.deep_texts(folder, n, n)
    files.deep_jsons(folder, n)
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.hooksPath=/dev/null"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], ["add", "-A"]):
        subprocess.run(git + words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    here = os.getcwd()
    os.chdir(folder)
    run = Run("--format", "json", "--jobs", "2", "--staged", seconds=240)
    os.chdir(here)
    told("a change", run, [*run.wrong(), *judged(run, ".", clean=[r"first/config.json"])])
    subprocess.run(["rm", "-rf", folder])


def acting_names():
    """Everything lies under its name and is found, and no form of the result has a byte of it that acts."""
    if wanted and "names" not in wanted:
        return
    folder = os.path.join(work, "names")
    files.names(folder)
    count = sum(len(f) for _, _, f in os.walk(os.fsencode(folder)))
    run = Run("--format", "json", folder)
    problems = [*run.wrong(), *judged(run, folder, count=count)]
    problems += [f"{x['path']} is {x['verdict']}" for x in run.json()["files"] if x["verdict"] != "bad"]
    for form in ("text", "sarif", "html", "json"):
        other = Run("--format", form, folder)
        said = acts(other.raw) or acts(other.said.encode())
        # In JSON what turns the direction is data; what reads it shows it.
        if other.code != 1 or (said and (form == "text" or not re.match(r"U\+(20|FEFF)", said))):
            problems.append(f"{form}: code {other.code}, {said}")
    told("names", run, problems)
    subprocess.run(["rm", "-rf", folder])


def folders():
    many = 100000 * MANY
    group("many files in a folder", files.wide_folder, many, seconds=600 if LONG else 120, clean=None, verdicts={"z.pkl": "bad"}, count=many + 1)
    group("folders 2000 deep", files.deep_folder, 2000, "d", count=1)
    deep = "/".join(["f" * 255] * 30 + ["deep.pkl"])
    group("a path of 7 kB", files.deep_folder, 30, "f" * 255, verdicts={deep: "bad"})


def linked():
    if wanted and "links" not in wanted:
        return
    folder, outside = os.path.join(work, "links"), os.path.join(work, "outside")
    os.makedirs(folder)
    must = files.links(folder, outside)
    run = Run("--format", "json", folder, seconds=20)
    want = {name: "unscanned" for name in must if name != "self"}
    told("links", run, [*run.wrong(), *judged(run, folder, clean=[r"good.txt", r"hard\d+"], verdicts=want)])
    # What is no file is said to be none when it is named, and is not waited for.
    problems = []
    for name in ("pipe.pkl", "socket.pkl", "zero.pkl", "circle", "nothing", "zero"):
        if os.path.lexists(os.path.join(folder, name)):
            run = Run(os.path.join(folder, name), seconds=10)
            if run.late or run.code != 2:
                problems.append(f"{name}: code {run.code}, {run.said[:100]}")
    told("no files", run, problems)


def large_program():
    """Of a file of any size no more than 300 MB is in memory at once, its own pages among them."""
    if SLOW != 1 or (wanted and "an executable of 600 MB" not in wanted):
        return
    path = os.path.join(work, "large")
    with open(postern, "rb") as f:
        program = f.read()
    with open(path, "wb") as out:
        while out.tell() < 600 * files.MB:
            out.write(program)
    run = Run("--format", "json", "--jobs", "1", path)
    problems = [f"a process had {run.pages} MB in memory"] if run.pages > MEMORY_MB else []
    told("an executable of 600 MB", run, [*run.wrong(), *problems])
    os.unlink(path)


def kernel_files():
    """They say that they have no bytes, and have some."""
    if wanted and "files of the kernel" not in wanted:
        return
    problems = []
    for path in ("/proc/self/environ", "/proc/self/mem", "/proc/version"):
        run = Run("--format", "json", path, seconds=10)
        problems += [*run.wrong(), *judged(run, "/", verdicts={path[1:]: "unscanned"})]
        problems += [f"{path}: code {run.code}"] if run.code != 3 else []
    told("files of the kernel", run, problems)
    folder = os.path.join(work, "mounted")
    os.mkdir(folder)
    private = ["unshare", "-m", "sh", "-c", 'mount --bind /proc/sys/kernel/random "$0" && exec "$@"', folder]
    if os.geteuid() or subprocess.run([*private, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        print("scan_hostile: what is mounted was not tried, as nothing can be mounted here")
        return
    run = Run("--format", "json", folder, seconds=20, command=private)
    told("a part of /proc that is mounted", run, [*run.wrong(), *([] if run.code == 3 else [f"code {run.code}"])])


def forbidden():
    """What an ordinary user may not read."""
    if wanted and "forbidden" not in wanted:
        return
    folder = os.path.join(work, "forbidden")
    for name, mode in (("dark", 0), ("listed", 0o444), ("entered", 0o111)):
        files.put(folder, f"{name}/x.txt", b"text\n")
        os.chmod(os.path.join(folder, name), mode)
    os.chmod(files.put(folder, "file.txt", b"text\n"), 0)
    user = None if os.geteuid() else 65534
    global postern
    before = postern
    if user:
        # It must get there.
        os.chmod(work, 0o755)
        postern = os.path.join(work, "postern")
        subprocess.run(["cp", before, postern], check=True)
    run = Run("--format", "json", "--ledger", "none", folder, seconds=20, user=user)
    postern = before
    if run.code == 2 and user:
        print("scan_hostile: an ordinary user could not be tried:", run.said[:200].strip())
        return
    told("forbidden", run, [*run.wrong(), *judged(run, folder, verdicts={"dark": "unscanned", "listed/x.txt": "unscanned", "entered": "unscanned", "file.txt": "unscanned"})])


# --- what changes meanwhile
def is_open(pid, path):
    for p in tree(pid):
        try:
            if any(os.readlink(f"/proc/{p}/fd/{fd}") == path for fd in os.listdir(f"/proc/{p}/fd")):
                return True
        except OSError:
            pass
    return False


def changes(name, change):
    """A file of 1 GiB, which takes long enough, is changed when it is open."""
    if wanted and name not in wanted:
        return
    path = os.path.join(work, "long.safetensors")
    n = 1 << 30
    head = json.dumps({"t": {"dtype": "U8", "shape": [n], "data_offsets": [0, n]}}).encode()

    def make(path):
        os.truncate(files.put(work, path, len(head).to_bytes(8, "little") + head), 8 + len(head) + n)

    def meanwhile(pid):
        """Those that read stand still while it is changed, so that it does not matter who is faster."""
        while not is_open(pid, path) and os.path.exists(f"/proc/{pid}/fd"):
            time.sleep(0.002)
        time.sleep(0.01)
        held = tree(pid)
        signals(held, signal.SIGSTOP)
        if not is_open(pid, path):
            print("# it was read before it could be changed")
        change(path)
        signals(held, signal.SIGCONT)

    make("long.safetensors")
    make("other")
    run = Run("--format", "json", "--deep", path, meanwhile=meanwhile)
    said = run.json()["files"][0] if run.code in CODES else {"findings": []}
    # Of one that became shorter a page is missing, which ends the process that reads it (SIGBUS).
    fits = any(re.search("changed while it was read|signal 7", x["evidence"]) for x in said["findings"])
    told(name, run, [*run.wrong(), *([] if fits and run.code == 3 else [f"code {run.code}, {said['findings']}"])])
    for x in ("long.safetensors", "other"):
        if os.path.exists(os.path.join(work, x)):
            os.unlink(os.path.join(work, x))


def append(path):
    with open(path, "ab") as f:
        for _ in range(50):
            f.write(b"x" * 4096)
            f.flush()


def churn():
    """A folder whose files are removed, replaced by others, by links out of it, pipes and folders, while it is walked. Nothing from outside is read."""
    if wanted and "a folder that changes" not in wanted:
        return
    folder, outside = os.path.join(work, "churn"), os.path.join(work, "outer")
    secret = files.put(outside, "x.pkl", files.CALL)
    for i in range(300):
        files.put(folder, f"d{i % 10}/{i}.txt", b"text\n")
    stop = threading.Event()

    def shake():
        i = 0
        while not stop.is_set():
            d, path = os.path.join(folder, f"d{i % 10}"), os.path.join(folder, f"d{i % 10}/{i % 300}.txt")
            os.unlink(path)
            (lambda: os.symlink(secret, path), lambda: os.mkfifo(path), lambda: os.mkdir(path))[i % 3]()
            (os.rmdir if i % 3 == 2 else os.unlink)(path)
            with open(path, "wb") as f:
                f.write(b"text\n" * (i % 50))
            os.rename(d, d + ".away")
            os.symlink(outside, d)
            os.unlink(d)
            os.rename(d + ".away", d)
            i += 7

    shaker = threading.Thread(target=shake)
    shaker.start()
    problems, run = [], None
    for _ in range(8):
        run = Run("--format", "json", folder, seconds=30)
        problems += run.wrong()
        problems += [f"code {run.code}"] if run.code not in (0, 3) else []
        problems += [x for x in judged(run, folder, clean=None)]
    stop.set()
    shaker.join()
    told("a folder that changes", run, problems)


group("bombs", files.bombs, 5 if LONG else 2, seconds=240, clean=[r"42.zip"])
group("very many members", files.many, 200000 if MANY == 1 else 1000000, jobs="1", all_mb=MEMORY_MB, seconds=400, verdicts={"members.zip": "bad unscanned"})
group("pickles", files.pickles, 1000000, jobs="1", all_mb=MEMORY_MB)
group("models", files.models, 100000, clean=[r"many.safetensors", r"shape.safetensors", r"texts.gguf"])
# The last of two keys counts for all who read it.
group("deep settings", files.deep_jsons, 100000, clean=[r"first/config.json"])
group("deep texts", files.deep_texts, 100000 if LONG else 30000, 1000000, seconds=240)
group("a line of 200 MB", files.long_texts, 200 * files.MB, jobs="1", all_mb=MEMORY_MB)
group("holes of a TB", files.large, clean=[r"hole.safetensors", r"hole.gguf"])
cut_off()
staged()
acting_names()
folders()
linked()
large_program()
kernel_files()
forbidden()
changes("a file that grows", append)
changes("a file that shrinks", lambda path: os.truncate(path, 1 << 20))
changes("a file that is replaced", lambda path: os.rename(os.path.join(work, "other"), path))
changes("a file that is removed", os.unlink)
churn()
print(f"at most {worst['seconds'][0]} s ({worst['seconds'][1]}), {worst['memory'][0]} MB ({worst['memory'][1]})")
sys.exit(failed)
