package faultvfs

import "math/rand/v2"

// sector is what a disk writes as a whole, in bytes.
const sector = 512

// inode is a file's content: what is durable, and what was done to it since.
type inode struct {
	durable []byte
	pending []change
}

// change is a write, or where data is nil a truncation.
type change struct {
	at   int64
	data []byte
}

// sync makes everything durable.
func (n *inode) sync() {
	for _, c := range n.pending {
		n.durable = c.apply(n.durable)
	}
	n.pending = nil
}

func (c change) apply(content []byte) []byte {
	if c.data == nil {
		return resize(content, c.at)
	}
	content = resize(content, max(int64(len(content)), c.at+int64(len(c.data))))
	copy(content[c.at:], c.data)
	return content
}

func resize(content []byte, size int64) []byte {
	if n := size - int64(len(content)); n > 0 {
		return append(content, make([]byte, n)...)
	}
	return content[:size]
}

// Loss is how much of what was not synced a disk forgets.
type Loss int

// The losses.
const (
	LoseAll Loss = iota
	LoseNone
	LoseSome // each sector by itself
)

// after returns a content that a disk can have after a power failure.
func (n *inode) after(r *rand.Rand, loss Loss) []byte {
	content := append([]byte(nil), n.durable...)
	if loss == LoseAll {
		return content
	}
	kept := r.Float64()
	for _, c := range n.pending {
		switch {
		case loss == LoseNone:
			content = c.apply(content)
		case c.data == nil:
			if r.Float64() < kept {
				content = c.apply(content)
			}
		default:
			content = c.applySome(content, r, kept)
		}
	}
	return content
}

// applySome applies those sectors of a write that have reached the disk. One
// that has not, where the file has grown beyond it, holds whatever the disk
// held there before.
func (c change) applySome(content []byte, r *rand.Rand, kept float64) []byte {
	for from := int64(0); from < int64(len(c.data)); {
		to := min(int64(len(c.data)), (c.at+from)/sector*sector+sector-c.at)
		if r.Float64() < kept {
			grown := int64(len(content))
			content = change{c.at + from, c.data[from:to]}.apply(content)
			for i := grown; i < c.at+from; i++ {
				content[i] = byte(r.Uint32())
			}
		}
		from = to
	}
	return content
}
