/* The questionnaire: provenance. From what was read of the artefact, not from running it. */
#include "base/buf.h"
#include "inspect/scan.h"
#include "vet/question_part.h"

static bool have_facts(struct asking *a)
{
	if (a->r->facts)
		return true;
	answer_not(a, "what was vetted is a command of this machine, and no package.");
	return false;
}

static const struct facts_registry *have_registry(struct asking *a)
{
	if (!have_facts(a))
		return NULL;
	const struct facts_registry *g = &a->r->facts->registry;
	if (g->asked)
		return g;
	answer_not(a, "the registry was not asked: %s.", g->why ? g->why : "it was not wanted");
	return NULL;
}

/* Names of a list with commas, and how many more there are. */
static void name_all(struct buf *out, const char *const *list, size_t n, size_t all)
{
	for (size_t i = 0; i < n && i < 12; i++)
		buf_fmt(out, "%s%.160s", i ? ", " : "", list[i]);
	if (all > 12)
		buf_fmt(out, " and %zu more", all - 12);
}

void answer_bundled_flaws(struct asking *a)
{
	_cleanup_buf_ struct buf list = BUF(4096);
	const struct facts *f = a->r->facts;
	if (!have_facts(a))
		return;
	name_all(&list, f->bundled, f->n_bundled, f->all_bundled);
	answer_not(a, "there is no database of vulnerabilities here. It was made of %zu package%s%s%s.", f->packages,
	        f->packages == 1 ? "" : "s",
	        f->all_bundled ? ", which hold these besides: " : "; what is compiled into a bundle cannot be named", buf_str(&list));
}

void answer_integrity(struct asking *a)
{
	const struct facts *f = a->r->facts;
	if (!have_facts(a))
		return;
	if (f->integrity && f->integrity_of_registry) {
		answer_cite(a, "%.120s", f->integrity);
		answer_cite(a, "SHA-256 %s", f->sha256);
		if (f->native_sha256[0])
			answer_cite(a, "%.160s %.60s: SHA-256 %s", f->native_name, f->native_version, f->native_sha256);
		bool weak = strncmp(f->integrity, "sha1-", 5) == 0;
		answer_say(a, weak,
		        "Yes. Each of its %zu package%s was held against the digest that the registry gives for it before a byte was "
		        "unpacked.%s",
		        f->packages, f->packages == 1 ? "" : "s",
		        weak ? " The registry gives only SHA-1 for the main one, which is broken." : "");
		return;
	}
	answer_not(a, "it came as a file, without the registry's word for it. Its SHA-256 is %s.", f->sha256);
}

void answer_attestation(struct asking *a)
{
	const struct facts_registry *g = have_registry(a);
	if (!g)
		return;
	if (g->bare) {
		answer_not(a,
		        "the registry that was asked gives a document without a word of attestations and signatures, as some mirrors do.");
		return;
	}
	if (g->signatures)
		answer_cite(a, "signature of the registry by key %.100s", g->signature_key ? g->signature_key : "without a name");
	if (g->before)
		answer_cite(a, "predecessor %.60s: %s", g->before, g->before_attestation ? g->before_attestation : "no attestation");
	if (!g->attestation) {
		answer_say(a, true, "The registry has none for this version%s. %s",
		        g->before_attestation ? ", but one for its predecessor" : "",
		        g->signatures ? "There is only the registry's own signature, which says nothing of how it was built."
		                      : "Nor has the registry signed it.");
		return;
	}
	answer_not(a,
	        "the registry has one (%.200s); its signature was not verified, as that takes the trust root of a service that is not "
	        "asked here.",
	        g->attestation);
}

/* What the files do that installation runs, as the scan of them tells it: ", which starts programs and reaches the network". */
static void what_it_reaches(const struct asking *a, struct buf *out)
{
	const struct scan_result *s = a->r->content.scan;
	uint32_t bits = 0;
	for (size_t i = 0; s && i < s->packages; i++) {
		size_t n;
		const struct posture_use *u = posture_of(&s->package[i], POSTURE_INSTALL, &n);
		for (size_t k = 0; k < n; k++)
			bits |= u[k].reach;
	}
	const char *before = " By their text, the files that it names: ";
	for (uint32_t k = 0; k < POSTURE_USES; k++)
		if (k != POSTURE_INSTALL && bits & 1u << k) {
			buf_fmt(out, "%s%s", before, posture_use_titles[k]);
			before = ", ";
		}
	buf_str_add(out, out->n ? "." : "");
}

void answer_install_scripts(struct asking *a)
{
	_cleanup_buf_ struct buf list = BUF(6000), reach = BUF(1000);
	const struct facts *f = a->r->facts;
	if (!have_facts(a))
		return;
	for (size_t i = 0; i < f->n_scripts; i++) {
		const struct facts_script *s = &f->scripts[i];
		if (i < 8)
			buf_fmt(&list, "%s%.120s of %.120s: %.200s", i ? "; " : "", s->name, s->package, s->command);
		answer_cite(a, "package.json of %.160s: %s", s->package, s->name);
	}
	if (f->all_scripts > 8)
		buf_fmt(&list, "; and %zu more", f->all_scripts - 8);
	what_it_reaches(a, &reach);
	if (f->all_scripts)
		answer_say(a, true, "Yes, %zu: %s. They were not run here.%s", f->all_scripts, buf_str(&list), buf_str(&reach));
	else
		answer_say(a, false, "No. None of its %zu package%s has one.%s", f->packages, f->packages == 1 ? "" : "s",
		        f->cut ? " But there are more files than were looked at." : "");
}

void answer_bill_of_materials(struct asking *a)
{
	_cleanup_buf_ struct buf inside = BUF(4096), files = BUF(4096), natives = BUF(4096);
	const struct facts *f = a->r->facts;
	if (!have_facts(a))
		return;
	name_all(&files, f->sboms, f->n_sboms, f->all_sboms);
	name_all(&inside, f->bundled, f->n_bundled, f->all_bundled);
	name_all(&natives, f->natives, f->n_natives, f->all_natives);
	answer_cite(a, "%zu files, %llu bytes", f->files, (unsigned long long)f->bytes);
	for (size_t i = 0; i < f->n_natives; i++)
		answer_cite(a, "native code: %.200s", f->natives[i]);
	if (f->all_sboms) {
		answer_not(a, "it has one (%s), which was not held against its %zu files.", buf_str(&files), f->files);
		return;
	}
	answer_say(a, true,
	        "There is none. Its package.json names %zu dependenc%s; %zu package%s fetched; packed inside without being named so: %s. "
	        "Native code: %s. "
	        "Licence: %.100s%s.",
	        f->declared, f->declared == 1 ? "y" : "ies", f->packages, f->packages == 1 ? " was" : "s were",
	        f->all_bundled ? buf_str(&inside) : "nothing that has a package.json", f->all_natives ? buf_str(&natives) : "none",
	        f->licence ? f->licence : "none is named", f->licence_file ? ", with its text" : ", without its text");
}

void answer_rebuild(struct asking *a)
{
	const struct facts *f = a->r->facts;
	const char *source = f && f->registry.repository ? f->registry.repository : NULL;
	answer_not(a, "it was not built again%s%.200s.", source ? "; its source is said to be at " : "", source ? source : "");
}

void answer_publisher(struct asking *a)
{
	const struct facts_registry *g = have_registry(a);
	if (!g)
		return;
	if (!g->before) {
		answer_not(a, "the registry has no earlier version.");
		return;
	}
	if (!g->publisher || !g->before_publisher) {
		answer_not(a, "the registry does not say who published %s.", g->publisher ? g->before : "it");
		return;
	}
	bool same = strcmp(g->publisher, g->before_publisher) == 0;
	answer_cite(a, "%.80s: published by %.120s%s%.60s", a->r->subject_version, g->publisher, g->published ? ", " : "",
	        g->published ? g->published : "");
	answer_cite(a, "%.80s: published by %.120s", g->before, g->before_publisher);
	if (same)
		answer_say(a, false, "No. The account %.120s published this version and the one before, %.80s.", g->publisher, g->before);
	else
		answer_say(a, true, "Yes: from %.120s (%.80s) to %.120s.", g->before_publisher, g->before, g->publisher);
}

void answer_new_capabilities(struct asking *a)
{
	const struct facts *f = a->r->facts;
	const char *before = f && f->registry.before ? f->registry.before : NULL;
	answer_not(a, "no report of the predecessor%s%.80s was compared: postern vet --compare does it.", before ? " " : "",
	        before ? before : "");
}
