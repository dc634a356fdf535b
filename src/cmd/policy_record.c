/* What the commands about bundles and exceptions share: times as people say them, entries of the ledger, what is looked at before a bundle
 * is put in force. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/policy.h"
#include "identify/identify.h"
#include "identify/profile.h"
#include "ledger/client.h"
#include "ledger/entry.h"
#include "ledger/home.h"
#include "parse/statement.h"
#include "sys/path.h"
#include "sys/share.h"

#define DAY          86400
#define PROFILES_MAX (16u << 20)

bool policy_until(const char *text, int64_t now, int64_t *out)
{
	struct slice s = slice_str(text);
	uint64_t n;
	int64_t t;
	if (statement_time_parse(s, true, &t)) {
		/* A day is meant with all its hours. */
		*out = s.n == 10 ? t + DAY : t;
		return *out <= STATEMENT_TIME_MAX;
	}
	if (s.n < 2 || !slice_u64(slice_sub(s, 0, s.n - 1), 100000, &n) || n == 0)
		return false;
	uint8_t unit = s.p[s.n - 1];
	if (unit != 'd' && unit != 'h')
		return false;
	*out = now + (int64_t)n * (unit == 'd' ? DAY : 3600);
	return true;
}

void policy_left(struct buf *out, int64_t t, int64_t now)
{
	int64_t left = t > now ? t - now : now - t;
	const char *unit = left >= 2 * DAY ? "days" : left >= 7200 ? "hours" : "minutes";
	int64_t of = left >= 2 * DAY ? DAY : left >= 7200 ? 3600 : 60, n = (left + of / 2) / of;
	buf_fmt(out, t > now ? "in %lld %s" : "%lld %s ago", (long long)n, unit);
}

static int append(const char *path, unsigned activity, const char *message, struct slice unmapped, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)4 << 20);
	_cleanup_buf_ struct buf text = BUF(1 << 17), checkpoint = BUF(1 << 20);
	struct ledger_client *client;
	const struct passwd *person = getpwuid(geteuid());
	struct timespec now;
	char host[256] = "";
	uint64_t at;
	(void)gethostname(host, sizeof(host) - 1);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	struct entry e = {
	        .class_uid = ENTRY_APPLICATION_LIFECYCLE,
	        .activity_id = activity,
	        .time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
	        .severity = ENTRY_INFORMATIONAL,
	        .host = slice_str(host[0] ? host : "localhost"),
	        .person = slice_str(person ? person->pw_name : "unknown"),
	        .tool_name = SLICE("postern"),
	        .tool_version = SLICE(POSTERN_VERSION),
	        .message = slice_str(message),
	        .unmapped = unmapped,
	};
	int r = entry_write(&e, &text, err);
	r = r < 0 ? r : ledger_home_open(path, host[0] ? host : "localhost", &arena, &client, err);
	if (r < 0)
		return r;
	struct slice one = buf_slice(&text);
	r = ledger_client_append(client, &one, 1, &at, err);
	/* Readers go by the checkpoint. */
	r = r < 0 ? r : ledger_client_checkpoint(client, &checkpoint, err);
	ledger_client_free(client);
	return r;
}

int policy_record(
        const struct command *c, const char *ledger, unsigned activity, const char *message, struct slice unmapped, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 16);
	struct err why = {0};
	const char *path = ledger ? ledger : ledger_home(&arena);
	if (!path || strcmp(path, "none") == 0 || append(path, activity, message, unmapped, &why) == 0)
		return 0;
	if (ledger)
		return err_set(err, why.code, "it is done, but not in the ledger %s: %s", path, why.text);
	(void)fprintf(
	        stderr, "postern %s: it is done, but not in the ledger %s (--ledger none leaves it out): %s\n", c->name, path, why.text);
	return 0;
}

static int yaml_only(const struct dirent *e)
{
	return e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), SLICE(".yaml"));
}

int policy_bundle_check(void *arg, int dir, const char *path, struct err *err)
{
	struct dirent **list = NULL;
	(void)arg;
	int n = scandirat(dir, "profiles", &list, yaml_only, alphasort), r = n < 0 && errno != ENOENT ? -errno : 0;
	for (int i = 0; i < n; i++) {
		_cleanup_arena_ struct arena a = ARENA(PROFILES_MAX);
		struct profile p;
		const char *file = arena_fmt(&a, "%s/profiles/%s", path, list[i]->d_name);
		if (r == 0)
			r = file ? profile_load(file, &a, &p, err) : err_set(err, -ENOMEM, "out of memory");
		free(list[i]);
	}
	free(list);
	struct stat st;
	if (r == 0 && fstatat(dir, "prints", &st, 0) == 0) {
		_cleanup_arena_ struct arena a = ARENA(1 << 16);
		const char *share[3], *folders = arena_fmt(&a, "%s/prints", path);
		size_t n_share = share_folders(&a, share);
		/* Alone, then with those that are shipped below, as they will be used: together there may be too many. */
		for (size_t i = 0; r == 0 && i <= n_share; i++) {
			struct identify *id = NULL;
			r = folders ? identify_open(folders, &id, err) : err_set(err, -ENOMEM, "out of memory");
			identify_close(id);
			folders = folders && i < n_share ? arena_fmt(&a, "%s:%s/prints", folders, share[i]) : NULL;
		}
	}
	return r;
}
