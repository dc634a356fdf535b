#include "vet/question.h"

#include <errno.h>
#include <stdarg.h>

#include "base/buf.h"
#include "vet/question_part.h"

#define TEXT_MAX 8192

static const char data[] = "Data handling", open_[] = "Transparency", weak[] = "Unintended vulnerabilities", origin[] = "Provenance",
                  control[] = "Control", vendor[] = "Only the vendor can say";

#define AICM(ids)    [FRAMEWORK_AICM] = (ids)
#define SSDF(ids)    [FRAMEWORK_SSDF] = (ids)
#define RMF(ids)     [FRAMEWORK_RMF] = (ids)
#define LLM(ids)     [FRAMEWORK_LLM] = (ids)
#define AGENTIC(ids) [FRAMEWORK_AGENTIC] = (ids)
#define ISO(ids)     [FRAMEWORK_ISO] = (ids)
#define SLSA(ids)    [FRAMEWORK_SLSA] = (ids)

/* Where a framework has nothing that clearly fits, it is left out. Every identifier is looked up in tests/data/frameworks.tsv. */
const struct question question_table[] = {
        {data, "Which hosts, ports and protocols does it speak to?",
                {AICM("DSP-05, I&S-08, STA-08"), RMF("MAP 4.1"), LLM("LLM02"), ISO("A.10.3")}},
        {data, "What does it send before anybody has agreed to it?",
                {AICM("DSP-08, DSP-12"), RMF("MEASURE 2.10"), LLM("LLM02"), ISO("A.8.2")}},
        {data, "Which fields carry the host, the user, a path, the repository's remote or an e-mail address?",
                {AICM("DSP-03, DSP-05, DSP-17"), RMF("MEASURE 2.10"), LLM("LLM02"), ISO("A.8.2")}},
        {data, "Do secrets that lie about leave the machine, raw, encoded or hashed?",
                {AICM("DSP-17, IAM-15, UEM-11"), RMF("MEASURE 2.7, MEASURE 2.10"), LLM("LLM02"), AGENTIC("ASI03")}},
        {data, "What does it read outside of the workspace?",
                {AICM("AIS-11, AIS-13, IAM-05, IAM-19"), LLM("LLM06"), AGENTIC("ASI02, ASI03")}},
        {data, "Does it honour ignore files?", {AICM("DSP-08, IAM-19"), LLM("LLM02, LLM06"), AGENTIC("ASI02")}},
        {data, "Which environment variables does it send?", {AICM("DSP-17, IAM-15"), RMF("MEASURE 2.10"), LLM("LLM02")}},
        {data, "How many bytes leave for one task?", {AICM("DSP-05, LOG-11"), RMF("MEASURE 2.4")}},
        {data, "Which transcripts does it keep on the machine, with which mode, for how long?",
                {AICM("DSP-16, DSP-17, UEM-08"), RMF("MEASURE 2.10"), LLM("LLM02")}},
        {data, "Does each opt-out do what it says?", {AICM("DSP-08, DSP-12"), SSDF("PW.9.2"), RMF("MEASURE 2.8"), ISO("A.8.2")}},

        {open_, "Are all endpoints documented?", {AICM("DSP-05, DSP-14, STA-08"), RMF("MEASURE 2.8"), ISO("A.6.2.7, A.8.2")}},
        {open_, "Are all fields documented?", {AICM("DSP-03, DSP-05"), RMF("MEASURE 2.8"), ISO("A.6.2.7, A.8.2")}},
        {open_, "On what about the machine does the output depend, and how surely?",
                {AICM("DSP-05, LOG-15, TVM-02"), SSDF("PW.8.2"), RMF("MEASURE 2.7, MEASURE 2.8"), LLM("LLM02"), AGENTIC("ASI04, ASI10")}},
        {open_, "Does the artefact hold constants that are hidden from a reader?",
                {AICM("AIS-05, TVM-02"), SSDF("PW.7.2, RV.1.2"), LLM("LLM03"), AGENTIC("ASI04")}},
        {open_, "Does text of the tool's own hold characters that a reader does not see or takes for others?",
                {AICM("AIS-09, LOG-15, TVM-02"), LLM("LLM02")}},
        {open_, "Which environment variables does it read that nobody documented?", {AICM("AIS-02, CCC-06"), SSDF("PW.9.2"), ISO("A.8.2")}},
        {open_, "Is the model that was asked for the one that is asked?", {AICM("MDS-03"), RMF("MAP 2.1"), LLM("LLM03"), ISO("A.8.2")}},
        {open_, "Does what changed between versions match the changelog?",
                {AICM("CCC-03, CCC-07"), RMF("MANAGE 3.1"), AGENTIC("ASI04"), ISO("A.6.2.7")}},

        {weak, "Does it check with whom it speaks TLS?", {AICM("AIS-10, CEK-03, I&S-03"), SSDF("PW.5.1, PW.8.2"), RMF("MEASURE 2.7")}},
        {weak, "Does it honour the organisation's proxy and certificate authority everywhere?",
                {AICM("I&S-03, I&S-09, IPY-03"), SSDF("PW.1.3, PW.9.1")}},
        {weak, "Do the ports that it opens ask who is there?",
                {AICM("AIS-10, I&S-03, IAM-16"), SSDF("PW.1.1, PW.9.1"), RMF("MEASURE 2.7"), AGENTIC("ASI03, ASI07")}},
        {weak, "With which modes does it write files with credentials?", {AICM("IAM-15, UEM-08"), SSDF("PW.9.1"), AGENTIC("ASI03")}},
        {weak, "Does what it bundles have known vulnerabilities?",
                {AICM("STA-16, TVM-03, TVM-05"), SSDF("PW.4.4, RV.1.1"), LLM("LLM03"), AGENTIC("ASI04")}},
        {weak, "Can a repository make it do something before it is trusted?",
                {AICM("AIS-11, AIS-13, TVM-02"), SSDF("PW.9.1"), RMF("MEASURE 2.7"), LLM("LLM01, LLM06"), AGENTIC("ASI01, ASI05")}},
        {weak, "Can text in a file or from a tool make it run or send something?",
                {AICM("AIS-08, AIS-15, TVM-11"), SSDF("PW.8.2"), RMF("MEASURE 2.7"), LLM("LLM01, LLM05, LLM06"),
                        AGENTIC("ASI01, ASI02, ASI05, ASI06")}},
        {weak, "What does it write outside of the workspace?", {AICM("AIS-11, AIS-13, IAM-05"), LLM("LLM06"), AGENTIC("ASI02, ASI05")}},

        {origin, "Is the artefact what the registry says it is?",
                {AICM("AIS-06, STA-09"), SSDF("PS.2.1, PW.4.4"), LLM("LLM03"), AGENTIC("ASI04")}},
        {origin, "Is there an attestation of how it was built, and does it hold?",
                {AICM("STA-09, STA-16"), SSDF("PS.2.1, PS.3.2"), LLM("LLM03"), AGENTIC("ASI04"), SLSA("Build L1, Build L2")}},
        {origin, "Does it run scripts when it is installed?",
                {AICM("AIS-06, TVM-02, UEM-02"), SSDF("PW.4.4"), LLM("LLM03"), AGENTIC("ASI04, ASI05")}},
        {origin, "Does a bill of materials match what is inside?",
                {AICM("STA-08, STA-16"), SSDF("PS.3.2"), LLM("LLM03"), AGENTIC("ASI04")}},
        {origin, "Does a build from its source give the same bytes?", {AICM("AIS-12, CCC-06"), SSDF("PS.3.1, PW.6.2"), LLM("LLM03")}},
        {origin, "Has the publisher changed?", {AICM("CCC-04, STA-09"), SSDF("PS.1.1"), RMF("MANAGE 3.1"), LLM("LLM03"), AGENTIC("ASI04")}},
        {origin, "What new hosts or capabilities has it against its predecessor?",
                {AICM("CCC-07, STA-09"), RMF("MANAGE 3.1"), LLM("LLM03"), AGENTIC("ASI04"), ISO("A.10.3")}},

        {control, "Can its updates be switched off, and does a pinned version stay?",
                {AICM("CCC-04, UEM-02"), SSDF("PW.9.1"), RMF("MANAGE 2.4"), AGENTIC("ASI04")}},
        {control, "Which flags does it fetch, and what changes when the server flips them?",
                {AICM("CCC-04, CCC-07"), SSDF("PW.9.2"), RMF("MANAGE 3.1"), AGENTIC("ASI10")}},
        {control, "Can the vendor stop it, or force a version, from afar?", {AICM("BCR-03, CCC-04"), RMF("GOVERN 6.2, MANAGE 2.4")}},
        {control, "Does it fail closed without its policy server?", {AICM("AIS-02, LOG-13"), RMF("GOVERN 6.2"), AGENTIC("ASI08")}},
        {control, "Do managed settings override those of the user?", {AICM("CCC-06, UEM-05"), SSDF("PW.9.1"), AGENTIC("ASI03")}},
        {control, "Can every tool call be gated and logged?",
                {AICM("GRC-15, IAM-19, LOG-11"), RMF("MAP 3.5, MEASURE 2.8"), LLM("LLM06"), AGENTIC("ASI02, ASI09"), ISO("A.6.2.8")}},
        {control, "Is anything left running?", {AICM("AIS-13, UEM-05"), LLM("LLM06"), AGENTIC("ASI10")}},

        {vendor, "How long does the vendor keep what it receives?", {AICM("DSP-16"), RMF("GOVERN 6.1"), ISO("A.10.3")}},
        {vendor, "Does the vendor train models with it?", {AICM("DSP-12, DSP-15"), RMF("GOVERN 6.1"), LLM("LLM02"), ISO("A.7.3, A.10.3")}},
        {vendor, "To which subprocessors does the vendor pass it on?", {AICM("DSP-13, DSP-14"), RMF("GOVERN 6.1"), ISO("A.10.3")}},
        {vendor, "Who of the vendor's staff can read it?", {AICM("IAM-05, IAM-17"), RMF("GOVERN 6.1"), ISO("A.10.3")}},
        {vendor, "In which countries is it kept and processed?", {AICM("DSP-19"), RMF("GOVERN 6.1"), ISO("A.10.3")}},
        {vendor, "What do the contracts say?", {AICM("STA-10, STA-11"), RMF("GOVERN 6.1"), ISO("A.10.2, A.10.3")}},
};
const size_t question_count = ARRAY_LEN(question_table);

static void (*const functions[QUESTIONS_ASKED])(struct asking *) = {
        answer_hosts,
        answer_before_consent,
        answer_identity_fields,
        answer_canaries,
        answer_reads_outside,
        answer_ignore_files,
        answer_variables_sent,
        answer_bytes,
        answer_transcripts,
        answer_opt_outs,
        answer_endpoints_documented,
        answer_fields_documented,
        answer_factors,
        answer_obfuscated,
        answer_code_points,
        answer_variables_read,
        answer_model,
        answer_changelog,
        answer_tls,
        answer_proxy,
        answer_listeners,
        answer_credential_modes,
        answer_bundled_flaws,
        answer_before_trust,
        answer_injection,
        answer_writes_outside,
        answer_integrity,
        answer_attestation,
        answer_install_scripts,
        answer_bill_of_materials,
        answer_rebuild,
        answer_publisher,
        answer_new_capabilities,
        answer_updates,
        answer_flags,
        answer_kill_switch,
        answer_fails_closed,
        answer_managed_settings,
        answer_gated,
        answer_left_running,
};

static void put(struct asking *a, enum vet_answer_state state, bool concern, const char *fmt, va_list ap)
{
	_cleanup_buf_ struct buf b = BUF(TEXT_MAX);
	buf_vfmt(&b, fmt, ap);
	a->out->state = state;
	a->out->concern = concern;
	/* An answer that is too long is cut, not lost. */
	if (b.n && b.p[0] >= 'a' && b.p[0] <= 'z')
		b.p[0] = (uint8_t)(b.p[0] - 'a' + 'A');
	a->out->text = arena_str(a->arena, buf_slice(&b));
	if (!a->out->text)
		a->error = -ENOMEM;
}

void answer_say(struct asking *a, bool concern, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	put(a, ANSWER_EVIDENCE, concern, fmt, ap);
	va_end(ap);
}

void answer_not(struct asking *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	put(a, ANSWER_NOT_OBSERVED, false, fmt, ap);
	va_end(ap);
}

void answer_never(struct asking *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	put(a, ANSWER_NOT_OBSERVABLE, false, fmt, ap);
	va_end(ap);
}

void answer_cite(struct asking *a, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = BUF(1024);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < a->n_cited; i++)
		if (slice_is(buf_slice(&b), a->cited[i]))
			return;
	if (a->n_cited == CITED_MAX) {
		a->more++;
		return;
	}
	a->cited[a->n_cited] = arena_str(a->arena, buf_slice(&b));
	if (!a->cited[a->n_cited])
		a->error = -ENOMEM;
	else
		a->n_cited++;
}

unsigned answer_trials(const struct asking *a)
{
	return a->r->trials > a->r->trials_failed ? a->r->trials - a->r->trials_failed : 0;
}

bool answer_can(struct asking *a)
{
	if (answer_trials(a))
		return true;
	answer_not(a, "the tool did its work in no trial%s%s.", a->r->reason ? ": " : "", a->r->reason ? a->r->reason : "");
	return false;
}

const struct vet_factor_row *answer_factor(const struct asking *a, const char *name)
{
	for (size_t i = 0; i < a->r->n_factors; i++)
		if (strcmp(a->r->factors[i].name, name) == 0)
			return &a->r->factors[i];
	return NULL;
}

size_t answer_varied(const struct asking *a, const char *const *factors, struct buf *to)
{
	size_t n = 0;
	for (; *factors; factors++) {
		const struct vet_factor_row *row = answer_factor(a, *factors);
		if (row && row->trials)
			buf_fmt(to, "%s%s", n++ ? ", " : "", row->title);
	}
	return n;
}

size_t answer_findings(struct asking *a, const char *const *factors, enum leak_class least, enum leak_class most, struct buf *to)
{
	size_t n = 0;
	for (; *factors; factors++) {
		for (int class = (int)most; class >= (int)least; class --) {
			size_t places = 0;
			for (size_t i = 0; i < a->r->n_findings; i++) {
				const struct vet_finding *f = &a->r->findings[i];
				if ((int)f->class != class || strcmp(f->factor, *factors) != 0)
					continue;
				places += 1 + (size_t)f->occurrences;
				n++;
				for (const char *const *t = f->evidence; t && *t && t < f->evidence + 2; t++)
					answer_cite(a, "trial %s", *t);
			}
			const struct vet_factor_row *row = answer_factor(a, *factors);
			if (places)
				buf_fmt(to, "%s%s (%s, %zu place%s)", to->n ? ", " : "", row ? row->title : *factors,
				        leak_class_name((enum leak_class) class), places, places == 1 ? "" : "s");
		}
	}
	return n;
}

int questions_answer(struct vet_result *r)
{
	struct vet_answer *answers = arena_array(&r->arena, question_count, sizeof(*answers));
	if (!answers)
		return -ENOMEM;
	for (size_t i = 0; i < question_count; i++) {
		const struct question *q = &question_table[i];
		struct asking a = {.r = r, .arena = &r->arena, .out = &answers[i]};
		*a.out = (struct vet_answer){.number = (unsigned)i + 1, .group = q->group, .question = q->text};
		memcpy(a.out->maps, q->maps, sizeof(a.out->maps));
		a.cited = arena_array(&r->arena, CITED_MAX + 2, sizeof(*a.cited));
		if (!a.cited)
			return -ENOMEM;
		(i < ARRAY_LEN(functions) ? functions[i] : answer_of_vendor)(&a);
		if (a.more && a.error == 0 && !(a.cited[a.n_cited++] = arena_fmt(&r->arena, "and %zu more", a.more)))
			a.error = -ENOMEM;
		a.out->evidence = a.cited;
		if (a.error < 0)
			return a.error;
	}
	r->answers = answers;
	r->n_answers = question_count;
	return 0;
}
