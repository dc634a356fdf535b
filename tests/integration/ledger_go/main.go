// Compares our notes, checkpoints, cosignatures, roots, proofs and tiles with those of Go's golang.org/x/mod/sumdb, in both directions.
//
//	main ORACLE SEED
//
// ORACLE is tests/integration/ledger_oracle.c. The last line says how many comparisons there were; the first difference ends it with 1.
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	to       io.Writer
	from     *bufio.Reader
	compared int
	random   *rand.Rand
	b64      = base64.StdEncoding
)

func fail(format string, args ...interface{}) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// ours asks the oracle.
func ours(words ...interface{}) string {
	for i, w := range words {
		if b, ok := w.([]byte); ok {
			words[i] = b64.EncodeToString(b)
		}
	}
	_, err := fmt.Fprintln(to, words...)
	must(err)
	line, err := from.ReadString('\n')
	must(err)
	compared++
	return strings.TrimSuffix(line, "\n")
}

func same(what string, got, want interface{}) {
	if got != want {
		fail("%s: ours %v, theirs %v", what, got, want)
	}
}

func list(hashes []tlog.Hash) string {
	var s []string
	for _, h := range hashes {
		s = append(s, h.String())
	}
	if s == nil {
		return "-"
	}
	return strings.Join(s, ",")
}

// ---- trees ----

type store []tlog.Hash

func (s store) ReadHashes(at []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range at {
		out = append(out, s[i])
	}
	return out, nil
}

func entry(seed, i int64) []byte {
	return []byte(fmt.Sprintf("%d/%d%s", seed, i, strings.Repeat(".", int(i%7))))
}

func grow(seed, size int64) store {
	var s store
	for i := int64(0); i < size; i++ {
		h, err := tlog.StoredHashes(i, entry(seed, i), s)
		must(err)
		s = append(s, h...)
	}
	same("grow", ours("grow", seed, size), "0")
	return s
}

// spoiled gives the list with one thing wrong: a bit, a hash more, one less, two exchanged.
func spoiled(p []tlog.Hash) []tlog.Hash {
	q := append([]tlog.Hash{}, p...)
	switch k := random.Intn(4); {
	case k == 0 && len(q) > 0:
		q[random.Intn(len(q))][random.Intn(32)] ^= 1 << random.Intn(8)
	case k == 1 && len(q) > 0:
		q = q[:len(q)-1]
	case k == 2 && len(q) > 1:
		i := random.Intn(len(q) - 1)
		q[i], q[i+1] = q[i+1], q[i]
	default:
		q = append(q, tlog.Hash{1})
	}
	return q
}

func verdict(err error) string {
	if err == nil {
		return "taken"
	}
	return "refused"
}

func ourVerdict(answer string) string {
	if answer == "0" {
		return "taken"
	}
	return "refused"
}

func record(s store, seed, i, size int64, root tlog.Hash) {
	p, err := tlog.ProveRecord(size, i, s)
	must(err)
	same(fmt.Sprintf("inclusion of %d in %d", i, size), ours("inclusion", i, size), list(p))
	leaf := tlog.RecordHash(entry(seed, i))
	for _, q := range []tlog.RecordProof{p, spoiled(p)} {
		got := ours("check-inclusion", i, size, leaf.String(), root.String(), list(q))
		same(fmt.Sprintf("check of inclusion of %d in %d", i, size), ourVerdict(got), verdict(tlog.CheckRecord(q, size, root, i, leaf)))
	}
}

func extension(s store, old, size int64, root tlog.Hash) {
	p, err := tlog.ProveTree(size, old, s)
	must(err)
	same(fmt.Sprintf("consistency of %d with %d", size, old), ours("consistency", old, size), list(p))
	oldRoot, err := tlog.TreeHash(old, s)
	must(err)
	for _, q := range []tlog.TreeProof{p, spoiled(p)} {
		got := ours("check-consistency", old, size, oldRoot.String(), root.String(), list(q))
		same(fmt.Sprintf("check of consistency of %d with %d", size, old), ourVerdict(got), verdict(tlog.CheckTree(q, size, root, old, oldRoot)))
	}
}

func trees() {
	// Every pair of small sizes.
	s := grow(1, 40)
	for size := int64(1); size <= 40; size++ {
		root, err := tlog.TreeHash(size, s)
		must(err)
		same(fmt.Sprintf("root of %d", size), ours("root", size), root.String())
		for i := int64(0); i < size; i++ {
			record(s, 1, i, size, root)
			extension(s, i+1, size, root)
		}
	}
	// Some of many larger ones.
	for k := 0; k < 8; k++ {
		seed, max := random.Int63n(1000000), 1+random.Int63n(70000>>uint(k))
		s := grow(seed, max)
		for j := 0; j < 60; j++ {
			size := 1 + random.Int63n(max)
			switch j {
			case 0:
				size = max
			case 1, 2:
				for size = 1; size*2 <= max; size *= 2 {
				}
				if j == 2 && size > 1 {
					size--
				}
			}
			root, err := tlog.TreeHash(size, s)
			must(err)
			same(fmt.Sprintf("root of %d", size), ours("root", size), root.String())
			record(s, seed, random.Int63n(size), size, root)
			record(s, seed, size-1, size, root)
			extension(s, 1+random.Int63n(size), size, root)
			tiles(s, size)
		}
	}
}

// Every tile of some places of a tree. Go's paths have the height in them.
func tiles(s store, size int64) {
	for level := 0; level < 3; level++ {
		n := size >> uint(8*level)
		if n == 0 {
			break
		}
		for _, i := range []int64{0, random.Int63n(n) / 256, (n - 1) / 256} {
			t := tlog.Tile{H: 8, L: level, N: i, W: 256}
			if n-i*256 < 256 {
				t.W = int(n - i*256)
			}
			data, err := tlog.ReadTileData(t, s)
			must(err)
			var h []tlog.Hash
			for ; len(data) > 0; data = data[32:] {
				var one tlog.Hash
				copy(one[:], data)
				h = append(h, one)
			}
			same("tile", ours("tile", level, i, size), strings.Replace(t.Path(), "tile/8/", "tile/", 1)+" "+list(h))
		}
	}
}

// ---- notes ----

// A cosignature of C2SP as Go's interfaces want it; written here from the specification.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
	time uint64
}

func (c *cosigner) Name() string { return c.name }

func (c *cosigner) KeyHash() uint32 {
	h := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.key.Public().(ed25519.PublicKey)...))
	return binary.BigEndian.Uint32(h[:])
}

func (c *cosigner) message(time uint64, text []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(time, 10)+"\n"), text...)
}

func (c *cosigner) Sign(text []byte) ([]byte, error) {
	var t [8]byte
	binary.BigEndian.PutUint64(t[:], c.time)
	return append(t[:], ed25519.Sign(c.key, c.message(c.time, text))...), nil
}

func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	c.time = binary.BigEndian.Uint64(sig)
	return ed25519.Verify(c.key.Public().(ed25519.PublicKey), c.message(c.time, text), sig[8:])
}

func letters(n int) string {
	all := []rune("abcdefghijklmnopqrstuvwxyz0123456789./-_:äß€—😀")
	var s []rune
	for i := 0; i < n; i++ {
		s = append(s, all[random.Intn(len(all))])
	}
	return string(s)
}

func text() string {
	var s string
	for i := 1 + random.Intn(5); i > 0; i-- {
		s += letters(random.Intn(30)) + []string{"\n", "\n", " + \n", "\n\n"}[random.Intn(4)]
	}
	return s
}

// strict says whether every signature is base64 as it would be written again: Go also takes bits behind the end that aren't zero.
func strict(msg []byte) bool {
	parts := strings.Split(string(msg), "\n\n")
	for _, line := range strings.Split(strings.TrimSuffix(parts[len(parts)-1], "\n"), "\n") {
		s := line[strings.LastIndex(line, " ")+1:]
		b, err := b64.DecodeString(s)
		if err == nil && b64.EncodeToString(b) != s {
			return false
		}
	}
	return true
}

func notes() {
	looser := 0
	for k := 0; k < 150; k++ {
		name := letters(1 + random.Intn(20))
		skey, vkey, err := note.GenerateKey(random, name)
		must(err)
		signer, err := note.NewSigner(skey)
		must(err)
		verifier, err := note.NewVerifier(vkey)
		must(err)
		raw, err := b64.DecodeString(strings.SplitN(skey, "+", 5)[4])
		must(err)
		seed := raw[1:]
		same("verifier key", ours("vkey", name, 1, seed), vkey)
		body := text()
		theirs, err := note.Sign(&note.Note{Text: body}, signer)
		must(err)
		same("signed note", ours("sign", name, seed, []byte(body)), b64.EncodeToString(theirs))
		same("their note", ours("verify", vkey, theirs), "0 0")
		// Others sign too: unknown keys must not matter.
		other, _, err := note.GenerateKey(random, letters(5)+"x")
		must(err)
		second, err := note.NewSigner(other)
		must(err)
		theirs, err = note.Sign(&note.Note{Text: body}, second, signer)
		must(err)
		same("their note with two signatures", ours("verify", vkey, theirs), "0 0")
		// Spoiled notes: what we take, Go takes; what only Go takes is base64 with bits behind its end.
		for j := 0; j < 60; j++ {
			bad := append([]byte{}, theirs...)
			switch i := random.Intn(len(bad)); random.Intn(4) {
			case 0:
				bad = append(bad[:i], bad[i+1:]...)
			case 1:
				bad = append(bad[:i], append([]byte{"\n =+A\x00\xe2"[random.Intn(7)]}, bad[i:]...)...)
			case 2:
				bad[i] = "\n =+A\x00\xe2"[random.Intn(7)]
			default:
				bad[i] ^= 1 << uint(random.Intn(8))
			}
			_, err := note.Open(bad, note.VerifierList(verifier))
			got := strings.HasPrefix(ours("verify", vkey, bad), "0 ")
			if got && err != nil {
				fail("we take a note that Go refuses (%v): %q", err, bad)
			}
			if !got && err == nil {
				if strict(bad) {
					fail("Go takes a note that we refuse: %q", bad)
				}
				looser++
			}
		}
	}
	fmt.Printf("%d spoiled notes were taken by Go only, for bits behind the end of base64\n", looser)
}

func checkpoints() {
	for k := 0; k < 60; k++ {
		origin := "example.com/" + letters(1+random.Intn(20))
		_, key, err := ed25519.GenerateKey(random)
		must(err)
		_, wkey, err := ed25519.GenerateKey(random)
		must(err)
		vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
		must(err)
		verifier, err := note.NewVerifier(vkey)
		must(err)
		size, time := random.Int63(), uint64(random.Int63())
		if size > 1<<62 {
			size >>= 2
		}
		root := sha256.Sum256([]byte(origin))
		body := fmt.Sprintf("%s\n%d\n%s\n", origin, size, b64.EncodeToString(root[:]))
		// Ours to them: a log's signature and a witness's line behind it.
		signed, err := b64.DecodeString(ours("sign", origin, key.Seed(), []byte(body)))
		must(err)
		line, err := b64.DecodeString(ours("cosign", "witness.example/w1", wkey.Seed(), time, []byte(body)))
		must(err)
		witness := &cosigner{name: "witness.example/w1", key: wkey}
		opened, err := note.Open(append(signed, line...), note.VerifierList(verifier, witness))
		must(err)
		same("signatures that Go verifies", len(opened.Sigs), 2)
		same("signatures that Go does not know", len(opened.UnverifiedSigs), 0)
		same("time", witness.time, time)
		// And back.
		witness.time = time ^ 1
		theirs, err := note.Sign(&note.Note{Text: body, Sigs: opened.Sigs[:1]}, witness)
		must(err)
		wvkey := ours("vkey", witness.name, 4, wkey.Seed())
		same("their cosignature", ours("verify", wvkey, theirs), fmt.Sprintf("0 %d", witness.time))
		same("their checkpoint", ours("checkpoint", vkey, theirs), fmt.Sprintf("%d %s", size, b64.EncodeToString(root[:])))
		theirs[len(origin)+1] ^= 1 // the first digit of the size
		same("a changed checkpoint", ours("checkpoint", vkey, theirs)[:1], "-")
		same("its cosignature", ours("verify", wvkey, theirs)[:1], "-")
	}
}

func main() {
	seed, err := strconv.ParseInt(os.Args[2], 10, 64)
	must(err)
	random = rand.New(rand.NewSource(seed))
	c := exec.Command(os.Args[1])
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	must(err)
	out, err := c.StdoutPipe()
	must(err)
	must(c.Start())
	to, from = in, bufio.NewReader(out)
	notes()
	checkpoints()
	trees()
	must(in.Close())
	must(c.Wait())
	fmt.Printf("%d comparisons with golang.org/x/mod/sumdb, seed %d\n", compared, seed)
}
