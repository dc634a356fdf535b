/* postern review: what it leaves in a ledger, before it changes the project and after. */
#include <errno.h>
#include <pwd.h>
#include <time.h>

#include "cmd/review.h"
#include "ledger/client.h"
#include "ledger/entry.h"
#include "ledger/home.h"
#include "review/record.h"

/* Of the changes in one entry; an entry has at most 65,535 bytes, and canonical JSON may escape more than we do. */
#define RECORD_BYTES 30000

static int put_one(struct ledger_client *client, struct entry *e, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(1 << 17);
	uint64_t at;
	int r = entry_write(e, &text, err);
	struct slice one = buf_slice(&text);
	return r < 0 ? r : ledger_client_append(client, &one, 1, &at, err);
}

static int put_all(struct ledger_client *client, struct entry *e, const struct review_run *run, const struct change_set *set,
        const char *act, struct err *err)
{
	size_t from = 0;
	unsigned part = 1;
	do {
		_cleanup_buf_ struct buf about = BUF(1 << 17);
		int r = review_record(run, set, act, part++, &from, RECORD_BYTES, &about);
		e->unmapped = buf_slice(&about);
		r = r < 0 ? err_sys(err, r, "cannot write the entries of the ledger") : put_one(client, e, err);
		if (r < 0)
			return r;
	} while (set && from < set->n);
	return 0;
}

int review_ledger_write(
        const char *path, const struct review_run *run, const struct change_set *set, const char *act, const char *message, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)4 << 20);
	_cleanup_buf_ struct buf file = BUF(1 << 16), checkpoint = BUF(1 << 20);
	struct ledger_client *client;
	char host[256] = "";
	const struct passwd *person = getpwuid(geteuid());
	struct timespec now;
	(void)gethostname(host, sizeof(host) - 1);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	buf_str_add(&file, "{\"file\":{\"type_id\":2,\"name\":");
	review_json_text(&file, run->project);
	buf_str_add(&file, "}}");
	const char *space = strchr(run->command, ' ');
	const char *word = arena_str(&arena, slice_of(run->command, space ? (size_t)(space - run->command) : strlen(run->command)));
	struct entry e = {
	        .class_uid = ENTRY_FILE_ACTIVITY,
	        .activity_id = 3,
	        .time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
	        .severity = ENTRY_INFORMATIONAL,
	        .host = slice_str(host),
	        .person = slice_str(person ? person->pw_name : "unknown"),
	        .tool_name = slice_str(run->tool[0] || !word || !review_is_utf8(word) ? run->tool : word),
	        .tool_version = slice_str(run->version),
	        .tool_sha256 = slice_str(run->sha256),
	        .policy_sha256 = slice_str(run->policy_sha256),
	        .confinement = slice_str(run->confinement),
	        .verdict = strcmp(act, "apply") == 0       ? ENTRY_ALLOW
	                   : strcmp(act, "discarded") == 0 ? ENTRY_DENY
	                                                   : ENTRY_NO_VERDICT,
	        .message = slice_str(message),
	        .members = buf_slice(&file),
	};
	int r = ledger_home_open(path, host[0] ? host : "localhost", &arena, &client, err);
	if (r < 0)
		return r;
	r = put_all(client, &e, run, set, act, err);
	/* Readers go by the checkpoint. */
	r = r < 0 ? r : ledger_client_checkpoint(client, &checkpoint, err);
	ledger_client_free(client);
	return r;
}
