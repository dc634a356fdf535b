#!/bin/sh
# check: slow
# The report as its readers get it: the page in headless Chromium, report.json against its schema. Sample results come from
# report_sample (make integration). Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317 # called through check
set -u
cd "$(dirname "$0")/../.." || exit 2
sample=build/${BUILD:-release}/integration/report_sample
[ -x "$sample" ] || make -s BUILD="${BUILD:-release}" integration || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok - report: $name"
	else
		echo "not ok - report: $name"
		sed 's/^/# /' "$work/log" | head -20
		failed=1
	fi
}

has() {
	grep -qF -- "$2" "$1" || { echo "missing: $2"; return 1; }
}

# dump FILE OUT [OPTION...]: the page as Chromium understood it. It gets no network: names do not resolve for it.
dump() {
	from=$1
	to=$2
	shift 2
	timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --disable-dev-shm-usage --host-resolver-rules='MAP * ~NOTFOUND' \
		--user-data-dir="$work/profile" --virtual-time-budget=3000 "$@" --dump-dom "file://$from" >"$to" 2>"$work/chromium.log"
}

# What is in the page is counted from outside, as the page itself runs no script.
measure() {
	cat >"$work/measure.html" <<-EOT
		<iframe id=f width=$2 height=900 src="$1.html"></iframe><p id=out></p><script>
		onload = () => {
			const d = f.contentDocument, w = f.contentWindow, n = q => d.querySelectorAll(q).length;
			out.textContent = "measured scroll=" + (d.documentElement.scrollWidth <= $2 ? "none" : d.documentElement.scrollWidth)
				+ " resources=" + w.performance.getEntriesByType("resource").length
				+ " foreign=" + n("script,img,link,iframe,object,embed,form,video,audio,image,use,base")
				+ " away=" + [...d.querySelectorAll("[href],[src],[action]")].filter(e => !(e.getAttribute("href") || "").startsWith("#f")).length
				+ " dangling=" + [...d.querySelectorAll("a[href]")].filter(e => !d.getElementById(e.getAttribute("href").slice(1))).length
				+ " handlers=" + [...d.querySelectorAll("*")].filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).length
				+ " matrix=" + n("svg.matrix") + " covert=" + n("svg.matrix .m.covert") + " hashed=" + n("svg.matrix .m.hashed")
				+ " undeclared=" + n("svg.matrix .m.undeclared") + " disclosed=" + n("svg.matrix .m.disclosed")
				+ " cards=" + n("#covert article.card") + " hosts=" + n("table.hosts tbody tr") + " marks=" + n("mark") + ";";
		};
		</script>
	EOT
	dump "$work/measure.html" "$work/measured" --allow-file-access-from-files
	grep -o 'measured scroll=[^;]*' "$work/measured" | grep -v textContent | head -1
	grep -qF "$3" "$work/measured" || { echo "wanted: $3"; return 1; }
}

for kind in findings clean inconclusive partial hostile; do
	for format in text json html sarif; do
		"$sample" $kind $format >"$work/$kind.$format" || failed=1
	done
done

if ! command -v chromium >/dev/null; then
	echo "not ok - report: chromium is not installed (Debian package chromium)"
	exit 1
fi
calm='scroll=none resources=0 foreign=0 away=0 dangling=0 handlers=0'
# The report on paper. Every question must be there to be read, no page be empty, and tables have their head on each page.
paper() { # KIND WIDTH HEIGHT (in points, as pdfinfo has them) STYLE
	sed "s|</style>|$4</style>|" "$work/$1.html" >"$work/paper.html"
	timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --disable-dev-shm-usage --host-resolver-rules='MAP * ~NOTFOUND' \
		--user-data-dir="$work/profile" --no-pdf-header-footer --print-to-pdf="$work/paper.pdf" "file://$work/paper.html" 2>"$work/chromium.log"
	pdfinfo "$work/paper.pdf" >"$work/pdfinfo" || return 1
	grep -E "Page size: +$2(\.[0-9]+)? x $3(\.[0-9]+)? " "$work/pdfinfo" || { grep 'Page size' "$work/pdfinfo"; return 1; }
	pages=$(sed -n 's/^Pages: *//p' "$work/pdfinfo")
	n=1
	while [ "$n" -le "$pages" ]; do
		pdftotext -f "$n" -l "$n" -layout "$work/paper.pdf" "$work/page"
		[ "$(wc -w <"$work/page")" -gt 25 ] || { echo "page $n of $pages is all but empty"; cat "$work/page"; return 1; }
		grep -q "Page $n of $pages" "$work/page" || { echo "page $n has no number"; return 1; }
		n=$((n + 1))
	done
	# Lines are broken anywhere, also behind a hyphen, which is then taken for one that was not written.
	pdftotext -raw "$work/paper.pdf" - | tr -d ' \n\f-' >"$work/read"
	jq -r '.questionnaire[].question' "$work/$1.json" >"$work/questions"
	[ "$(wc -l <"$work/questions")" = 46 ] || { echo "$(wc -l <"$work/questions") questions"; return 1; }
	while read -r question; do
		grep -qF "$(printf '%s' "$question" | tr -d ' -')" "$work/read" || { echo "not on paper: $question"; return 1; }
	done <"$work/questions"
	# What is folded on the screen is open on paper.
	grep -qF 'andhowtorepeatthem' "$work/read" && grep -qF 'Confinement' "$work/read"
}
if ! command -v pdftotext >/dev/null; then
	echo "not ok - report: pdftotext is not installed (Debian package poppler-utils)"
	failed=1
else
	check "on A4" paper findings 594 841 '@page{size:A4}'
	check "on Letter" paper findings 612 792 '@page{size:letter}'
	check "hostile values on paper" paper hostile 594 841 '@page{size:A4}'
fi
for width in 390 1200; do
	check "page of findings, $width pixels" measure findings $width \
		"$calm matrix=1 covert=2 hashed=1 undeclared=5 disclosed=12 cards=3 hosts=12 marks=8;"
done
check "page of a clean tool" measure clean 390 "$calm matrix=1 covert=0 hashed=0 undeclared=0 disclosed=12 cards=0 hosts=12 marks=0;"
check "page without a result" measure inconclusive 390 "$calm matrix=0 covert=0 hashed=0 undeclared=0 disclosed=0 cards=0 hosts=0 marks=0;"
check "page with hostile values" measure hostile 390 "$calm matrix=1 covert=1 hashed=0 undeclared=0 disclosed=1 cards=3"

dump "$work/findings.html" "$work/dom"
check "page names the verdict" has "$work/dom" '<b>2 covert channels</b>'
check "page marks the character" has "$work/dom" "Today<mark>ʼ</mark>s date is 2026-11-23."
check "page names the character" has "$work/dom" 'MODIFIER LETTER APOSTROPHE'
check "page forbids every load" has "$work/dom" "default-src 'none'; style-src 'unsafe-inline'"
check "page lists what was not covered" has "$work/dom" 'Timing and packet sizes were recorded and not tested.'
check "page tells what is hidden" has "$work/dom" 'base64, then XOR 0x33'
check "page tells what a list brings about" has "$work/dom" "Today<mark>$(printf '\342\200\231')</mark>s date"
check "members are no markup" has "$work/dom" '&lt;b&gt;lanternfish'
check "page tells what the gate closes" has "$work/dom" 'Through the gate'
check "page tells what it does not" has "$work/dom" 'not closable'
check "what remains is no markup" has "$work/dom" 'You are &lt;b&gt;'
dump "$work/partial.html" "$work/dom"
check "partial page says so" has "$work/dom" 'This report is partial: <bdi>interrupted after 31 of 58 trials</bdi>'
dump "$work/inconclusive.html" "$work/dom"
check "inconclusive page is not clean" has "$work/dom" 'This is not a clean report.'

if ! command -v npm >/dev/null; then
	echo "report: the schema was not tried, as there is no npm to fetch ajv with"
	exit $failed
fi
cp -R tests/integration/ajv "$work/ajv"
rm -rf "$work/ajv/node_modules"
check "ajv can be installed" npm --prefix "$work/ajv" ci --ignore-scripts
check "report.json fits its schema" node "$work/ajv/validate.js" "$PWD/share/schema/report.schema.json" \
	"$work/findings.json" "$work/clean.json" "$work/inconclusive.json" "$work/partial.json" "$work/hostile.json"
(cd "$work" && npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 >npm.log 2>&1 &&
	sha256sum --quiet -c - <<-EOT && tar -xzf microsoft-jest-sarif-1.0.0-beta.0.tgz package/lib/schemas/sarif-2.1.0-rtm.5.json
		748e2c3d1a842e7bb258416685c7ea3a0da40005b72267b2052c2856d48ad102  microsoft-jest-sarif-1.0.0-beta.0.tgz
	EOT
)
check "SARIF fits OASIS's schema" node "$work/ajv/sarif.js" "$work/package/lib/schemas/sarif-2.1.0-rtm.5.json" \
	"$work/findings.sarif" "$work/clean.sarif" "$work/inconclusive.sarif" "$work/partial.sarif" "$work/hostile.sarif"
exit $failed
