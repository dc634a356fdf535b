#!/bin/sh
# Prints a C header with the text of a file as a string: embed.sh NAME FILE. Blank lines and indentation are left out.
set -eu
printf '/* Made from %s by tools/embed.sh. */\nstatic const char %s[] =\n' "$2" "$1"
sed -e 's/^[[:space:]]*//' -e '/^$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/	"&\\n"/' "$2"
printf '\t;\n'
