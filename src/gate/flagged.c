#include "gate/flagged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "gate/supervisor.h"
#include "review/flag.h"

/* Of one run; what is more is said to be, once. A file is read each time that it is written until there is something to say of it. */
#define PATHS_MAX 500u
#define LOOKS_MAX 20000u

struct flagged {
	struct flagged_options o;
	char *path[PATHS_MAX];
	size_t n, looks;
	bool more;
};

int flagged_new(const struct flagged_options *o, struct flagged **out, struct err *err)
{
	struct flagged *f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->o = *o;
	*out = f;
	return 0;
}

void flagged_free(struct flagged *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		free(f->path[i]);
	free(f);
}

bool flagged_wanted(const char *path)
{
	const struct flag_rule *rule;
	return flag_packages(path) == 0 && review_flag_path(path, &rule, 1) > 0;
}

static void record(const struct flagged *f, const char *path, const struct flag *flag)
{
	_cleanup_buf_ struct buf members = BUF(8192), about = BUF(8192), message = BUF(2048);
	const char *slash = strrchr(path, '/');
	struct entry e = f->o.common(f->o.arg);
	e.class_uid = ENTRY_FILE_ACTIVITY;
	e.activity_id = 3;
	e.severity = flag->rule->level == FLAG_RUNS ? ENTRY_HIGH : ENTRY_MEDIUM;
	buf_fmt(&message, "it wrote %s: ", flag->rule->why);
	buf_add(&message, slice_sub(slice_str(path), 0, 600));
	buf_str_add(&members, "{\"file\":{");
	entry_put_text(&members, "name", slice_str(slash ? slash + 1 : path));
	entry_put_text(&members, "path", slice_str(path));
	buf_str_add(&members, ",\"type_id\":1}}");
	buf_str_add(&about, "{\"postern\":{\"flag\":{");
	entry_put_text(&about, "run", slice_str(f->o.run));
	entry_put_text(&about, "rule", slice_str(flag->rule->name));
	entry_put_text(&about, "when", slice_str(flag->rule->when));
	if (flag->detail)
		entry_put_text(&about, "detail", slice_str(flag->detail));
	buf_str_add(&about, "}}}");
	e.members = buf_slice(&members);
	e.unmapped = buf_slice(&about);
	e.message = buf_slice(&message);
	/* A ledger that cannot be written shows at the next decision. */
	(void)!supervisor_record(f->o.supervisor, &e, NULL, NULL, NULL);
}

static bool known(const struct flagged *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->path[i], path) == 0)
			return true;
	return false;
}

/* A tool can write without end. */
static bool too_much(struct flagged *f)
{
	if (f->n < PATHS_MAX && f->looks < LOOKS_MAX)
		return false;
	if (!f->more)
		f->o.note(f->o.arg, "it writes more of what others run later than can be told of one by one");
	f->more = true;
	return true;
}

void flagged_written(struct flagged *f, const char *path)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)8 << 20);
	struct flag *flag = NULL;
	if (known(f, path) || too_much(f))
		return;
	f->looks++;
	_cleanup_fd_ int root = open(f->o.project, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *copy = NULL;
	if (root < 0 || review_flag_live(root, path, &arena, &flag) < 0 || !flag || !(copy = strdup(path)))
		return;
	f->path[f->n++] = copy;
	_cleanup_buf_ struct buf text = BUF(8192);
	buf_str_add(&text, "it wrote ");
	encode_json(&text, slice_sub(slice_str(path), 0, 400));
	buf_fmt(&text, ": %s; %s", flag->rule->why, flag->rule->when);
	if (flag->detail) {
		struct slice rest = slice_str(flag->detail), line;
		buf_str_add(&text, ": ");
		if (slice_split(&rest, '\n', &line))
			encode_shown(&text, slice_sub(line, 0, 200));
	}
	f->o.note(f->o.arg, buf_str(&text));
	record(f, path, flag);
}
