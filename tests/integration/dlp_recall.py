#!/usr/bin/env python3
"""A labelled set for the search for secrets, made anew at each run: values of real structure that nobody has issued, in the places where they
stand, under the encodings of docs/threat-model.md. Prints recall by kind and by encoding, and what a pass of plain expressions finds.
  dlp_recall.py PROGRAM [--seed N] [--rounds N] [--report] [--least PERCENT] [--show WHAT] [--pattern]"""
import argparse, base64, binascii, codecs, collections, gzip, html, json, quopri, random, re, string, struct, subprocess, sys, urllib.parse, zlib

R = random.Random(1)
B62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
LOW = string.ascii_lowercase + string.digits
UP = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
URL = B62 + "-_"
STD = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def r(alphabet, n):
    return "".join(R.choice(alphabet) for _ in range(n))


def word(n):  # of a URL-safe alphabet, no hyphen at either end
    return r(B62, 1) + r(URL, n - 2) + r(B62, 1)


def crc62(body):
    v, out = binascii.crc32(body.encode()), ""
    for _ in range(6):
        v, k = divmod(v, 62)
        out = B62[k] + out
    return body + out


def uuid():
    return "-".join(r(HEX, n) for n in (8, 4, 4, 4, 12))


def b64(data, url=False, pad=True):
    s = (base64.urlsafe_b64encode if url else base64.b64encode)(data).decode()
    return s if pad else s.rstrip("=")


def rb(n):
    return bytes(R.randrange(256) for _ in range(n))


def jwt():
    head = b64(json.dumps({"alg": R.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"}).replace(" ", "").encode(), True, False)
    body = b64(json.dumps({"sub": r(LOW, 12), "iat": R.randrange(1600000000, 1800000000), "scope": "repo"}).encode(), True, False)
    return head + "." + body + "." + b64(rb(32), True, False)


def lines(s, n):
    return "\n".join(s[i:i + n] for i in range(0, len(s), n))


def pem(kind, size):
    return "-----BEGIN %sPRIVATE KEY-----\n%s\n-----END %sPRIVATE KEY-----" % (kind, lines(b64(rb(size)), 64), kind)


def openssh():
    return "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----" % lines(b64(b"openssh-key-v1\0" + rb(300)), 70)


def bech32(hrp, data):
    chars = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    acc = bits = 0
    five = []
    for b in data:
        acc, bits = acc << 8 | b, bits + 8
        while bits >= 5:
            bits -= 5
            five.append(acc >> bits & 31)
    if bits:
        five.append(acc << (5 - bits) & 31)
    def polymod(values):
        chk = 1
        for v in values:
            top, chk = chk >> 25, (chk & 0x1FFFFFF) << 5 ^ v
            for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                chk ^= g if top >> i & 1 else 0
        return chk
    expanded = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]
    p = polymod(expanded + five + [0] * 6) ^ 1
    return (hrp + "1" + "".join(chars[d] for d in five + [p >> 5 * (5 - i) & 31 for i in range(6)])).upper()


def password():
    return r(string.ascii_lowercase, 3) + r(string.ascii_uppercase, 2) + r(string.digits, 3) + R.choice("!_.~+") + r(B62, 4)


def discord():
    return b64(str(R.randrange(10**17, 10**18)).encode(), True, False) + "." + r(URL, 6) + "." + word(38)


# kind: (value, names of the variable it stands in; None: the value tells by itself)
KINDS = {
    "github-classic": (lambda: "ghp_" + crc62(r(B62, 30)), None), "github-oauth": (lambda: "gho_" + crc62(r(B62, 30)), None),
    "github-app": (lambda: "ghs_" + crc62(r(B62, 30)), None), "github-fine": (lambda: "github_pat_" + r(B62, 22) + "_" + r(B62, 59), None),
    "gitlab": (lambda: "glpat-" + word(20), None), "gitlab-deploy": (lambda: "gldt-" + word(20), None),
    "gitlab-trigger": (lambda: "glptt-" + r(HEX, 40), None), "gitlab-runner": (lambda: "GR1348941" + word(20), None),
    "npm": (lambda: "npm_" + crc62(r(B62, 30)), None), "npmrc": (lambda: "//npm.acme.test/:_authToken=" + uuid(), None),
    "pypi": (lambda: "pypi-AgEIcHlwaS5vcmc" + word(90), None), "rubygems": (lambda: "rubygems_" + r(HEX, 48), None),
    "docker-pat": (lambda: "dckr_pat_" + word(27), None), "artifactory": (lambda: "AKCp" + r(B62, 69), None),
    "circleci": (lambda: "CCIPAT_" + r(B62, 22) + "_" + r(HEX, 40), None), "sonar": (lambda: "squ_" + r(HEX, 40), None),
    "sourcegraph": (lambda: "sgp_" + r(HEX, 40), None), "postman": (lambda: "PMAK-" + r(HEX, 24) + "-" + r(HEX, 34), None),
    "aws-id": (lambda: "AKIA" + r("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), None), "aws-sts-id": (lambda: "ASIA" + r("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), None),
    "aws-secret": (lambda: r(STD, 40), ["AWS_SECRET_ACCESS_KEY", "aws_secret_access_key", "SecretAccessKey"]),
    "aws-session": (lambda: "IQoJb3JpZ2luX2Vj" + r(STD, 300) + "==", ["AWS_SESSION_TOKEN", "aws_session_token"]),
    "google-api": (lambda: "AIza" + word(35), None), "google-secret": (lambda: "GOCSPX-" + word(28), None),
    "google-oauth": (lambda: "ya29." + word(120), None),
    "azure-storage": (lambda: "DefaultEndpointsProtocol=https;AccountName=" + r(LOW, 10) + ";AccountKey=" + b64(rb(64)) + ";EndpointSuffix=core.windows.net", None),
    "azure-client": (lambda: r(B62, 3) + r(string.digits, 1) + "Q~" + word(34), None),
    "azure-bus": (lambda: "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=" + b64(rb(32)), None),
    "alibaba": (lambda: "LTAI" + r(B62, 20), None), "digitalocean": (lambda: "dop_v1_" + r(HEX, 64), None),
    "heroku-new": (lambda: "HRKU-AA" + word(58), None), "heroku": (uuid, ["HEROKU_API_KEY", "heroku_api_key"]),
    "cloudflare": (lambda: word(40), ["CLOUDFLARE_API_TOKEN", "CF_API_TOKEN"]), "cloudflare-global": (lambda: r(HEX, 37), ["CLOUDFLARE_API_KEY"]),
    "cloudflare-origin": (lambda: "v1.0-" + r(HEX, 24) + "-" + r(HEX, 146), None), "fastly": (lambda: word(32), ["FASTLY_API_TOKEN", "fastly_key"]),
    "flyio": (lambda: "fo1_" + word(43), None), "netlify": (lambda: "nfp_" + r(B62, 36), None), "supabase": (lambda: "sbp_" + r(HEX, 40), None),
    "planetscale": (lambda: "pscale_tkn_" + word(43), None), "databricks": (lambda: "dapi" + r(HEX, 32), None),
    "vault": (lambda: "hvs." + word(95), None), "terraform": (lambda: r(B62, 14) + ".atlasv1." + word(67), None),
    "pulumi": (lambda: "pul-" + r(HEX, 40), None), "doppler": (lambda: "dp.pt." + r(B62, 43), None),
    "onepassword": (lambda: "A3-" + r(UP, 6) + "-" + r(UP, 11) + "-" + "-".join(r(UP, 5) for _ in range(3)), None),
    "tailscale": (lambda: "tskey-auth-" + r(B62, 12) + "CNTRL-" + r(B62, 32), None),
    "kubeconfig": (lambda: "    client-key-data: " + b64(pem("RSA ", 600).encode()), None),
    "docker-config": (lambda: '{"auths": {"reg.acme.test": {"auth": "' + b64(("bot:" + password()).encode()) + '"}}}', None),
    "wireguard": (lambda: "[Interface]\nPrivateKey = " + b64(rb(32)) + "\nAddress = 10.7.0.2/32", None),
    "age": (lambda: bech32("age-secret-key-", rb(32)), None),
    "rsa-pem": (lambda: pem("RSA ", 600), None), "pkcs8-pem": (lambda: pem("", 1190), None), "ec-pem": (lambda: pem("EC ", 121), None), "openssh": (openssh, None),
    "putty": (lambda: "PuTTY-User-Key-File-2: ssh-ed25519\nEncryption: none\nComment: me@host\nPublic-Lines: 2\n" + lines(b64(rb(51)), 64) +
              "\nPrivate-Lines: 1\n" + b64(rb(36)) + "\nPrivate-MAC: " + r(HEX, 40), None),
    "jwt": (jwt, None), "openai": (lambda: "sk-proj-" + word(74) + "T3BlbkFJ" + word(74), None), "openai-legacy": (lambda: "sk-" + r(B62, 20) + "T3BlbkFJ" + r(B62, 20), None),
    "anthropic": (lambda: "sk-ant-api03-" + word(93) + "AA", None), "openrouter": (lambda: "sk-or-v1-" + r(HEX, 64), None),
    "huggingface": (lambda: "hf_" + r(string.ascii_letters, 34), None), "replicate": (lambda: "r8_" + r(B62, 37), None), "groq": (lambda: "gsk_" + r(B62, 52), None),
    "perplexity": (lambda: "pplx-" + r(B62, 48), None), "xai": (lambda: "xai-" + r(B62, 80), None), "mistral": (lambda: r(B62, 32), ["MISTRAL_API_KEY"]),
    "cohere": (lambda: r(B62, 40), ["COHERE_API_KEY", "CO_API_KEY"]), "langsmith": (lambda: "lsv2_pt_" + r(HEX, 32) + "_" + r(HEX, 10), None),
    "slack-bot": (lambda: "xoxb-" + r(string.digits[1:], 12) + "-" + r(string.digits[1:], 13) + "-" + r(B62, 24), None),
    "slack-user": (lambda: "xoxp-" + "-".join(r(string.digits[1:], 12) for _ in range(3)) + "-" + r(HEX, 32), None),
    "slack-app": (lambda: "xapp-1-A" + r(UP, 10) + "-" + r(string.digits[1:], 13) + "-" + r(HEX, 64), None),
    "slack-hook": (lambda: "https://hooks.slack.com/services/T" + r(UP, 8) + "/B" + r(UP, 10) + "/" + r(B62, 24), None),
    "discord": (discord, None), "discord-hook": (lambda: "https://discord.com/api/webhooks/" + r(string.digits[1:], 18) + "/" + word(68), None),
    "telegram": (lambda: r(string.digits[1:], 10) + ":AA" + word(33), None), "twilio": (lambda: "SK" + r(HEX, 32), None),
    "twilio-auth": (lambda: r(HEX, 32), ["TWILIO_AUTH_TOKEN"]), "sendgrid": (lambda: "SG." + word(22) + "." + word(43), None),
    "mailgun": (lambda: "key-" + r(HEX, 32), None), "mailchimp": (lambda: r(HEX, 32) + "-us14", None), "brevo": (lambda: "xkeysib-" + r(HEX, 64) + "-" + r(B62, 16), None),
    "stripe": (lambda: "sk_live_" + r(B62, 24), None), "stripe-long": (lambda: "sk_live_51" + r(B62, 97), None), "stripe-restricted": (lambda: "rk_live_" + r(B62, 24), None),
    "stripe-hook": (lambda: "whsec_" + r(B62, 32), None), "square": (lambda: "sq0atp-" + word(22), None), "shopify": (lambda: "shpat_" + r(HEX, 32), None),
    "braintree": (lambda: "access_token$production$" + r(LOW, 16) + "$" + r(HEX, 32), None), "plaid": (lambda: "access-production-" + uuid(), None),
    "datadog": (lambda: r(HEX, 32), ["DD_API_KEY", "datadog_api_key"]), "datadog-app": (lambda: r(HEX, 40), ["DD_APP_KEY", "DATADOG_APP_KEY"]),
    "newrelic": (lambda: "NRAK-" + r(UP, 27), None), "newrelic-license": (lambda: r(HEX, 36) + "NRAL", None), "sentry": (lambda: "sntryu_" + r(HEX, 64), None),
    "sentry-org": (lambda: "sntrys_eyJ" + r(STD, 150) + "_" + r(STD, 43), None), "grafana": (lambda: "glsa_" + r(B62, 32) + "_" + r(HEX, 8), None),
    "dynatrace": (lambda: "dt0c01." + r(UP, 24) + "." + r(UP, 64), None), "okta": (lambda: "00" + word(40), ["OKTA_API_TOKEN", "okta_token"]),
    "auth0": (lambda: word(64), ["AUTH0_CLIENT_SECRET"]), "atlassian": (lambda: "ATATT3" + word(180), None), "linear": (lambda: "lin_api_" + r(B62, 40), None),
    "notion": (lambda: "ntn_" + r(string.digits, 11) + r(B62, 35), None), "notion-old": (lambda: "secret_" + r(B62, 43), None), "figma": (lambda: "figd_" + word(40), None),
    "airtable": (lambda: "pat" + r(B62, 14) + "." + r(HEX, 64), None), "hubspot": (lambda: "pat-na1-" + uuid(), None), "mapbox": (lambda: "sk.eyJ" + word(80) + "." + word(22), None),
    "facebook": (lambda: "EAAM" + r(B62, 140), None), "launchdarkly": (lambda: "sdk-" + uuid(), None),
    "github-ghs-jwt": (lambda: "ghs_" + r(B62, 8) + "_" + jwt(), None), "gitlab-routable": (lambda: "glpat-" + word(27) + "." + r(LOW, 9), None),
    "gitlab-mail": (lambda: "glimt-" + word(25), None), "gitlab-agent": (lambda: "glagent-" + word(50), None), "gitlab-session": (lambda: "_gitlab_session=" + r(LOW, 32), None),
    "bitbucket": (lambda: "ATBB" + r(B62, 28) + r("0123456789ABCDEF", 4), None), "npmrc-basic": (lambda: "//npm.acme.test/:_auth=" + b64(("u:" + r(B62, 14)).encode()), None),
    "cargo": (lambda: "cio" + r(B62, 32), None), "nuget": (lambda: "oy2" + r(LOW, 43), None), "clojars": (lambda: "CLOJARS_" + r(LOW, 60), None),
    "artifactory-ref": (lambda: "cmVmdGtu" + r(B62, 56), None), "buildkite": (lambda: "bkua_" + r(HEX, 40), None), "codecov": (uuid, ["CODECOV_TOKEN"]), "snyk": (uuid, ["SNYK_TOKEN"]),
    "octopus": (lambda: "API-" + r(UP, 26), None), "prefect": (lambda: "pnu_" + r(B62, 36), None), "readme": (lambda: "rdme_" + r(LOW, 70), None), "infracost": (lambda: "ico-" + r(B62, 32), None),
    "bedrock": (lambda: "ABSK" + r(STD, 128) + "=", None), "aws-mws": (lambda: "amzn.mws." + uuid(), None), "google-refresh": (lambda: "1//0" + word(60), None),
    "azure-sas": (lambda: "https://acme.blob.core.windows.net/c/f?sv=2022-11-02&sp=r&sig=" + urllib.parse.quote(b64(rb(32)), safe=""), None),
    "azure-devops": (lambda: r(B62, 76) + "AZDO" + r(B62, 4), None), "tencent": (lambda: "AKID" + r(B62, 32), None), "yandex": (lambda: "AQVN" + word(36), None),
    "scalingo": (lambda: "tk-us-" + word(48), None), "vercel": (lambda: r(B62, 24), ["VERCEL_TOKEN"]), "openshift": (lambda: "sha256~" + word(43), None), "linode": (lambda: r(HEX, 64), ["LINODE_TOKEN"]),
    "vault-old": (lambda: "s." + r(B62, 24), ["VAULT_TOKEN"]), "onepassword-sa": (lambda: "ops_eyJ" + r(STD, 300), None), "ngrok": (lambda: "2" + r(B62, 26) + "_" + r(B62, 21), ["NGROK_AUTHTOKEN", "authtoken"]),
    "htpasswd": (lambda: "admin:$apr1$" + r(B62, 8) + "$" + r(B62, 22), None), "shadow": (lambda: "root:$6$" + r(B62, 16) + "$" + r(B62, 86) + ":19000:0:99999:7:::", None),
    "netrc": (lambda: "machine git.acme.test login me password " + password(), None), "pgp": (lambda: "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + lines(b64(rb(500)), 64) + "\n=aB3d\n-----END PGP PRIVATE KEY BLOCK-----", None),
    "ssh2": (lambda: "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n" + lines(b64(rb(400)), 70) + "\n---- END SSH2 ENCRYPTED PRIVATE KEY ----", None),
    "jwk": (lambda: '{"kty": "EC", "crv": "P-256", "d": "' + b64(rb(32), True, False) + '"}', None), "sk-other": (lambda: "sk-" + r(B62, 48), None), "nvidia": (lambda: "nvapi-" + word(64), None),
    "fireworks": (lambda: "fw_" + r(B62, 24), None), "deepseek": (lambda: "sk-" + r(HEX, 32), ["DEEPSEEK_API_KEY"]), "elevenlabs": (lambda: "sk_" + r(HEX, 48), None),
    "slack-config": (lambda: "xoxe.xoxp-1-" + r(B62, 160), None), "teams-hook": (lambda: "https://acme.webhook.office.com/webhookb2/" + uuid() + "@" + uuid() + "/IncomingWebhook/" + r(HEX, 32) + "/" + uuid(), None),
    "mailgun-signing": (lambda: r(HEX, 32) + "-" + r(HEX, 8) + "-" + r(HEX, 8), ["MAILGUN_SIGNING_KEY"]), "intercom": (lambda: "dG9r" + r(B62, 56), ["INTERCOM_ACCESS_TOKEN"]),
    "mattermost": (lambda: r(LOW, 26), ["MATTERMOST_TOKEN"]), "razorpay": (lambda: "rzp_live_" + r(B62, 14), None), "flutterwave": (lambda: "FLWSECK-" + r(HEX, 32) + "-X", None),
    "adyen": (lambda: "AQE" + r(B62, 2) + r(STD, 90) + "=-" + r(STD, 44) + "=-", None), "easypost": (lambda: "EZAK" + r(B62, 54), None), "shippo": (lambda: "shippo_live_" + r(HEX, 40), None),
    "duffel": (lambda: "duffel_live_" + word(43), None), "sentry-dsn": (lambda: "https://" + r(HEX, 32) + ":" + r(HEX, 32) + "@sentry.acme.test/42", None), "honeycomb": (lambda: "hcaik_" + r(LOW, 58), None),
    "splunk": (uuid, ["SPLUNK_HEC_TOKEN"]), "pagerduty": (lambda: r(B62, 20), ["PAGERDUTY_API_KEY"]), "okta-header": (lambda: "Authorization: SSWS 00" + word(40), None), "jira": (lambda: r(B62, 24), ["JIRA_API_TOKEN"]),
    "asana": (lambda: "1/" + r(string.digits[1:], 16) + ":" + r(HEX, 32), None), "typeform": (lambda: "tfp_" + word(44), None), "contentful": (lambda: "CFPAT-" + word(43), None), "algolia": (lambda: r(HEX, 32), ["ALGOLIA_ADMIN_KEY"]),
    "dropbox": (lambda: "sl." + word(136), None), "twitter-bearer": (lambda: "A" * 21 + r(B62, 80), None), "instagram": (lambda: "IGQV" + r(B62, 140), None), "clickhouse": (lambda: "4b1d" + r(B62, 38), None),
    "maxmind": (lambda: r(B62, 6) + "_" + r(B62, 29) + "_mmk", None), "frameio": (lambda: "fio-u-" + word(64), None), "adobe": (lambda: "p8e-" + r(B62, 32), None), "settlemint": (lambda: "sm_pat_" + r(B62, 16), None),
    "nebula": (lambda: "dnkey-" + r(UP, 26).lower() + "-" + r(LOW, 52), None), "intra42": (lambda: "s-s4t2ud-" + r(HEX, 64), None), "hubspot-old": (lambda: uuid().upper(), ["HUBSPOT_API_KEY"]), "lob": (lambda: "live_" + r(HEX, 35), None),
    "squarespace": (uuid, ["SQUARESPACE_API_KEY"]), "twitch": (lambda: r(LOW, 30), ["TWITCH_CLIENT_SECRET", "twitch_oauth"]), "harness": (lambda: "pat." + word(22) + "." + r(B62, 24) + "." + r(B62, 20), None),
    "curl-login": (lambda: "curl -u deploy:" + password() + " https://ci.acme.test/build", None), "odbc": (lambda: "Server=db.acme.test;Database=app;Uid=svc;Password=" + password() + ";", None),
    "postgres-url": (lambda: "postgres://app:" + r(B62, 18) + "@db.acme.test:5432/prod", None), "mongodb-url": (lambda: "mongodb+srv://svc:" + r(B62, 20) + "@cluster0.acme.test/app", None),
    "redis-url": (lambda: "rediss://default:" + r(B62, 24) + "@cache.acme.test:6380", None), "basic-url": (lambda: "https://deploy:" + r(B62, 20) + "@git.acme.test/team/app.git", None),
    "basic-header": (lambda: "Authorization: Basic " + b64(("svc-deploy:" + password()).encode()), None), "bearer": (lambda: "Authorization: Bearer " + r(B62, 44), None),
    "generic-key": (lambda: r(B62, 32), ["API_KEY", "api_key", "clientSecret", "ACCESS_TOKEN", "app_secret"]),
    "generic-hex": (lambda: r(HEX, 40), ["SESSION_SECRET", "ENCRYPTION_KEY", "auth_token"]), "password": (password, ["DB_PASSWORD", "password", "smtp_passwd"]),
}

NAMED = ["%s=%s\n", "export %s=%s\n", '%s = "%s"\n', "%s: %s\n", '"%s": "%s",\n', "const %s = '%s';\n", "os.environ['%s'] = '%s'\n"]
LONE = ["%s\n", "the key is %s, please use it\n", 'key = "%s"\n', "  - value: %s\n", "# %s\n", "curl -H 'X-Key: %s' https://api.acme.test\n", '{"k":"%s"}\n']


def snippet(kind):
    value, names = KINDS[kind]
    v = value()
    if names:
        return R.choice(NAMED) % (R.choice(names), v), v
    return (v + "\n" if "\n" in v or " " in v else R.choice(LONE) % v), v


def rot13(s):
    return codecs.encode(s, "rot13")


ENC = {
    "plain": lambda s: s,
    "base64": lambda s: b64(s.encode()), "base64url": lambda s: b64(s.encode(), True, False), "base64 lines": lambda s: lines(b64(s.encode()), 76),
    "base64 shifted": lambda s: b64(b"= "[:R.randrange(1, 3)] + s.encode()),
    "hex": lambda s: s.encode().hex(), "HEX": lambda s: s.encode().hex().upper(), "hex \\x": lambda s: "".join("\\x%02x" % c for c in s.encode()),
    "hex spaced": lambda s: s.encode().hex(" "), "hex 0x,": lambda s: ", ".join("0x%02x" % c for c in s.encode()),
    "percent all": lambda s: "".join("%%%02X" % c for c in s.encode()), "percent": lambda s: urllib.parse.quote(s, safe=""),
    "percent some": lambda s: "".join("%%%02x" % ord(c) if R.random() < 0.3 else c for c in s),
    "\\u all": lambda s: "".join("\\u%04x" % ord(c) for c in s), "\\u some": lambda s: "".join("\\u%04x" % ord(c) if R.random() < 0.3 else c for c in s),
    "entities": lambda s: "".join("&#%d;" % ord(c) for c in s), "entities hex": lambda s: "".join("&#x%x;" % ord(c) for c in s), "entities html": lambda s: html.escape(s),
    "quoted-printable": lambda s: quopri.encodestring(s.encode()).decode(), "reverse": lambda s: s[::-1], "rot13": rot13,
    "gzip base64": lambda s: b64(gzip.compress((s + FILLER).encode())), "zlib base64": lambda s: b64(zlib.compress((s + FILLER).encode())),
    "base64 base64": lambda s: b64(b64(s.encode()).encode()), "hex of base64": lambda s: b64(s.encode()).encode().hex(), "base64 of hex": lambda s: b64(s.encode().hex().encode()),
    "base64 reversed": lambda s: b64(s.encode())[::-1], "base64 of reversed": lambda s: b64(s[::-1].encode()), "base64 of rot13": lambda s: b64(rot13(s).encode()),
    "rot13 of base64": lambda s: rot13(b64(s.encode())), "percent of base64": lambda s: urllib.parse.quote(b64(s.encode()), safe=""),
    "base64 of percent": lambda s: b64(urllib.parse.quote(s, safe="").encode()), "base64 of JSON": lambda s: b64(json.dumps({"content": s}).encode()),
}
FILLER = "The quick brown fox jumps over the lazy dog. def main(argv): return 0\n" * 3
PROSE = ["Please look at the failing test and fix it.", "Here is the file that you asked for:", "I ran the command and got this output:",
         "def load(path):\n    with open(path) as f:\n        return json.load(f)", "Summarise the change and write a commit message.", "src/app/main.c:42: warning: unused variable 'n'"]


def message(text):
    content = R.choice(PROSE) * R.randrange(1, 5) + "\n" + text + "\n" + R.choice(PROSE)
    body = {"model": "m-1", "max_tokens": 1024, "messages": [{"role": "system", "content": R.choice(PROSE)}, {"role": "user", "content": content}]}
    return json.dumps(body)


# What a scanner of plain expressions has: the same prefixes and lengths, no decoding.
PLAIN = re.compile(r"""gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{82}|gl(?:pat|dt)-[\w-]{20}|glptt-[0-9a-f]{40}|GR1348941[\w-]{20}|npm_[A-Za-z0-9]{36}|_authToken=[\w-]+|pypi-AgEIcHlwaS5vcmc[\w-]{50,}
|rubygems_[0-9a-f]{48}|dckr_pat_[\w-]{27}|AKCp[A-Za-z0-9]{69}|CCIPAT_\w+|squ_[0-9a-f]{40}|sgp_[0-9a-f]{40}|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|(?:AKIA|ASIA)[A-Z2-7]{16}|AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{40,}
|AccountKey=[\w+/=]{88}|\w{3}\dQ~[\w~.-]{31,34}|SharedAccessKey=[\w+/=]{44}|LTAI\w{20}|dop_v1_[0-9a-f]{64}|HRKU-AA[\w-]{58}|v1\.0-[0-9a-f]{24}-[0-9a-f]{146}|fo1_[\w-]{43}|nfp_\w{36}|sbp_[0-9a-f]{40}|pscale_tkn_[\w.-]{32,}
|dapi[0-9a-f]{32}|hvs\.[\w-]{90,}|\w{14}\.atlasv1\.[\w-]{60,}|pul-[0-9a-f]{40}|dp\.pt\.\w{43}|A3-[A-Z0-9]{6}-[A-Z0-9-]{29}|tskey-auth-[\w-]+|client-key-data:|"auth\\*":|PrivateKey\ =\ |AGE-SECRET-KEY-1\w{58}|-----BEGIN[ A-Z]*PRIVATE[ ]KEY-----|PuTTY-User-Key-File
|ey[\w-]{17,}\.ey[\w-]{17,}\.[\w-]{10,}|sk-[\w-]{40,}|hf_[A-Za-z]{34}|r8_\w{37}|gsk_\w{52}|pplx-\w{48}|xai-\w{80}|lsv2_pt_\w+|xox[bp]-[\w-]{30,}|xapp-1-[\w-]+|hooks\.slack\.com/services/[\w/]{40,}|[MN][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,}
|discord\.com/api/webhooks/\d+/[\w-]+|\d{8,10}:AA[\w-]{33}|SK[0-9a-f]{32}|SG\.[\w-]{22}\.[\w-]{43}|key-[0-9a-f]{32}|[0-9a-f]{32}-us\d\d|xkeysib-[0-9a-f]{64}-\w{16}|[sr]k_live_\w{16,}|whsec_\w{32}|sq0atp-[\w-]{22}|shpat_[0-9a-f]{32}
|access_token\$production\$|access-production-[0-9a-f-]{36}|NRAK-\w{27}|[0-9a-f]{36}NRAL|sntry[us]_\w{40,}|glsa_\w{32}_\w{8}|dt0c01\.\w{24}\.\w{64}|ATATT3[\w=-]{100,}|lin_api_\w{40}|ntn_\w{46}|secret_\w{43}|figd_[\w-]{40}|pat\w{14}\.[0-9a-f]{64}
|pat-na1-[0-9a-f-]{36}|sk\.eyJ[\w-]+\.[\w-]{22}|EAAM\w{90,}|sdk-[0-9a-f-]{36}|\w+://\w+:[^@/\s"]{8,}@|(?:Basic|Bearer)[ ][\w+/=]{16,}|(?i:secret|token|passw(?:or)?d|api_?key|app_key|_key)[\w'\]\\"]*\s*[:=]\s*[\\'"]*[\w+/=!.~-]{12,}""", re.X)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--mode", default="whole")
    p.add_argument("--report", action="store_true")
    p.add_argument("--least", type=float, default=0)
    p.add_argument("--most", type=float, default=100, help="with --mode redact: per cent of messages in which something is left")
    p.add_argument("--show", default="", help="print the misses of a kind, of an encoding, or all")
    p.add_argument("--pattern", action="store_true", help="print the plain expressions on one line, for grep -P")
    a = p.parse_args()
    if a.pattern:
        return print(PLAIN.pattern.replace("\n", ""))
    R.seed(a.seed)
    cases, stream = [], []
    for _ in range(a.rounds):
        for kind in KINDS:
            for name, encode in ENC.items():
                text, value = snippet(kind)
                cases.append((kind, name, text, message(encode(text))))
    for c in cases:
        data = c[3].encode()
        stream.append(struct.pack(">I", len(data)) + data)
    out = subprocess.run([a.program, a.mode], input=b"".join(stream), stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")
    kinds, encs, plain = (collections.defaultdict(lambda: [0, 0]) for _ in range(3))
    met = set()
    for (kind, name, text, body), line in zip(cases, out):
        hit = line != ""
        if hit and a.mode == "redact" and a.show:
            print("left", kind, "/", name, "/", repr(text[:200]), "/", line)
        met.update(h.split(" ")[0] for h in line.split("\t"))
        kinds[kind][0] += hit
        kinds[kind][1] += 1
        encs[name][0] += hit
        encs[name][1] += 1
        plain[name][0] += PLAIN.search(body) is not None
        plain[name][1] += 1
        if not hit and a.show and a.mode != "redact" and (a.show == name or a.show == kind or a.show == "all"):
            print("missed", kind, "/", name, "/", repr(text[:150]), "/", body[-260:])
    total = [sum(v[0] for v in encs.values()), sum(v[1] for v in encs.values())]
    percent = lambda v: 100.0 * v[0] / v[1]
    if a.report:
        print("| encoding | found | plain expressions |\n| --- | --- | --- |")
        for name in ENC:
            print("| %s | %.1f %% | %.1f %% |" % (name, percent(encs[name]), percent(plain[name])))
        rules = re.findall(r"name: ([a-z0-9-]+)", open("share/rules/secrets.yaml").read())
        print("rules that no case meets:", ", ".join(x for x in rules if x not in met))
        print("kinds below all:", ", ".join("%s %.0f %%" % (k, percent(v)) for k, v in sorted(kinds.items(), key=lambda x: percent(x[1])) if v[0] < v[1]))
    allplain = [sum(v[0] for v in plain.values()), total[1]]
    print("%d kinds, %d encodings, %d secrets: %.2f %% found (plain %.1f %%); plain expressions %.2f %%" % (
        len(KINDS), len(ENC), total[1], percent(total), percent(encs["plain"]), percent(allplain)))
    if percent(total) > a.most:
        sys.exit("more than %.1f %% still hold a secret when redacted" % a.most)
    if percent(total) < a.least:
        sys.exit("fewer than %.1f %% were found" % a.least)


main()
