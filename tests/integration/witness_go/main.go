// A witness and a client of a log and a witness, with Go's golang.org/x/mod/sumdb in place of our own tree and notes.
//
//	main witness LOG_VKEY                            serves add-checkpoint; prints "ready URL VKEY"
//	main client LOG_URL LOG_VKEY WITNESS_URL VKEY...  reads the whole log over HTTP, and has the witness of the first VKEY cosign it
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/ioutil"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
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

// A key for cosignatures, c2sp.org/tlog-cosignature; Go's note package does not know them.
type cosigner struct {
	name   string
	hash   uint32
	public ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+64 || binary.BigEndian.Uint64(sig) == 0 {
		return false
	}
	return ed25519.Verify(c.public, cosigned(binary.BigEndian.Uint64(sig), msg), sig[8:])
}

func cosigned(t uint64, msg []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", t)), msg...)
}

func keyHash(name string, key []byte) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(h[:])
}

func cosignerOf(vkey string) cosigner {
	p := strings.SplitN(strings.TrimSpace(vkey), "+", 3)
	id, err := hex.DecodeString(p[1])
	must(err)
	key, err := base64.StdEncoding.DecodeString(p[2])
	must(err)
	c := cosigner{p[0], keyHash(p[0], key), key[1:]}
	if key[0] != 4 || len(key) != 33 || binary.BigEndian.Uint32(id) != c.hash {
		fail("%s is no key for cosignatures", vkey)
	}
	return c
}

func treeOf(text string) (origin string, t tlog.Tree) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		fail("no checkpoint: %q", text)
	}
	n, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	h, err := tlog.ParseHash(lines[2])
	must(err)
	return lines[0], tlog.Tree{N: n, Hash: h}
}

// ---- a witness ----

func witness(vkey string) {
	log, err := note.NewVerifier(vkey)
	must(err)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	const name = "example.org/go"
	key := append([]byte{4}, public...)
	var lock sync.Mutex
	var last tlog.Tree
	http.HandleFunc("/sub/add-checkpoint", func(w http.ResponseWriter, q *http.Request) {
		body, err := ioutil.ReadAll(q.Body)
		parts := bytes.SplitN(body, []byte("\n\n"), 2)
		if err != nil || q.Method != "POST" || len(parts) != 2 {
			http.Error(w, "form", 400)
			return
		}
		head := strings.Split(string(parts[0]), "\n")
		old, err := strconv.ParseInt(strings.TrimPrefix(head[0], "old "), 10, 64)
		if err != nil {
			http.Error(w, "old", 400)
			return
		}
		var proof tlog.TreeProof
		for _, l := range head[1:] {
			h, err := tlog.ParseHash(l)
			if err != nil {
				http.Error(w, "proof", 400)
				return
			}
			proof = append(proof, h)
		}
		n, err := note.Open(parts[1], note.VerifierList(log))
		if err != nil {
			http.Error(w, err.Error(), 403)
			return
		}
		_, t := treeOf(n.Text)
		lock.Lock()
		defer lock.Unlock()
		if old != last.N {
			w.Header().Set("Content-Type", "text/x.tlog.size")
			w.WriteHeader(409)
			fmt.Fprintf(w, "%d\n", last.N)
			return
		}
		good := len(proof) == 0
		if old == t.N {
			good = good && t.Hash == last.Hash
		} else if old > 0 {
			good = tlog.CheckTree(proof, t.N, t.Hash, old, last.Hash) == nil
		}
		if !good {
			http.Error(w, "not consistent", 422)
			return
		}
		last = t
		sig := make([]byte, 4+8)
		binary.BigEndian.PutUint32(sig, keyHash(name, key))
		now := uint64(time.Now().Unix())
		binary.BigEndian.PutUint64(sig[4:], now)
		sig = append(sig, ed25519.Sign(private, cosigned(now, []byte(n.Text)))...)
		fmt.Fprintf(w, "\u2014 %s %s\n", name, base64.StdEncoding.EncodeToString(sig))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Printf("ready http://%s/sub %s+%08x+%s\n", l.Addr(), name, keyHash(name, key), base64.StdEncoding.EncodeToString(key))
	must(http.Serve(l, nil))
}

// ---- a client ----

func get(url string) []byte {
	r, err := http.Get(url)
	must(err)
	defer r.Body.Close()
	b, err := ioutil.ReadAll(r.Body)
	must(err)
	if r.StatusCode != 200 {
		fail("%s: %s", url, r.Status)
	}
	return b
}

type tiles string

func (u tiles) Height() int { return 8 }
func (u tiles) ReadTiles(want []tlog.Tile) (out [][]byte, err error) {
	for _, t := range want {
		// Go's paths have the height in them.
		out = append(out, get(string(u)+"tile/"+strings.TrimPrefix(t.Path(), "tile/8/")))
	}
	return out, nil
}
func (u tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func client(url, vkey, witnessURL string, vkeys []string) {
	log, err := note.NewVerifier(vkey)
	must(err)
	all := []note.Verifier{log}
	for _, k := range vkeys {
		all = append(all, cosignerOf(k))
	}
	checkpoint := get(url + "checkpoint")
	n, err := note.Open(checkpoint, note.VerifierList(all...))
	must(err)
	if len(n.Sigs) != len(all) || len(n.UnverifiedSigs) != 0 {
		fail("%d signatures are good, %d are unknown", len(n.Sigs), len(n.UnverifiedSigs))
	}
	_, tree := treeOf(n.Text)
	reader := tlog.TileHashReader(tree, tiles(url))
	root, err := tlog.TreeHash(tree.N, reader)
	must(err)
	if root != tree.Hash {
		fail("the tiles lead to another root")
	}
	// Every entry, against the tiles that were checked on the way.
	for at := int64(0); at < tree.N; at += 256 {
		t := tlog.TileForIndex(8, tlog.StoredHashIndex(0, at))
		t.W = 256
		if tree.N-at < 256 {
			t.W = int(tree.N - at)
		}
		t.N = at / 256
		rest := get(url + "tile/entries/" + strings.TrimPrefix(t.Path(), "tile/8/0/"))
		var want []int64
		for i := at; i < at+int64(t.W); i++ {
			want = append(want, tlog.StoredHashIndex(0, i))
		}
		hashes, err := reader.ReadHashes(want)
		must(err)
		for i, h := range hashes {
			size := int(binary.BigEndian.Uint16(rest))
			if tlog.RecordHash(rest[2:2+size]) != h {
				fail("entry %d is another", at+int64(i))
			}
			rest = rest[2+size:]
		}
		if len(rest) != 0 {
			fail("bytes behind a bundle")
		}
	}
	// The witness says what it has; from there a proof of Go's.
	post := func(old int64, proof tlog.TreeProof) (int, string, string) {
		body := fmt.Sprintf("old %d\n", old)
		for _, h := range proof {
			body += h.String() + "\n"
		}
		r, err := http.Post(witnessURL+"add-checkpoint", "text/plain", strings.NewReader(body+"\n"+string(checkpoint)))
		must(err)
		defer r.Body.Close()
		b, err := ioutil.ReadAll(r.Body)
		must(err)
		return r.StatusCode, string(b), r.Header.Get("Content-Type")
	}
	status, said, kind := post(0, nil)
	if status != 409 || kind != "text/x.tlog.size" {
		fail("the witness says %d (%s): %s", status, kind, said)
	}
	old, err := strconv.ParseInt(strings.TrimSuffix(said, "\n"), 10, 64)
	must(err)
	if old <= 0 || old >= tree.N {
		fail("the witness has %d of %d entries; it should be between", old, tree.N)
	}
	proof, err := tlog.ProveTree(tree.N, old, reader)
	must(err)
	bad := append(tlog.TreeProof{}, proof...)
	bad[0][7] ^= 1
	if status, said, _ = post(old, bad); status != 422 {
		fail("a bad proof gets %d: %s", status, said)
	}
	if status, said, _ = post(old, proof); status != 200 {
		fail("a good proof gets %d: %s", status, said)
	}
	w := cosignerOf(vkeys[0])
	n, err = note.Open([]byte(n.Text+"\n"+said), note.VerifierList(w))
	must(err)
	fmt.Printf("%d entries read and verified, cosigned from %d on\n", tree.N, old)
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "witness":
		witness(strings.TrimSpace(os.Args[2]))
	case len(os.Args) > 5 && os.Args[1] == "client":
		client(os.Args[2], strings.TrimSpace(os.Args[3]), os.Args[4], os.Args[5:])
	default:
		fail("see the comment on top")
	}
}
