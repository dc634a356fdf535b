/* scan_part: what the detectors of inspect/scan.h share. A detector is a row in scan.c and functions in a file of its own. */
#ifndef POSTERN_INSPECT_SCAN_PART_H
#define POSTERN_INSPECT_SCAN_PART_H

#include "base/arena.h"
#include "inspect/scan.h"

struct scan;

/* Bytes with a name: the file, a member of it, a payload. */
struct scan_input {
	struct slice bytes; /* perhaps only the front of it */
	uint64_t size;      /* bytes it really has */
	const char *member; /* path of members, as in a finding */
	const char *name;   /* the last part of its name */
	const char *path;   /* its name with what is known of the folders it is in */
	unsigned depth;
	bool quiet; /* a payload that was guessed: that it cannot be understood is no finding */
};

struct scan_detector {
	const char *name;
	uint32_t subjects; /* that it belongs to; what only holds others belongs to all */
	/* By content: is it this? Every detector that says yes looks. */
	bool (*claims)(struct scan *s, const struct scan_input *in);
	/* Tells what it finds, and what it did not cover. */
	void (*look)(struct scan *s, const struct scan_input *in);
};

bool scan_deep(const struct scan *s);
/* Takes from what is left of the limit; false, and a finding, if nothing is. */
bool scan_steps(struct scan *s, const struct scan_input *in, uint64_t n);
/* How many bytes may still be unpacked, at most `want`. */
size_t scan_room(const struct scan *s, size_t want);
void scan_unpacked(struct scan *s, size_t n);

/* Are the libraries loaded that unpack what is not read here (sys/lib_unpack.h)? If not, that is noted in the summary, so that somebody who
 * has them may look; scan_can_unpack() makes it a finding, too. */
bool scan_needs_unpack(struct scan *s);
bool scan_can_unpack(struct scan *s, const struct scan_input *in);

/* A finding. The evidence is made safe to show. */
void scan_found(struct scan *s, const struct scan_input *in, enum scan_rule_name rule, uint64_t at, uint64_t n, const char *fmt, ...)
        __attribute__((format(printf, 6, 7)));
/* The same with a place in text: line and column of `at` are counted in `text`. */
void scan_found_text(struct scan *s, const struct scan_input *in, enum scan_rule_name rule, struct slice text, uint64_t at, uint64_t n,
        const char *fmt, ...) __attribute__((format(printf, 7, 8)));

/* What a rule of YARA matched; with `lines` the place has line and column. */
void scan_found_yara(struct scan *s, const struct scan_input *in, enum scan_rule_name rule, const struct scan_yara_said *said, bool lines,
        uint64_t at, uint64_t n, struct slice evidence);

/* Tells which files a command, of which `at` is the place, has run. */
void scan_runs(struct scan *s, const struct scan_input *in, enum scan_how how, size_t at, struct slice command);
/* For scan_runs(): are there to be more? One of them. */
bool scan_wants_runs(const struct scan *s);
void scan_ran(struct scan *s, const struct scan_input *in, enum scan_how how, size_t at, struct slice file, struct slice command);

/* Looks into a part of `in`: bytes called `label`, of which `size` are there really. What nothing understands is a finding, unless
 * `quiet`. False: no detector claimed it. */
bool scan_into(struct scan *s, const struct scan_input *in, const char *label, struct slice bytes, uint64_t size, bool quiet);
/* A literal that was found in `in` at `at`: a payload, as it is, or in base64, hex, zlib, gzip? Looks into it if so. */
void scan_payload(struct scan *s, const struct scan_input *in, struct slice literal, size_t at);
/* The same of each text in a JSON value. */
void scan_payload_texts(struct scan *s, const struct scan_input *in, struct slice json);
/* A template of Jinja that was found in `in` at `at`. With `lines` its findings have line and column, else an offset. */
void scan_template(struct scan *s, const struct scan_input *in, struct slice text, size_t at, bool lines);
/* A configuration of Keras, JSON, that was found in `in` at `at`. */
void scan_keras(struct scan *s, const struct scan_input *in, struct slice json, size_t at);
/* Does the name of a file lead out of the folder of the one that names it? */
bool scan_leads_out(struct slice path);
/* Bytes that nothing interprets: are there pickles in them that do something? */
void scan_search(struct scan *s, const struct scan_input *in, size_t from, size_t to);
/* Is it an executable? Then what can be read of it is looked at, and that the rest is not is told. */
bool scan_executable_look(struct scan *s, const struct scan_input *in);
/* Is it a file of a package that is a folder? */
bool scan_is_part(const struct scan *s);
/* Was the file named itself, and not found in a folder? */
bool scan_is_named(const struct scan *s);
/* An executable or a library, by its first bytes, and of some by the name: "ELF", "PE", "Mach-O"; NULL: none. */
const char *scan_native(struct slice bytes, const char *name);
/* Only zeros? */
bool scan_zeros(struct slice s);
/* UTF-8 without control characters but for blanks, of all that is there. */
bool scan_is_text(struct slice s);
bool scan_has_suffix(const char *name, const char *suffix);
/* Is it a piece of the file as it stands there, and not put together from it? */
static inline bool scan_is_here(const struct scan_input *in, struct slice text)
{
	return text.p >= in->bytes.p && text.p + text.n <= in->bytes.p + in->bytes.n;
}
/* A module of JavaScript's runtime has two names: "fs" of "node:fs". */
static inline struct slice scan_module_name(struct slice text)
{
	return slice_starts(text, SLICE("node:")) ? slice_from(text, 5) : text;
}
/* Is it one of these words? NULL behind the last. */
bool scan_one_of(struct slice s, const char *const *words);

/* What is known of an import. */
enum scan_name { SCAN_NAME_ALLOWED, SCAN_NAME_UNKNOWN, SCAN_NAME_DANGEROUS };
enum scan_name scan_import(struct slice module, struct slice name);

/* Matches rules of YARA. `spent`: nanoseconds that this file took for them, 0 at first. */
void scan_yara_look(struct scan *s, const struct scan_input *in, struct scan_yara *y, uint64_t *spent);

/* Detectors, each in its own file. */
bool scan_pickle_claims(struct scan *s, const struct scan_input *in);
void scan_pickle_look(struct scan *s, const struct scan_input *in);
bool scan_zip_claims(struct scan *s, const struct scan_input *in);
void scan_zip_look(struct scan *s, const struct scan_input *in);
bool scan_packed_claims(struct scan *s, const struct scan_input *in);
void scan_packed_look(struct scan *s, const struct scan_input *in);
bool scan_archive_claims(struct scan *s, const struct scan_input *in);
void scan_archive_look(struct scan *s, const struct scan_input *in);
bool scan_npy_claims(struct scan *s, const struct scan_input *in);
void scan_npy_look(struct scan *s, const struct scan_input *in);
bool scan_safetensors_claims(struct scan *s, const struct scan_input *in);
void scan_safetensors_look(struct scan *s, const struct scan_input *in);
bool scan_gguf_claims(struct scan *s, const struct scan_input *in);
void scan_gguf_look(struct scan *s, const struct scan_input *in);
bool scan_template_claims(struct scan *s, const struct scan_input *in);
void scan_template_look(struct scan *s, const struct scan_input *in);
bool scan_hdf5_claims(struct scan *s, const struct scan_input *in);
void scan_hdf5_look(struct scan *s, const struct scan_input *in);
bool scan_onnx_claims(struct scan *s, const struct scan_input *in);
void scan_onnx_look(struct scan *s, const struct scan_input *in);
bool scan_tensorflow_claims(struct scan *s, const struct scan_input *in);
void scan_tensorflow_look(struct scan *s, const struct scan_input *in);
bool scan_tar_claims(struct scan *s, const struct scan_input *in);
void scan_tar_look(struct scan *s, const struct scan_input *in);
bool scan_config_claims(struct scan *s, const struct scan_input *in);
void scan_config_look(struct scan *s, const struct scan_input *in);

/* Does a text have lines that it had not, with an address or what can be data that is encoded? What was found before may be another thing
 * then. Yes, if there is no telling. */
bool scan_before_carries(struct slice now, struct slice before);
/* What makes a finding in a text the same one. */
uint64_t scan_before_key(const struct scan_finding *f, struct slice text);

/* Looks for what a text hides from its readers; `strict`: nothing hidden may be there at all. False: it is no text, and was not looked at.
 */
bool scan_hidden_look(struct scan *s, const struct scan_input *in, bool strict);

/* The host of a URL, without user and port; what stands before the first slash if it is none. */
struct slice scan_host_of(struct slice url);
/* Is it a text that an AI tool obeys? */
bool scan_agent_is_text(const struct scan_input *in);
/* Is it a host that hides whose it is: a tunnel, a place where anybody sees what was sent? */
bool scan_agent_hides_host(struct slice host);
/* Is it a script that an AI tool runs? */
bool scan_agent_is_script(const struct scan_input *in);
/* Judges the configuration of an AI tool, told by its name. False: it is none. */
bool scan_agent_look(struct scan *s, const struct scan_input *in);
/* Follows values in source code, and reads what a package has run on installation. False: it is neither. */
bool scan_code_look(struct scan *s, const struct scan_input *in);
/* Lists that a program hides. */
void scan_mined_look(struct scan *s, const struct scan_input *in);
/* What is new in it, against what it was before. False: it is nothing of which that is known. */
bool scan_change_look(struct scan *s, const struct scan_input *in, const struct scan_around *around);
struct posture_facts;
/* Where facts of a package are gathered in; NULL: none of this are asked for. */
struct posture_facts *scan_facts(struct scan *s, const struct scan_input *in);
/* Notes what it lets the tool do: bits of scan.h. */
void scan_lets(struct scan *s, uint32_t bits);

#endif
