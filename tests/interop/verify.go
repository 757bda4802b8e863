// Verifies logs that Daybook wrote, with Go's own golang.org/x/mod/sumdb: `go run verify.go FOLDER`.
//
// For each size: the signed checkpoint, every entry under it by the tiles alone, the proofs that Daybook made, and that
// each of these is refused with a byte changed. See write_logs.py for what is in the folder; `make test-interop` runs both.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// files reads tiles from a folder; flip, where it is not nil, changes them on the way.
type files struct {
	folder string
	flip   func([]byte)
}

func (f files) Height() int { return height }

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		// Go names the height in the path, C2SP does not.
		path := "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
		content, err := os.ReadFile(filepath.Join(f.folder, path))
		if err != nil {
			return nil, err
		}
		if f.flip != nil {
			f.flip(content)
		}
		found = append(found, content)
	}
	return found, nil
}

type proofs struct {
	Inclusion []struct {
		Index  int64
		Hashes [][]byte
	}
	Consistency []struct {
		Old    int64
		Root   []byte
		Hashes [][]byte
	}
}

func main() {
	folder := os.Args[1]
	key, err := os.ReadFile(filepath.Join(folder, "key"))
	must(err)
	verifier, err := note.NewVerifier(string(key))
	must(err)
	entries, err := os.ReadDir(folder)
	must(err)
	var sizes []int
	for _, entry := range entries {
		if size, err := strconv.Atoi(entry.Name()); err == nil {
			sizes = append(sizes, size)
		}
	}
	sort.Ints(sizes)
	for _, size := range sizes {
		verify(filepath.Join(folder, strconv.Itoa(size)), int64(size), note.VerifierList(verifier))
	}
	if len(sizes) < 40 {
		fail("only %d logs were found", len(sizes))
	}
	fmt.Printf("%d logs verified, up to %d entries\n", len(sizes), sizes[len(sizes)-1])
}

func verify(folder string, size int64, keys note.Verifiers) {
	tree := checkpoint(folder, size, keys)
	reader := tlog.TileHashReader(tree, files{folder: folder})
	root, err := tlog.TreeHash(size, reader)
	must(err)
	expect(root == tree.Hash, "%d: the tiles have another root", size)

	leaves := everyEntry(folder, size)
	for n := int64(0); n < size; n += 1 + size/50 {
		proof, err := tlog.ProveRecord(size, n, reader)
		must(err)
		must(tlog.CheckRecord(proof, size, tree.Hash, n, leaves[n]))
	}

	var ours proofs
	content, err := os.ReadFile(filepath.Join(folder, "proofs.json"))
	must(err)
	must(json.Unmarshal(content, &ours))
	expect(len(ours.Inclusion) > 0 && len(ours.Consistency) > 0, "%d: there are no proofs", size)
	for _, one := range ours.Inclusion {
		proof := tlog.RecordProof(hashes(one.Hashes))
		must(tlog.CheckRecord(proof, size, tree.Hash, one.Index, leaves[one.Index]))
		for at := range proof {
			proof[at][at%tlog.HashSize] ^= 1
			expect(tlog.CheckRecord(proof, size, tree.Hash, one.Index, leaves[one.Index]) != nil, "%d: a forged proof holds", size)
			proof[at][at%tlog.HashSize] ^= 1
		}
		forged := leaves[one.Index]
		forged[7] ^= 1
		expect(tlog.CheckRecord(proof, size, tree.Hash, one.Index, forged) != nil, "%d: a forged entry is proven", size)
	}
	for _, one := range ours.Consistency {
		old := hashes([][]byte{one.Root})[0]
		proof := tlog.TreeProof(hashes(one.Hashes))
		must(tlog.CheckTree(proof, size, tree.Hash, one.Old, old))
		for at := range proof {
			proof[at][at%tlog.HashSize] ^= 1
			expect(tlog.CheckTree(proof, size, tree.Hash, one.Old, old) != nil, "%d: a forged history holds", size)
			proof[at][at%tlog.HashSize] ^= 1
		}
		old[3] ^= 1
		expect(tlog.CheckTree(proof, size, tree.Hash, one.Old, old) != nil, "%d: another history is continued", size)
	}

	forged := tlog.TileHashReader(tree, files{folder, func(tile []byte) { tile[len(tile)/2] ^= 1 }})
	_, err = forged.ReadHashes([]int64{tlog.StoredHashIndex(0, size-1)})
	expect(err != nil, "%d: a forged tile is read", size)
}

// checkpoint opens the signed checkpoint, and sees that none with a changed byte can be opened.
func checkpoint(folder string, size int64, keys note.Verifiers) tlog.Tree {
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	must(err)
	opened, err := note.Open(signed, keys)
	must(err)
	lines := strings.Split(opened.Text, "\n")
	expect(len(lines) == 4 && lines[0] == "shop.example/default" && lines[3] == "", "%d: not a checkpoint: %q", size, lines)
	told, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	expect(told == size, "%d: the checkpoint is of %d", size, told)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	for at := range signed {
		if at == len(signed)-3 {
			continue // Go does not look at the bits that the last letter of base64 has to spare. We do.
		}
		forged := append([]byte(nil), signed...)
		forged[at] ^= 1
		_, err := note.Open(forged, keys)
		expect(err != nil, "%d: a checkpoint with byte %d changed is opened", size, at)
	}
	return tlog.Tree{N: size, Hash: root}
}

// everyEntry reads the leaf hashes of all entries, from their bundles.
func everyEntry(folder string, size int64) []tlog.Hash {
	var leaves []tlog.Hash
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: height, L: 0, N: n, W: int(width)}
		path := "tile/entries/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/0/", height))
		bundle, err := os.ReadFile(filepath.Join(folder, path))
		must(err)
		for len(bundle) > 0 {
			length := binary.BigEndian.Uint16(bundle)
			leaves = append(leaves, tlog.RecordHash(bundle[2:2+length]))
			bundle = bundle[2+length:]
		}
	}
	expect(int64(len(leaves)) == size, "%d: the bundles have %d entries", size, len(leaves))
	return leaves
}

func hashes(content [][]byte) []tlog.Hash {
	var found []tlog.Hash
	for _, one := range content {
		hash, err := tlog.ParseHash(base64.StdEncoding.EncodeToString(one))
		must(err)
		found = append(found, hash)
	}
	return found
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func expect(holds bool, format string, args ...any) {
	if !holds {
		fail(format, args...)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
