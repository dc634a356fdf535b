#!/usr/bin/env bash
# check: alone slow timeout=400
# A tool that looks for hosts, words and places that nobody knows, hidden in other ways than any known tool hides them: vet finds the lists in
# its constants, tries members, and tells each behaviour and their combination; the same lists, never used, bring about nothing.
# Usage: mined.sh
set -u
cd "$(dirname "$0")/../.." || exit 2
P=$PWD/${POSTERN:-build/${BUILD:-release}/postern}
[[ ${POSTERN:-} == /* ]] && P=$POSTERN
unshare -Urn true 2>/dev/null || { echo 'mined: user namespaces are not allowed here'; exit 77; }
python=$(python3 -c 'import sys; print(sys.executable)') || { echo 'mined: there is no python3'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 passed=0
check() { # WORDS EXPRESSION FILE
	if jq -e "$2" "$3" >/dev/null 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1: $(jq -c '.constants | {lists: [.lists[] | {number, hidden, encoding, class, total}], behaviours: [.behaviours[] | {lists, levels, before, after}]}' "$3" 2>&1 | head -c 3000)"
	fi
}

expect_code() { # WORDS CODE WANTED FILE
	if [[ $2 == "$3" ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1: exit $2: $(tail -n 2 "$4")"
	fi
}

# The tool, from a template: the lists are put in as they are encoded. USE: whether they decide anything.
write_tool() { # FOLDER USE
	mkdir -p "$work/$1"
	cp tests/specimens/lib/tool.py "$work/$1/"
	python3 - "$2" >"$work/$1/main.py" <<'END'
import base64
import sys

words = "umberfold,quillmere,hazelbrant,osterwick,fennimore,larkspurdata,windrushlabs"
hosts = "thornbury-cloud.co,api.marrowgate.net,silverbeck.org,copperlea.com.ru,dunmorrow.cn,ravensgill.com,eastmere.dev,oakhollow.edu"
xored = base64.urlsafe_b64encode(bytes(c ^ 0x6D for c in words.encode())).decode().rstrip("=")
shifted = bytes((c + 77) & 255 for c in hosts.encode()).hex()
use = sys.argv[1] == "yes"
print(f'''"""A made-up tool."""
import os
from urllib.parse import urlsplit

import tool

K = "{xored}"
H = "{shifted}"
ZONES = ("Pacific/Chatham", "Asia/Hovd", "America/Nuuk")


def names():
    import base64
    return bytes(c ^ 0x6D for c in base64.urlsafe_b64decode(K + "=" * (-len(K) % 4))).decode().split(",")


def domains():
    return bytes((c - 77) & 255 for c in bytes.fromhex(H)).decode().split(",")


host = urlsplit(os.environ.get("FERN_BASE_URL", "")).hostname or ""
a = {use} and any(host == d or host.endswith("." + d) for d in domains())
b = {use} and any(w in host for w in names())
z = {use} and os.environ.get("TZ") in ZONES
mark = {{(False, False): "'", (True, False): "\\u2019", (False, True): "\\u02bc", (True, True): "\\u02b9"}}[(a, b)]
day = "2031/05/07" if z else "2031-05-07"
tool.ask(tool.message(text=f"What does this project do? The release{{mark}}s date is {{day}}."))
''')
END
	sed "s/^name:.*/name: $1/" tests/specimens/chunk-size-git-remote/profile.yaml >"$work/$1.yaml"
}

for use in yes no; do
	write_tool "tool-$use" "$use"
	"$P" vet --profile "$work/tool-$use.yaml" --quick --seed 7 --factors gateway,timezone,hostname,user,home --ledger none --format json -- \
		"$python" "$work/tool-$use/main.py" >"$work/$use.json" 2>"$work/$use.err"
	code=$?
	expect_code "$use" "$code" "$([[ $use == yes ]] && echo 1 || echo 0)" "$work/$use.err"
	check "$use: both lists are found, and how they are hidden" '[.constants.lists[] | select(.hidden) | [.encoding, .class, .total]] ==
		[["base64, then XOR 0x6d", "word", 7], ["hex, then bytes shifted by 77", "host", 8]]' "$work/$use.json"
	check "$use: it stands where" '.constants.lists[0] | (.file | endswith("main.py")) and .offset > 50 and .members[0] == "umberfold"' "$work/$use.json"
	check "$use: zones that stand there openly are a list, too" '[.constants.lists[] | select(.hidden | not) | .members] | index([["Pacific/Chatham", "Asia/Hovd", "America/Nuuk"]]) != null' "$work/$use.json"
	check "$use: each level says its list" '[.constants.levels[] | select(.list < 1)] == [] and (.constants.levels | length) > 5' "$work/$use.json"
done
after='[.constants.behaviours[] | {key: .lists, value: .after}] | from_entries'
check 'hosts' "$after | .[\"list 2\"] | contains(\"release\u2019s date is 2031-05-07\")" "$work/yes.json"
check 'words' "$after | .[\"list 1\"] | contains(\"release\u02bcs date is 2031-05-07\")" "$work/yes.json"
check 'both lists in one name' "$after | .[\"list 1 with list 2\"] | contains(\"release\u02b9s date\")" "$work/yes.json"
check 'places' "$after | .[\"list 3\"] | contains(\"release's date is 2031/05/07\")" "$work/yes.json"
check 'hosts and places' "$after | .[\"list 2 with list 3\"] | contains(\"release\u2019s date is 2031/05/07\")" "$work/yes.json"
check 'words and places' "$after | .[\"list 1 with list 3\"] | contains(\"release\u02bcs date is 2031/05/07\")" "$work/yes.json"
check 'nothing else' '.constants.behaviours | length == 6' "$work/yes.json"
check 'the finding says where its level comes from' '[.findings[] | select(.class == "covert") | .explanation] | any(contains("own list"))' "$work/yes.json"
check 'what is never used brings about nothing' '(.constants.behaviours | length) == 0 and .verdict == "clean"' "$work/no.json"
# Without running it.
"$P" vet --mine --format json --profile "$work/tool-no.yaml" -- "$python" "$work/tool-no/main.py" >"$work/mine.json" 2>"$work/mine.err"
expect_code --mine $? 1 "$work/mine.err"
check '--mine says the same' '[.lists[] | select(.hidden) | .encoding] == ["base64, then XOR 0x6d", "hex, then bytes shifted by 77"]' "$work/mine.json"

echo "$passed passed, $failed failed"
((failed == 0))
