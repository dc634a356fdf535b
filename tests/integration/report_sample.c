/* Prints a sample report: report_sample findings|clean|inconclusive|partial|hostile text|json|html|sarif [WIDTH [colour]]. */
#include <stdio.h>

#include "report/report.h"
#include "report/sarif.h"
#include "report_model.h"
#include "vet/question.h"

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		struct vet_result (*make)(void);
	} kinds[] = {{"findings", sample_result}, {"clean", sample_clean}, {"inconclusive", sample_inconclusive},
	        {"partial", sample_partial}, {"hostile", sample_hostile}};
	_cleanup_buf_ struct buf out = BUF(16 << 20);
	struct report_text_options o = {.colour = argc > 4, .width = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0, .questionnaire = true};
	for (size_t i = 0; argc > 2 && i < ARRAY_LEN(kinds); i++) {
		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		struct vet_result r = kinds[i].make();
		r.arena = ARENA(16 << 20);
		if (questions_answer(&r) < 0)
			return 1;
		if (strcmp(argv[2], "text") == 0)
			report_text(&out, &r, &o);
		else if (strcmp(argv[2], "json") == 0)
			report_json(&out, &r);
		else if (strcmp(argv[2], "html") == 0)
			report_html(&out, &r);
		else if (strcmp(argv[2], "sarif") == 0)
			report_sarif(&out, &r);
		if (buf_error(&out) || !out.n || fwrite(out.p, 1, out.n, stdout) != out.n)
			return 1;
		arena_free(&r.arena);
		return 0;
	}
	(void)fprintf(stderr, "report_sample findings|clean|inconclusive|partial|hostile text|json|html|sarif [WIDTH [colour]]\n");
	return 2;
}
