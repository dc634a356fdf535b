#!/bin/bash
# check: behind asan
# postern scan of what git says has changed, in real repositories whose configuration, hooks and attributes would run programs: none may.
# The examples of the man page are run as hooks. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317,SC2016 # called through check; what is quoted is for jq, or for a hook
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/integration/scan_lib.sh
. tests/integration/scan_lib.sh
# Others scan at the same time: whether a folder is left is seen in one of its own.
mkdir "$work/temporary" && export TMPDIR=$work/temporary
command -v git >/dev/null || { echo 'scan_git: there is no git'; exit 77; }
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a.example GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a.example

# Everything that could be run says so in this file.
ran=$work/ran
printf '#!/bin/sh\necho "$0 $*" >>"%s"\ncat\n' "$ran" >"$work/trap"
chmod +x "$work/trap"
hostile() { # FOLDER OF GIT
	cat >>"$1/config" <<-EOT
		[core]
			fsmonitor = $work/trap
			hooksPath = $work/hooks
			pager = $work/trap
			sshCommand = $work/trap
			attributesFile = $work/attributes
			alternateRefsCommand = $work/trap
		[diff]
			external = $work/trap
		[diff "evil"]
			textconv = $work/trap
			command = $work/trap
		[filter "evil"]
			smudge = $work/trap
			clean = $work/trap
			process = $work/trap
			required = true
		[alias]
			diff-tree = !$work/trap
			diff-index = !$work/trap
			cat-file = !$work/trap
			rev-parse = !$work/trap
	EOT
	echo '* filter=evil diff=evil' >"$1/info/attributes"
}
mkdir "$work/hooks"
echo '* filter=evil diff=evil' >"$work/attributes"
for hook in post-index-change pre-commit post-checkout fsmonitor-watchman reference-transaction; do
	cp "$work/trap" "$work/hooks/$hook"
done

bad=$'cposix\nsystem\n(S\'id\'\ntR.'
tree=$work/tree
git init -q -b main "$tree" && cd "$tree" || exit 2
mkdir models
printf '\200\002}q\0.' >models/good.pkl
printf '%s' "$bad" >models/old.pkl
git add . && git commit -qm one && git tag v1
printf '%s' "$bad" >models/staged.pkl
printf '%s ' "$bad" >models/new.pkl
git add models/staged.pkl
# What lies in the tree is not what is staged.
printf '\200\002}q\0.' >models/staged.pkl
hostile .git
git config core.fsmonitor >/dev/null || exit 2

scanned() { # CODE PATHS ARGUMENT...: the exit code, and exactly these files
	local code=$1 paths=$2 got
	shift 2
	"$postern" scan --format json "$@" >"$work/said" 2>"$work/err"
	got=$?
	cat "$work/said" "$work/err"
	((got == code)) && [[ $(jq -r '[.files[] | .path + "=" + .verdict] | join(" ")' "$work/said") == "$paths" ]]
}
check 'what is staged, as it is staged' scanned 1 'models/staged.pkl=bad' --staged
from_below() {
	(cd models && scanned 1 'models/staged.pkl=bad' --staged) && (cd models && scanned 0 '' --staged ../nowhere) && scanned 1 'models/staged.pkl=bad' --staged models
}
check 'from below, and below a folder' from_below
check 'since a revision, in the working tree' scanned 1 'models/new.pkl=bad models/staged.pkl=clean' --since v1
check 'one that is not there' scanned 2 '' --since v9
check 'is said' grep -q 'git knows no v9 here' "$work/err"
check 'one that looks like an option' scanned 2 '' --since=--all
none_ran() {
	[[ ! -e $ran ]] || { cat "$ran"; return 1; }
}
check 'nothing of the repository ran' none_ran
proof() {
	git status >/dev/null 2>&1
	[[ -s $ran ]]
}
check '(as it would have with git itself)' proof
rm -f "$ran"
git config --file .git/config --unset core.fsmonitor
git config --file .git/config core.hooksPath /dev/null
rm -f "$ran"
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=filter.evil.process GIT_CONFIG_VALUE_0='' git -c filter.evil.required=false -c filter.evil.clean=cat commit -qm two >/dev/null 2>&1 || exit 2
rm -f "$ran"
check 'between revisions' scanned 1 'models/staged.pkl=bad' --diff v1 main
check 'and the other way' scanned 0 '' --diff main v1
check 'from nothing' scanned 1 'models/good.pkl=clean models/old.pkl=bad models/staged.pkl=bad' --diff 0000000000000000000000000000000000000000 HEAD
check 'below a folder that has none' scanned 0 '' --diff v1 main nowhere

# Links, names, other repositories, replaced objects, a large file.
ln -s /etc/passwd models/out && ln -s ../../.. models/up && ln -s good.pkl models/inside
printf '%s' "$bad" >$'models/na\tme\n"\303\244.pkl'
printf '%s' "$bad" >'models/:(exclude)x.pkl'
head -c 3000000 /dev/zero >models/zeros.bin
# Files of this second are read again by git itself, through their filter.
tame=(-c filter.evil.process= -c filter.evil.clean=cat -c filter.evil.required=false)
git "${tame[@]}" update-index --add --cacheinfo "160000,$(git rev-parse HEAD),module" >/dev/null 2>&1 || exit 2
git "${tame[@]}" add models >/dev/null 2>&1 || exit 2
rm -f "$ran"
odd() {
	scanned 1 "$(printf 'models/:(exclude)x.pkl=bad models/na\tme\n"\303\244.pkl=bad models/new.pkl=bad models/out=unscanned models/staged.pkl=clean models/up=unscanned models/zeros.bin=unscanned module=unscanned')" --staged
}
check 'links, names, modules' odd
git -c filter.evil.process= commit -qm three >/dev/null 2>&1
check 'nothing ran here either' none_ran
rm -f "$ran"
git replace "$(git rev-parse main:models/old.pkl)" "$(git rev-parse main:models/good.pkl)" || exit 2
check 'what replaces an object deceives nobody' scanned 1 'models/good.pkl=clean models/old.pkl=bad' --diff 0000000000000000000000000000000000000000 v1

# Other places of git's folder.
git -c core.hooksPath=/dev/null worktree add -q --no-checkout "$work/second" v1 >/dev/null 2>&1
second() {
	(cd "$work/second" && printf '%s' "$bad" >fresh.pkl && scanned 1 'fresh.pkl=bad' --since v1)
}
check 'a second working tree' second
sha256() {
	git init -q --object-format=sha256 "$work/long" && (cd "$work/long" && printf '%s' "$bad" >a.pkl && git add . && scanned 1 'a.pkl=bad' --staged &&
		git commit -qm one && scanned 0 '' --since HEAD)
}
check 'objects with long names, and no commit yet' sha256
nothing() {
	(mkdir "$work/none" && cd "$work/none" && scanned 2 '' --staged && grep -q "git's folder" "$work/err")
}
check 'no repository' nothing
check 'no folder is left' bash -c "! ls -d '${TMPDIR:-/tmp}'/postern-scan-?????? 2>/dev/null"

# The examples of postern-scan(1), as hooks.
example() { # NAME: what stands between the lines that name it
	sed -n "/^\.\\\\\" hook $1\$/,/^\.\\\\\" end\$/p" "$here/man/postern-scan.1" | grep -v '^\.' | sed "s|^postern |'$postern' |; s| postern | '$postern' |; s/^\\\\&//"
}
client=$work/client server=$work/server.git
git init -q -b main "$client" && git init -q --bare -b main "$server" || exit 2
example pre-commit >"$client/.git/hooks/pre-commit" && chmod +x "$client/.git/hooks/pre-commit"
example pre-receive >"$server/hooks/pre-receive" && chmod +x "$server/hooks/pre-receive"
cd "$client" && git remote add origin "$server"
commits() {
	printf '\200\002}q\0.' >good.pkl && git add . && git commit -qm good && git push -q origin main
}
check 'a good commit passes both' commits
refuses() {
	printf '%s' "$bad" >bad.pkl && git add . && ! git commit -qm bad && [[ $(git rev-list --count HEAD) == 1 ]]
}
check 'a bad one is no commit' refuses
rejects() {
	git commit -qm bad --no-verify && ! git push -q origin main && [[ $(git -C "$server" rev-list --count main) == 1 ]] &&
		! git push -q origin main:refs/heads/other
}
check 'and the server does not take it' rejects
deletes() {
	git push -q origin HEAD~1:refs/heads/third && git push -q origin :third
}
check 'a branch is made, and goes' deletes
on_server() {
	git -C "$server" fetch -q "$client" HEAD:refs/heads/bad && cd "$server" && scanned 1 'bad.pkl=bad' --diff main bad
}
check 'a repository without a working tree' on_server
nowhere() {
	mkdir -p "$work/nowhere" && cd "$work/nowhere" && "$postern" scan --diff a b >"$work/said" 2>/dev/null
	[[ $? == 2 && ! -s $work/said ]]
}
check 'where there is none nothing is said to be clean' nowhere

# An object that never comes takes half a minute, so only the long suite waits for it; two of them take no longer.
if [[ ${POSTERN_SUITE:-} == long ]]; then
	git init -q -b main "$work/pipes" && cd "$work/pipes" && touch none && git add none && git commit -qm none || exit 2
	for name in one two; do
		echo "$name" >"$name" && git add "$name" || exit 2
		object=$(git rev-parse ":$name")
		rm -f ".git/objects/${object:0:2}/${object:2}" && mkfifo ".git/objects/${object:0:2}/${object:2}" || exit 2
	done
	pipes() {
		SECONDS=0
		scanned 3 'one=unscanned two=unscanned' --staged && ((SECONDS < 50))
	}
	check 'objects that nobody writes' pipes
fi
exit $failed
