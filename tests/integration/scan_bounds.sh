#!/bin/bash
# check:
# What postern scan costs at most, whatever is in a file, and that a file which changes while it is read is not judged by what it was. Prints
# "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317 # called through check
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh

# Seven archives one in the other, each as large as the last: all of them are open at once. What the processes have of their own is bounded;
# pages of the file come to that, here 60 MB.
python3 - "$work/nested.gz" <<-'EOT'
	import os, sys, zlib
	data = b"cposix\nsystem\n(S'id'\ntR." + os.urandom(60 << 20)
	for _ in range(7):
	    c = zlib.compressobj(0, zlib.DEFLATED, 31)
	    data = c.compress(data) + c.flush()
	open(sys.argv[1], "wb").write(data)
EOT
memory() {
	python3 - "$postern" "$work/nested.gz" <<-'EOT'
		import resource, subprocess, sys
		said = subprocess.run([sys.argv[1], "scan", "--format", "json", sys.argv[2]], stdout=subprocess.PIPE)
		most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
		print(most, "MB, code", said.returncode)
		sys.exit(not (most < 300 + 64 and said.returncode in (1, 3) and b"scan.limit" in said.stdout))
	EOT
}
check 'archives in archives' memory

# Four names that lead to each other, and a folder that leads to itself.
mkdir -p "$work/loops/a" && ln -s ../b "$work/loops/a/b" && ln -s a/b "$work/loops/b" && ln -s . "$work/loops/self" && ln -s .. "$work/loops/a/up" && ln -s x "$work/loops/x"
loops() {
	timeout 20 "$postern" scan "$work/loops"
	(($? == 0 || $? == 3))
}
check 'links in a circle' loops

# It is long enough for what is done to it meanwhile.
long() { # GIGABYTES
	python3 - "$work/long.safetensors" "$1" <<-'EOT'
		import json, struct, sys
		n = int(sys.argv[2]) << 30
		head = json.dumps({"t": {"dtype": "F32", "shape": [n // 4], "data_offsets": [0, n]}}).encode()
		with open(sys.argv[1], "wb") as f:
		    f.write(struct.pack("<Q", len(head)) + head)
		    f.truncate(8 + len(head) + n)
	EOT
}
meanwhile() { # SIZE: what is done to it with truncate; it must be unscanned
	long 4
	"$postern" scan --deep "$work/long.safetensors" >"$work/said" &
	local pid=$! code n=0 child
	# Until it is being read, if that can be seen: who scans has it mapped.
	until ((++n > 15)); do
		sleep 0.02
		for child in $(pgrep -P "$pid"); do
			grep -qs long.safetensors "/proc/$child/maps" && n=100
		done
	done
	truncate -s "$1" "$work/long.safetensors" || return 1
	wait "$pid"
	code=$?
	cat "$work/said"
	((code == 3)) && grep -qE 'changed while it was read|signal 7' "$work/said"
}
check 'a file that grows while it is read' meanwhile +1
check 'one that shrinks' meanwhile 4080M

# Ctrl-C, as a terminal sends it: to the whole group. It ends soon, with its processes, and says what was not scanned.
mkdir "$work/much"
python3 - "$work/much" <<-'EOT'
	import sys
	for i in range(200):
	    open(f"{sys.argv[1]}/{i:03}.js", "w").write("".join(f"const a{k} = f(a{k % 7}, 'x{k}', () => a{k % 5});\n" for k in range(30000)))
EOT
stopped() {
	python3 - "$postern" "$work/much" <<-'EOT'
		import json, os, signal, subprocess, sys, time
		p = subprocess.Popen([sys.argv[1], "scan", "--jobs", "2", "--format", "json", sys.argv[2]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
		time.sleep(1.5)
		begin = time.monotonic()
		os.killpg(p.pid, signal.SIGINT)
		out, err = p.communicate(timeout=30)
		seconds = time.monotonic() - begin
		try:
		    os.killpg(p.pid, 0)
		    alive = True
		except ProcessLookupError:
		    alive = False
		said = json.loads(out)
		left = [f["path"] for f in said["files"] if any(x["rule"] == "scan.stopped" for x in f["findings"])]
		print(seconds, "s, code", p.returncode, "left", len(left), "of", len(said["files"]), err.decode())
		sys.exit(not (seconds < 10 and p.returncode == 3 and not alive and said["stopped"] and 0 < len(left) < 200 and len(said["files"]) < 200
		    and f"{len(left)} files were met and not scanned, and nothing was met behind {said['files'][-1]['path']}" in err.decode()))
	EOT
}
check 'Ctrl-C in the middle' stopped
exit $failed
