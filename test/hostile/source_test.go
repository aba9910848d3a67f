package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// source makes the inputs of one attacker, who has a database of his own.
type source struct {
	r  *rand.Rand
	db string
	n  int // requests with an id of their own so far
}

// body returns the body of a frame: a request, or what is left of one.
func (s *source) body() []byte {
	switch s.r.IntN(10) {
	case 0, 1, 2, 3:
		return []byte(s.request())
	case 4, 5, 6:
		return s.mutated([]byte(s.tame()))
	case 7:
		return []byte(s.json(6))
	case 8:
		return []byte(`{"type":` + s.json(1) + `,"db":` + s.json(2) + `,"stmts":` + s.json(4) + `}`)
	default:
		return s.noise(s.r.IntN(300))
	}
}

// request returns a request that is one: a batch of random SQL, which has a
// time, or a command.
func (s *source) request() string {
	switch s.r.IntN(16) {
	case 0, 1:
		return s.command()
	case 2, 3:
		return harness.With(s.query(randomSQL(s.r)), "timeout_ms", 1000)
	}
	return harness.With(s.batch(func() string { return randomSQL(s.r) }), "timeout_ms", 1000)
}

// tame returns a request that does no harm however it is mutated: it comes to
// an end without a time.
func (s *source) tame() string {
	switch s.r.IntN(8) {
	case 0, 1:
		return s.command()
	case 2:
		return s.query(pick(s.r, whole))
	}
	return s.batch(func() string { return pick(s.r, whole) })
}

// query returns a Query, most of which have an id that a Cancel may name.
func (s *source) query(sql string) string {
	body := fmt.Sprintf(`{"type":"Query","db":%q,"sql":%s`, s.db, wire.AppendValue(nil, wire.Value{Kind: wire.Text, Bytes: []byte(sql)}))
	for _, option := range []struct {
		name  string
		value func() string
	}{
		{"id", func() string { return strconv.Itoa(s.r.IntN(5)) }},
		{"limit", func() string { return pick(s.r, []string{`0`, `1`, `7`, `-1`, `null`}) }},
		{"min_rev", func() string { return pick(s.r, []string{`0`, `1`, `"x"`}) }},
		{"params", func() string { return `[` + s.value() + `]` }},
		{"tx", func() string { return pick(s.r, []string{`"tx-0"`, `"none"`, `null`, `7`}) }},
	} {
		if s.r.IntN(4) == 0 {
			body += fmt.Sprintf(`,%q:%s`, option.name, option.value())
		}
	}
	return body + `}`
}

// transaction returns a request of the kinds that begin and end transactions,
// and end other requests. Those that begin hold nobody up for long.
func (s *source) transaction() string {
	switch s.r.IntN(4) {
	case 0:
		return fmt.Sprintf(`{"type":"Begin","db":%q,"idle_ms":%d,"lease_ms":%s}`, s.db, 1+s.r.IntN(9), pick(s.r, []string{`1`, `20`}))
	case 1:
		return fmt.Sprintf(`{"type":%q,"db":%q,"tx":"tx-%x","request_id":"c%d"}`, pick(s.r, []string{"Commit", "Rollback"}), s.db, s.r.IntN(3), s.r.IntN(3))
	case 2:
		return `{"type":"Commit","tx":` + s.json(1) + `}`
	default:
		return fmt.Sprintf(`{"type":"Cancel","target":%d}`, s.r.IntN(5))
	}
}

func (s *source) command() string {
	switch s.r.IntN(28) {
	case 24, 25, 26, 27:
		return s.transaction()
	case 0:
		return `{"type":"PrepareForMaintenance","db":"` + s.db + `"}`
	case 1:
		return `{"type":"CloseDatabase","db":"` + s.db + `","require_exclusive":` + pick(s.r, []string{"true", "false", "null", "1"}) + `}`
	case 2, 3, 4, 5, 6, 7, 8, 9, 10, 11:
		return `{"type":"ReopenDatabase","db":"` + s.db + `"}`
	case 12, 13, 14, 15, 16, 17, 18, 19:
		return `{"type":"Ping","id":` + s.json(3) + `,"db":"` + pick(s.r, []string{s.db, "../" + s.db, "none/x.db", s.db + "-wal", "./" + s.db, ""}) + `"}`
	default:
		return `{"type":"Status","id":` + s.json(2) + `}`
	}
}

// batch returns an ExecBatch with some of the statements and of all options.
func (s *source) batch(sql func() string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":"ExecBatch","db":"%s","stmts":[`, s.db)
	for i := range 1 + s.r.IntN(4) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"sql":`)
		b.Write(wire.AppendValue(nil, wire.Value{Kind: wire.Text, Bytes: []byte(sql())}))
		switch s.r.IntN(4) {
		case 0:
			b.WriteString(`,"params":[` + s.value() + `,` + s.value() + `]`)
		case 1:
			b.WriteString(`,"params":{"a":` + s.value() + `,"@b":` + s.value() + `}`)
		case 2:
			if s.r.IntN(4) == 0 {
				b.WriteString(`,"param_rows":[[` + s.value() + `],[` + s.value() + `,1],{"a":` + s.value() + `}]`)
			}
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	for _, option := range []struct {
		name  string
		value func() string
	}{
		{"tx", func() string { return pick(s.r, []string{`"none"`, `"none"`, `"atomic"`, `"both"`, `null`}) }},
		{"sync", func() string { return pick(s.r, []string{`"full"`, `"normal"`, `"normal"`, `"normal"`, `null`, `7`}) }},
		{"request_id", func() string { s.n++; return strconv.Quote(fmt.Sprintf("r%d", s.n-s.r.IntN(3))) }},
		{"forget", func() string { return fmt.Sprintf(`["r%d"]`, s.n) }},
		{"results", func() string { return pick(s.r, []string{`true`, `true`, `false`, `1`}) }},
		{"expect_rev", func() string { return pick(s.r, []string{`0`, `1`, `-1`, `{"$int":"9223372036854775807"}`, `1.5`}) }},
		{"id", func() string { return s.json(3) }},
	} {
		if s.r.IntN(5) == 0 {
			fmt.Fprintf(&b, `,"%s":%s`, option.name, option.value())
		}
	}
	return b.String() + `}`
}

// value returns a parameter, or what looks like one.
func (s *source) value() string {
	return pick(s.r, []string{
		`null`, `true`, `0`, `-0.0`, `1e999`, `9223372036854775807`, `9223372036854775808`, `5e-324`, `"x"`, `"\u0000"`, `"\ud800"`, `"\ud83d\ude00"`, `{"$blob":"AAH/"}`, `{"$blob":"***"}`,
		`{"$int":"-1"}`, `{"$int":"1e5"}`, `{"$real":"-inf"}`, `{"$real":"nan"}`, `[1,[2]]`, `{"a":{"b":null}}`, `{"$blob":1}`, `""`, `{}`, `{"$int":"1","$int":"2"}`,
	})
}

// json returns random JSON, which is malformed now and then.
func (s *source) json(depth int) string {
	kind := s.r.IntN(20)
	if depth == 0 {
		kind %= 10
	}
	switch kind {
	case 0, 1, 2:
		return s.value()
	case 3:
		return strconv.Itoa(s.r.Int())
	case 4:
		return strconv.FormatFloat(s.r.NormFloat64()*1e10, 'g', -1, 64)
	case 5, 6:
		return `"` + pick(s.r, []string{"ExecBatch", "Ping", "type", "sql", `\u00e9`, `\"`, s.db, "\u2028"}) + `"`
	case 7, 8:
		return `{"sql":"` + pick(s.r, []string{`SELECT 1`, `COMMIT`, `\u0042EGIN`}) + `"}`
	case 9:
		return pick(s.r, []string{`null`, `true`, `false`, `nul`, `01`, `.5`, `"`, `NaN`, ``, `'x'`})
	case 10:
		return strings.Repeat("[", 200+s.r.IntN(100)) + strings.Repeat("]", 250)
	}
	object := kind < 16
	var parts []string
	for range s.r.IntN(4) {
		part := s.json(depth - 1)
		if object {
			part = pick(s.r, []string{`"type"`, `"sql"`, `"params"`, `"id"`, `"x"`, `1`}) + `:` + part
		}
		parts = append(parts, part)
	}
	if object {
		return `{` + strings.Join(parts, ",") + `}`
	}
	return `[` + strings.Join(parts, ",") + `]`
}

func (s *source) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.r.Uint32())
	}
	return b
}

// mutated flips bits of b, cuts it, doubles parts of it or puts noise in.
func (s *source) mutated(b []byte) []byte {
	for range 1 + s.r.IntN(3) {
		from := s.r.IntN(len(b) + 1)
		to := from + s.r.IntN(len(b)-from+1)
		switch s.r.IntN(6) {
		case 0, 1:
			if from < len(b) {
				b[from] ^= 1 << s.r.IntN(8)
			}
		case 2:
			b = b[:from]
		case 3:
			b = append(bytes.Clone(b[:from]), b[to:]...)
		case 4:
			b = append(bytes.Clone(b[:to]), b[from:]...)
		default:
			b = append(append(bytes.Clone(b[:from]), s.noise(s.r.IntN(5))...), b[from:]...)
		}
	}
	return b
}

// stream returns bytes that need not be whole frames.
func (s *source) stream() []byte {
	var b []byte
	for range s.r.IntN(5) {
		body := s.body()
		n := uint32(len(body))
		switch s.r.IntN(6) {
		case 0:
			n = s.r.Uint32()
		case 1:
			n += uint32(s.r.IntN(9)) - 4
		case 2:
			n = uint32(s.r.IntN(100))
		}
		b = append(binary.LittleEndian.AppendUint32(b, n), body...)
	}
	if s.r.IntN(2) == 0 {
		b = s.mutated(b)
	}
	return b
}
