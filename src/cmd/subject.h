/* subject: from the words on the command line to what vet runs: an obtained artefact, or a command that is installed already, with the
 * folders that must be shown inside a trial. */
#ifndef POSTERN_CMD_SUBJECT_H
#define POSTERN_CMD_SUBJECT_H

#include "obtain/obtain.h"
#include "vet/run.h"

/* An artefact of npm. All memory from the arena. -ENOENT if it needs node and there is none. */
[[nodiscard]] int subject_of_artefact(const struct artefact *a, struct arena *arena, struct vet_subject *out, struct err *err);
/* A command line. Words that are files outside the system's folders are shown read-only below /opt, with the folder they are in
 * (or the node_modules they are in), unless that folder is the home, the root or above; the words are changed to match. A program in a
 * bin/, and the interpreter that a script names, are shown with their installation, where it is outside. The subject's name and digest
 * are those of the last file named: of an interpreter and a script, the script's. -ENOENT: no such program, or only the stand-in of a
 * version manager. */
[[nodiscard]] int subject_of_command(char *const *words, size_t n, struct arena *arena, struct vet_subject *out, struct err *err);

#endif
