// Package wire is the protocol of the SkylineDB daemon, version 1: frames,
// requests, replies, typed values and error codes. The daemon, the command
// line client and the Go client all speak through it; it needs nothing but
// the standard library.
//
// A frame ([ReadHeader], [ReadBody], [AppendFrame]) is a 4-byte little-endian
// length and that many bytes of UTF-8 JSON, one object. A request is decoded
// by [ParseRequest]; a reply is encoded by [AppendReply]; [AppendRequest] and
// [ParseReply] are the client's half.
//
// Decoding is strict in types and tolerant of unknown fields. It uses a
// scanner of its own (scan.go) because encoding/json matches field names
// without regard to case, replaces malformed text silently and turns integers
// into floats: each would change what a client stores. A parsed request holds
// memory in proportion to the number of its statements, never of its values:
// parameters are checked, stay as they came ([Params]), and are decoded when
// they are bound.
//
// Invariants, each fuzzed: no input panics; what is accepted is valid JSON;
// nesting deeper than [MaxDepth] is refused; an integer never passes through
// a float; a value encoded and decoded again is the same value.
package wire

// Protocol is the version of the protocol that this package speaks.
const Protocol = 1

// DefaultDB is the database of a request that names none.
const DefaultDB = "data.db"

// Bounds of a request, beside the frame limit.
const (
	// MaxDepth is how deep arrays and objects may nest in a request.
	MaxDepth = 256
	// MaxStmts is the number of statements that one batch may have.
	MaxStmts = 100_000
	// MaxID is the length of an id's JSON text, in bytes: replies hold it.
	MaxID = 1 << 20
	// MaxRequestID is the length of a request_id, in bytes.
	MaxRequestID = 128
	// MaxForget is the number of ids that one batch may forget.
	MaxForget = 10_000
	// MaxResults is the number of bytes of JSON that the results of one batch
	// may have.
	MaxResults = 1 << 20
)
