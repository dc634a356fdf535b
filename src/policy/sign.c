#include "policy/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "policy/trust.h"
#include "sys/path.h"

#define STATE_MAX (64u << 10)

int policy_keys_parse(struct slice text, const char *file, struct policy_keys *out, struct err *err)
{
	struct policy_keys k = {.threshold = 1};
	struct slice line;
	unsigned number = 0;
	bool said = false;
	uint64_t n;
	const char *why;
	while (slice_split(&text, '\n', &line)) {
		number++;
		line = slice_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (slice_starts(line, SLICE("threshold "))) {
			if (said || !slice_u64(slice_trim(slice_from(line, 10)), POLICY_KEYS_MAX, &n) || n == 0)
				return err_set(
				        err, -EINVAL, "%s:%u: the threshold is one number from 1 to %u", file, number, POLICY_KEYS_MAX);
			k.threshold = (unsigned)n;
			said = true;
			continue;
		}
		if (k.n == POLICY_KEYS_MAX)
			return err_set(err, -EINVAL, "%s:%u: there are more than %u keys", file, number, POLICY_KEYS_MAX);
		if (tlog_vkey_read(line, &k.key[k.n], &why) < 0 || k.key[k.n].type != TLOG_ED25519)
			return err_set(err, -EINVAL,
			        "%s:%u: this is no verifier key of type Ed25519, as \"postern log keygen --type log\" prints it", file,
			        number);
		/* The same key twice would count twice. */
		for (size_t i = 0; i < k.n; i++)
			if (memcmp(k.key[i].public, k.key[k.n].public, sizeof(k.key[i].public)) == 0)
				return err_set(err, -EINVAL, "%s:%u: this key is there twice", file, number);
		k.n++;
	}
	if (k.n < k.threshold)
		return err_set(err, -EINVAL, "%s: %u signatures are demanded, and there are %zu keys", file, k.threshold, k.n);
	*out = k;
	return 0;
}

int policy_statement(const struct policy_info *info, struct buf *out, struct err *err)
{
	char day[40] = "never";
	struct tm tm;
	time_t t = (time_t)info->expires;
	if (!info->organisation || !info->version)
		return err_set(err, -EINVAL, "%s: a policy that is signed needs \"organisation\" and \"version\"", info->file);
	if (info->expires && (!gmtime_r(&t, &tm) || !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%SZ", &tm)))
		return err_set(err, -EINVAL, "%s: \"expires\" is out of range", info->file);
	buf_fmt(out, "postern.policy/v1\norganisation %s\nversion %llu\nexpires %s\nsha256 %s\n", info->organisation,
	        (unsigned long long)info->version, day, info->sha256);
	return buf_error(out) ? err_set(err, buf_error(out), "out of memory") : 0;
}

int policy_sign(
        const struct policy_info *info, struct slice note, const struct tlog_signer *signer, struct buf *out, size_t *kept, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(4096);
	int r = policy_statement(info, &text, err);
	if (r < 0)
		return r;
	*kept = 0;
	r = tlog_note_sign(signer, buf_slice(&text), out);
	if (r < 0)
		return err_sys(err, r, "cannot sign");
	_cleanup_free_ struct note_signature *signature = calloc(NOTE_SIGNATURES, sizeof(*signature));
	struct note old = {.signature = signature};
	const char *why;
	size_t at;
	if (!signature)
		return err_set(err, -ENOMEM, "out of memory");
	if (note.n == 0 || note_parse(note, &old, &why, &at) < 0 || !slice_eq(old.text, buf_slice(&text)))
		return 0;
	*kept = trust_keep(&old, signer, out);
	return buf_error(out) ? err_set(err, buf_error(out), "out of memory") : 0;
}

int policy_verify(const struct policy_info *info, struct slice note, const struct policy_keys *keys, struct buf *who, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(4096), what = BUF(PATH_MAX);
	_cleanup_free_ struct note_signature *signature = calloc(NOTE_SIGNATURES, sizeof(*signature));
	struct note n = {.signature = signature};
	const char *why;
	size_t at;
	unsigned good;
	if (!signature)
		return err_set(err, -ENOMEM, "out of memory");
	int r = policy_statement(info, &text, err);
	if (r < 0)
		return r;
	if (note_parse(note, &n, &why, &at) < 0)
		return err_set(
		        err, -EKEYREJECTED, "%s%s is no signed note: %s (at byte %zu)", info->file, POLICY_SIGNATURE_SUFFIX, why, at);
	if (!slice_eq(n.text, buf_slice(&text)))
		return err_set(err, -EKEYREJECTED,
		        "%s%s is not of this file: the file, its version or its expiry is another; sign it again (postern policy sign)",
		        info->file, POLICY_SIGNATURE_SUFFIX);
	buf_fmt(&what, "%s%s", info->file, POLICY_SIGNATURE_SUFFIX);
	r = trust_signed_by(&n, keys->key, keys->n, buf_str(&what), &good, who, err);
	if (r < 0)
		return r;
	if (good < keys->threshold)
		return err_set(err, -EKEYREJECTED, "%s%s has %u of the %u signatures that are demanded", info->file,
		        POLICY_SIGNATURE_SUFFIX, good, keys->threshold);
	return 0;
}

/* State */

int policy_state_next(struct slice state, const struct policy_info *info, struct buf *text, bool *changed, struct err *err)
{
	struct slice line, name, number, digest;
	bool found = false;
	*changed = false;
	while (slice_split(&state, '\n', &line)) {
		uint64_t seen;
		if (line.n == 0)
			continue;
		struct slice rest = line;
		if (!slice_split(&rest, ' ', &name) || !slice_split(&rest, ' ', &number) || !slice_split(&rest, ' ', &digest) || rest.n ||
		        digest.n != 64 || !slice_u64(number, UINT64_MAX, &seen))
			return err_set(err, -EINVAL, "a line of it is not \"ORGANISATION VERSION SHA256\"");
		if (!slice_is(name, info->organisation)) {
			buf_fmt(text, "%.*s\n", SLICE_FMT(line));
			continue;
		}
		if (seen > info->version)
			return err_set(err, -ESTALE,
			        "%s is version %llu of the policy of %s, and version %llu was seen here before: an older one is not taken",
			        info->file, (unsigned long long)info->version, info->organisation, (unsigned long long)seen);
		if (seen == info->version && !slice_is(digest, info->sha256))
			return err_set(err, -ESTALE,
			        "%s is version %llu of the policy of %s, but not the one that was seen here before; a change needs a "
			        "larger number",
			        info->file, (unsigned long long)info->version, info->organisation);
		found = seen == info->version;
		if (found)
			buf_fmt(text, "%.*s\n", SLICE_FMT(line));
	}
	if (!found) {
		buf_fmt(text, "%s %llu %s\n", info->organisation, (unsigned long long)info->version, info->sha256);
		*changed = true;
	}
	return buf_error(text) ? err_set(err, buf_error(text), "it is too large") : 0;
}

void policy_state_path(struct buf *out)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	if (geteuid() == 0)
		buf_str_add(out, "/var/lib/postern/policy.state");
	else if (data && data[0] == '/')
		buf_fmt(out, "%s/postern/policy.state", data);
	else if (home && home[0] == '/')
		buf_fmt(out, "%s/.local/share/postern/policy.state", home);
}

static int replace(const char *path, struct slice text)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return -EINVAL;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = 0;
	int r = path_make_above(path, false);
	if (r < 0)
		return r;
	_cleanup_fd_ int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : path_replace(dir, slash + 1, text, 0644);
}

int policy_state_check(const char *path, const struct policy_info *info, char *note, size_t n, struct err *err)
{
	_cleanup_buf_ struct buf state = BUF(STATE_MAX), text = BUF(STATE_MAX + 512);
	bool changed;
	note[0] = 0;
	if (!path[0])
		return 0;
	int r = path_read(AT_FDCWD, path, &state);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return err_sys(err, r, "cannot read which policies were seen before: %s", path);
	r = policy_state_next(buf_slice(&state), info, &text, &changed, err);
	if (r == -ESTALE)
		return r;
	if (r < 0)
		return err_wrap(err, r, "%s cannot be used; remove it only if you know that no older policy is put in place", path);
	r = changed ? replace(path, buf_slice(&text)) : 0;
	if (r < 0)
		(void)snprintf(note, n, "which policy was seen cannot be kept in %s: %s; an older one could follow", path, strerror(-r));
	return 0;
}
