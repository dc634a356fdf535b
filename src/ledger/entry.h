/* entry: what Postern itself puts into a ledger: events of OCSF 1.8 (https://schema.ocsf.io), canonical, with the same members in the same
 * places whatever their class. And back: what an index needs of any entry, ours or not. */
#ifndef POSTERN_LEDGER_ENTRY_H
#define POSTERN_LEDGER_ENTRY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum entry_class {
	ENTRY_FILE_ACTIVITY = 1001,
	ENTRY_MODULE_ACTIVITY = 1005,
	ENTRY_PROCESS_ACTIVITY = 1007,
	ENTRY_DETECTION_FINDING = 2004,
	ENTRY_POSTURE_FINDING = 2007,
	ENTRY_NETWORK_ACTIVITY = 4001,
	ENTRY_HTTP_ACTIVITY = 4002,
	ENTRY_SOFTWARE_INVENTORY = 5020,
	ENTRY_APPLICATION_LIFECYCLE = 6002,
	ENTRY_API_ACTIVITY = 6003, /* with the profile ai_operation */
};

enum entry_verdict { ENTRY_NO_VERDICT, ENTRY_ALLOW, ENTRY_DENY, ENTRY_ASK, ENTRY_REWRITE, ENTRY_VERDICTS };
/* "", "allow", "deny", "ask", "rewrite" */
const char *entry_verdict_word(enum entry_verdict v);

enum entry_severity { ENTRY_UNKNOWN, ENTRY_INFORMATIONAL, ENTRY_LOW, ENTRY_MEDIUM, ENTRY_HIGH, ENTRY_CRITICAL, ENTRY_FATAL };

/* Slices are UTF-8; those that may be left out are empty then. */
struct entry {
	enum entry_class class_uid;
	unsigned activity_id; /* of the class, 1 and up; 0: unknown, 99: other */
	int64_t time;         /* milliseconds since 1970 */
	enum entry_severity severity;
	struct slice host;                                 /* its name */
	struct slice person;                               /* who ran the tool; may be left out */
	struct slice tool_name, tool_version, tool_sha256; /* the artefact; the digest as hex */
	struct slice policy_sha256;                        /* hex; may be left out */
	struct slice confinement;                          /* what was really achieved, as in "full" or "none"; may be left out */
	enum entry_verdict verdict;
	struct slice message; /* a sentence for people */
	/* Of findings: their name for good, and a title; the message stands in for a missing title. */
	struct slice finding_uid, finding_title;
	/* A JSON object whose members are put into the event: what the class needs beside these (file, http_request, dst_endpoint, …). May
	 * be left out. None may be a member that is made from this struct. */
	struct slice members;
	struct slice unmapped; /* a JSON object, as members, for "unmapped": what OCSF has no place for */
};

/* Appends the canonical JSON. 0; -EINVAL with a sentence: a member that the class requires is missing, a text is no UTF-8, a digest is no
 * SHA-256; -EMSGSIZE: it is larger than an entry can be. */
[[nodiscard]] int entry_write(const struct entry *e, struct buf *out, struct err *err);

/* For `members` and `unmapped` as they are written: "name":"text", with a comma before unless it is the first of its object. Of the text,
 * which may be hostile and no UTF-8, at most ENTRY_TEXT_MAX bytes. */
#define ENTRY_TEXT_MAX 600u
void entry_put_text(struct buf *b, const char *name, struct slice text);

/* The classes, for a test that walks them. */
struct entry_kind {
	enum entry_class class_uid;
	unsigned category_uid;
	const char *name;              /* "Application Lifecycle" */
	const char *const *activities; /* captions from 1 on, NULL-terminated */
	const char *const *required;   /* members that `members` must have, NULL-terminated */
	const char *const *one_of;     /* at least one of these must be there */
	const char *tool;              /* the member that holds the tool as this class wants it; "": none */
	bool finding, actor, device;   /* finding_info, actor, device are required */
	const char *profiles;          /* beside those that every entry has; as JSON strings with a comma before each */
};
extern const struct entry_kind entry_kinds[];
extern const size_t entry_kind_count;

/* Of any entry: what can be searched for. Texts are owned by the arena or lie in the entry; missing ones are empty, numbers 0. */
struct entry_fields {
	int64_t time;
	uint64_t class_uid, severity_id;
	struct slice tool, version, host, person, verdict, message;
};
/* -EBADMSG: no JSON object; -ENOMEM. */
[[nodiscard]] int entry_read(struct slice json, struct arena *arena, struct entry_fields *out);
/* All texts (strings and member names' values, numbers too) of an entry, a line each, appended: what a search by words looks at. */
[[nodiscard]] int entry_words(struct slice json, struct arena *arena, struct buf *out);

#endif
