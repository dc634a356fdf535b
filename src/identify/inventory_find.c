/* Findings as they are made: in the memory of the thread that makes them. */
#include <stdio.h>

#include "identify/inventory_part.h"

#define FINDINGS_MAX 60000u /* of a thread */
#define PATH_BYTES   4096u
#define FACTS_MAX    64u

const char *find_text(struct job *j, struct slice s, size_t most)
{
	s = slice_sub(s, 0, most);
	const void *nul = s.n ? memchr(s.p, 0, s.n) : NULL;
	if (nul)
		s.n = (size_t)((const uint8_t *)nul - s.p);
	const char *copy = s.n ? arena_str(&j->arena, s) : "";
	return copy ? copy : "";
}

const char *find_fmt(struct job *j, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = BUF(2 * PATH_BYTES);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	return find_text(j, buf_slice(&b), 2 * PATH_BYTES);
}

const char *find_path(struct job *j, const struct node *dir, const char *name)
{
	char text[PATH_BYTES];
	size_t at = sizeof(text);
	struct slice part = slice_str(name);
	bool cut = false;
	text[--at] = 0;
	for (const struct node *d = dir;; d = d->parent) {
		if (part.n) {
			if (part.n + 8 > at) {
				cut = true;
				break;
			}
			at -= part.n;
			memcpy(text + at, part.p, part.n);
			text[--at] = '/';
		}
		if (!d || !d->parent)
			break;
		part = slice_str(d->name);
	}
	const char *system = strcmp(j->t->o->system, "/") == 0 ? "" : j->t->o->system;
	if (cut)
		return find_fmt(j, "%s/...%s", system, text + at);
	return text[at] || system[0] ? find_fmt(j, "%s%s", system, text + at) : "/";
}

const char *find_account(struct job *j, uid_t uid)
{
	for (const struct account *a = j->t->accounts; a; a = a->next)
		if (a->uid == uid)
			return a->name;
	return uid == 0 ? "root" : find_fmt(j, "%u", (unsigned)uid);
}

/* Whose home it is. */
static const char *person(struct job *j, const struct node *dir)
{
	const struct node *home = dir->home;
	if (!home)
		return "";
	if (home != j->t->top)
		return find_text(j, slice_str(home->name), 64);
	for (const struct account *a = j->t->accounts; a; a = a->next)
		if (strcmp(a->home, j->t->o->system) == 0)
			return a->name;
	return find_account(j, (uid_t)j->t->top_owner);
}

struct inventory_finding *find_new(struct job *j, enum inventory_kind kind, const struct spot *s)
{
	struct inventory_finding *f = j->n < FINDINGS_MAX ? arena_alloc(&j->arena, sizeof(*f)) : NULL;
	if (!f) {
		j->full = true;
		return NULL;
	}
	*f = (struct inventory_finding){.kind = kind,
	        .tool = "",
	        .title = "",
	        .publisher = "",
	        .tool_kind = "",
	        .name = "",
	        .version = "",
	        .package = "",
	        .path = "",
	        .person = "",
	        .owner = "",
	        .container = ""};
	if (s) {
		f->uid = s->st.st_uid;
		f->mode = s->st.st_mode & 07777;
		f->size = (uint64_t)s->st.st_size;
		f->modified = s->st.st_mtim.tv_sec;
		f->path = find_path(j, s->dir, s->name);
		f->owner = find_account(j, f->uid);
		f->person = person(j, s->dir);
		if (s->dir->system && s->dir->system != j->t->top)
			f->container = find_path(j, s->dir->system, "");
		f->scope = s->dir->flags & NODE_DEPENDENCY ? INVENTORY_OF_DEPENDENCY
		           : s->dir->home                  ? INVENTORY_OF_PERSON
		                                           : INVENTORY_OF_SYSTEM;
	}
	f->next = j->first;
	j->first = f;
	j->n++;
	return f;
}

void find_drop(struct job *j, const struct inventory_finding *f)
{
	for (struct inventory_finding **x = &j->first; *x; x = &(*x)->next)
		if (*x == f) {
			*x = f->next;
			j->n--;
			return;
		}
}

void find_tool(struct inventory_finding *f, const struct catalogue_tool *t)
{
	f->tool = t->id;
	f->title = t->title;
	f->publisher = t->publisher;
	f->tool_kind = catalogue_kind_names[t->kind];
}

void find_verdict(struct job *j, struct inventory_finding *f, const struct verdict *v)
{
	const struct catalogue_tool *t = catalogue_tool(j->t->o->catalogue, slice_str(v->tool));
	if (t) {
		find_tool(f, t);
		return;
	}
	f->tool = find_text(j, slice_str(v->tool), 64);
	f->title = find_text(j, slice_str(v->title), 80);
	f->publisher = find_text(j, slice_str(v->publisher), 80);
}

void find_fact(struct job *j, struct inventory_finding *f, const char *name, struct slice value)
{
	struct inventory_fact **last = &f->facts, *x;
	size_t n = 0;
	for (; *last; last = &(*last)->next)
		if (++n > FACTS_MAX || (strcmp((*last)->name, name) == 0 && slice_is(value, (*last)->value)))
			return;
	if (!value.n || !(x = arena_alloc(&j->arena, sizeof(*x))))
		return;
	*x = (struct inventory_fact){.name = name, .value = find_text(j, value, 400)};
	*last = x;
}

void find_risk(struct job *j, struct inventory_finding *f, enum catalogue_risk_id id, struct slice detail)
{
	struct inventory_risk **last = &f->risks, *x;
	size_t n = 0;
	for (; *last; last = &(*last)->next)
		if (++n > FACTS_MAX || ((*last)->id == id && slice_is(detail, (*last)->detail)))
			return;
	if (!(x = arena_alloc(&j->arena, sizeof(*x))))
		return;
	*x = (struct inventory_risk){.id = id, .detail = find_text(j, detail, 300)};
	*last = x;
}

void find_permissions(struct job *j, struct inventory_finding *f, const struct spot *s)
{
	const char *who = s->st.st_mode & 0002 ? "everybody can write to it" : NULL;
	if (who && !(s->st.st_mode & S_ISVTX))
		find_risk(j, f, RISK_OTHERS_WRITE, slice_str(who));
	if (s->st.st_mode & (S_ISUID | S_ISGID) && S_ISREG(s->st.st_mode) && s->st.st_mode & 0111)
		find_risk(j, f, RISK_SET_USER_ID, SLICE(""));
}
