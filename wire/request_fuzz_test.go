package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseRequest decodes any body. What is accepted is JSON within the
// bounds, reads as encoding/json reads it, and has one form from then on; what
// is refused can be told in a reply that echoes the id.
func FuzzParseRequest(f *testing.F) {
	for _, body := range requestSeeds() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := slices.Clone(body)
		r, err := ParseRequest(body)
		if r == nil {
			t.Fatal("no request")
		}
		if !slices.Equal(body, before) {
			t.Fatal("parsing changed the frame")
		}
		if r.ID != nil && (!json.Valid(r.ID) || len(r.ID) > MaxID) {
			t.Fatalf("the id %q is not JSON", r.ID)
		}
		checkEcho(t, r, err)
		if err != nil {
			if code := ErrorCode(err); code != CodeInvalidRequest && code != CodeUnknownType {
				t.Fatalf("%v has the code %s", err, code)
			}
			return
		}
		if !json.Valid(body) || !utf8.Valid(body) {
			t.Fatalf("%q: accepted, and is not JSON", body)
		}
		checkBounds(t, r)
		checkFields(t, body, r)
		form := AppendRequest(nil, r)
		again, err := ParseRequest(form)
		if err != nil {
			t.Fatalf("%q, encoded as %q: %v", body, form, err)
		}
		if diff := cmp.Diff(r, again, sameRequest); diff != "" {
			t.Fatalf("%q, encoded as %q (-first +again):\n%s", body, form, diff)
		}
		if last := AppendRequest(nil, again); !bytes.Equal(last, form) {
			t.Fatalf("%q is encoded as %q and then as %q", body, form, last)
		}
	})
}

// checkEcho checks that a reply to r, which may tell err, is one that a client
// can read, with the id that it sent.
func checkEcho(t *testing.T, r *Request, err error) {
	t.Helper()
	reply := OK()
	if err != nil {
		reply = Failure(err)
		if text := reply.Message; len(text) > 1000 || !utf8.ValidString(text) || !strings.HasSuffix(text, ".") {
			t.Fatalf("the message %q is not one short sentence", text)
		}
	}
	reply.ID = r.ID
	body, err := AppendReply(nil, reply)
	if err != nil {
		t.Fatalf("the id %q: %v", r.ID, err)
	}
	if !json.Valid(body) || !utf8.Valid(body) {
		t.Fatalf("the reply %q is not JSON", body)
	}
	again, err := ParseReply(body)
	if err != nil {
		t.Fatalf("the reply %q: %v", body, err)
	}
	if r.ID == nil {
		return
	}
	var want bytes.Buffer
	if err := json.Compact(&want, r.ID); err != nil || want.String() != string(again.ID) {
		t.Fatalf("the id %q comes back as %q", r.ID, again.ID)
	}
}

// checkBounds checks what the daemon relies on in a request.
func checkBounds(t *testing.T, r *Request) {
	t.Helper()
	texts := []string{r.DB, r.RequestID}
	for _, st := range r.Stmts {
		texts = append(texts, st.SQL)
		n := 0
		for name, v := range st.Params.All() {
			n++
			if err := v.check(); err != nil || (name != "" && !st.Params.Named()) || !utf8.ValidString(name) {
				t.Fatalf("parameter %q is %+v: %v", name, v, err)
			}
		}
		if n != st.Params.Len() {
			t.Fatalf("%d parameters, and Len is %d", n, st.Params.Len())
		}
	}
	for _, id := range r.Forget {
		texts = append(texts, id)
		if len(id) < 1 || len(id) > MaxRequestID {
			t.Fatalf("forget has an id of %d bytes", len(id))
		}
	}
	for _, text := range texts {
		if !utf8.ValidString(text) {
			t.Fatalf("%q is not UTF-8", text)
		}
	}
	if batch := r.Type == TypeExecBatch; batch != (len(r.Stmts) > 0) || batch != (r.Tx == TxAtomic || r.Tx == TxNone) {
		t.Fatalf("a %s with %d statements, joined %q", r.Type, len(r.Stmts), r.Tx)
	}
	if len(r.Stmts) > MaxStmts || len(r.Forget) > MaxForget || len(r.RequestID) > MaxRequestID || r.Timeout < 0 {
		t.Fatalf("%d statements, %d to forget, an id of %d bytes, time %v", len(r.Stmts), len(r.Forget), len(r.RequestID), r.Timeout)
	}
}

// checkFields compares the texts of a request with what encoding/json reads.
// It takes the last of a name that stands twice, which none of these can.
func checkFields(t *testing.T, body []byte, r *Request) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"type": string(r.Type)}
	if r.HasDB {
		want["db"] = r.DB
	}
	if r.RequestID != "" {
		want["request_id"] = r.RequestID
	}
	for name, text := range want {
		var std string
		if err := json.Unmarshal(fields[name], &std); err != nil || std != text {
			t.Fatalf("%q: %q is %q, and encoding/json reads %q, %v", body, name, text, std, err)
		}
	}
	if r.Type != TypeExecBatch {
		return
	}
	var stmts []map[string]json.RawMessage
	if err := json.Unmarshal(fields["stmts"], &stmts); err != nil || len(stmts) != len(r.Stmts) {
		t.Fatalf("%q: %d statements, and encoding/json reads %d, %v", body, len(r.Stmts), len(stmts), err)
	}
	for i, st := range r.Stmts {
		var std string
		if err := json.Unmarshal(stmts[i]["sql"], &std); err != nil || std != st.SQL {
			t.Fatalf("%q: statement %d is %q, and encoding/json reads %q, %v", body, i, st.SQL, std, err)
		}
	}
}

func requestSeeds() []string {
	exec := func(fields string) string { return `{"type":"ExecBatch",` + fields + `}` }
	one := func(stmt string) string { return exec(`"stmts":[` + stmt + `]`) }
	seeds := []string{
		``, `{}`, `[`, `[]`, `null`, `"Ping"`, `5`, `"\ud800"`, "{\"a\":\"\xff\"}", "\ufeff{}", `{"type":"Ping"}{}`, `{"type":"Ping",}`,
		`{"type":"Ping"}`, `{"type":"Ping","id":1,"db":"a.db"}`, ` {"type" : "Ping" , "db" : null } `, `{"type":"Status","id":null}`, `{"type":"Shutdown","db":5}`,
		`{"type":"PrepareForMaintenance","db":"../x"}`, `{"type":"ReopenDatabase","db":"a\u0000b"}`, `{"type":"CloseDatabase","require_exclusive":1}`,
		`{"type":"CloseDatabase","require_exclusive":true,"id":{"a":[1e400]}}`, `{"type":"ping"}`, `{"type":"Ping\u0000"}`, `{"type":1}`, `{"Type":"Ping"}`,
		`{"\u0074ype":"Ping","d\u0062":"\ud83d\ude00"}`, `{"type":"Ping","type":"Ping"}`, `{"type":"Ping","t\u0079pe":"Status"}`, `{"id":1,"id":2}`,
		`{"id":1,"type":"Ping`, `{"id":"half`, `{"id":7,"x":"\ud800"}`, `{"id":"<&\u2028\u0000\"\\","type":"Ping"}`, `{"id":[ 1 , {"a" : 2} ],"type":"Ping"}`,
		`{"id":` + nested(MaxDepth-1) + `,"type":"Ping"}`, `{"id":1,"x":` + nested(MaxDepth) + `}`, `{"id":-0.0e+00}`, `{"id":123456789012345678901234567890,"type":"Ping"}`,
		exec(`"stmts":[]`), exec(`"stmts":{}`), exec(`"stmts":[null]`), exec(`"stmts":["s"]`), exec(`"stmts":[[]]`), exec(`"stmts":"x"`),
		one(`{}`), one(`{"sql":null}`), one(`{"sql":5}`), one(`{"sql":"s","sql":"t"}`), one(`{"SQL":"s"}`), one(`{"sql":"s","params":[],"params":null}`), one(`{"sql":"\u0000"}`),
		one(`{"sql":"s","params":5}`), one(`{"sql":"s","params":"[1]"}`), one(`{"sql":"s","params":[1e999]}`), one(`{"sql":"s","params":{"a":1,"a":2,"":3}}`),
		one(`{"sql":"s","params":[null,true,false,-0,2.0,1e-400,"x\u0000",{"$blob":"AA=="},{"$real":"-inf"},[1],{"a":1}]},{"sql":"t","params":{":a":{"$int":"1"}}}`),
		one(`{"params":[ 1 , "a" ],"note":{"x":[]},"sql":"SELECT ?, ?"}`),
		exec(`"db":"a","tx":"none","request_id":"r","sync":"full","expect_rev":{"$int":"9223372036854775807"},"timeout_ms":5,"forget":["a"],"stmts":[{"sql":"s"}]`),
	}
	seeds = append(seeds,
		one(`{"sql":"s","param_rows":[[1,"a"],{"a":null},[]]}`), one(`{"sql":"s","param_rows":[]}`), one(`{"sql":"s","param_rows":[1]}`), one(`{"sql":"s","params":[],"param_rows":[]}`),
		exec(`"tx":"tx-1","results":true,"stmts":[{"sql":"s"}]`), exec(`"tx":"tx-1","sync":"full","stmts":[{"sql":"s"}]`),
		`{"type":"Query","sql":"s","params":[1],"limit":7,"min_rev":{"$int":"9"},"tx":"tx-1","timeout_ms":5}`, `{"type":"Query"}`, `{"type":"Query","sql":"s","limit":-1}`, `{"type":"Query","sql":"s","tx":"none"}`,
		`{"type":"Begin","idle_ms":1,"lease_ms":9e9,"expect_rev":0,"sync":"full"}`, `{"type":"Begin","idle_ms":0}`, `{"type":"Commit","tx":"tx-","request_id":"r","forget":["a"]}`, `{"type":"Commit"}`, `{"type":"Rollback","tx":"atomic"}`,
		`{"type":"Subscribe"}`, `{"type":"Subscribe","db":"a","rev":1,"epoch":"e"}`, `{"type":"Subscribe","rev":1}`, `{"type":"Cancel","target":{"a":[1]}}`, `{"type":"Cancel","target":null}`)
	for _, option := range []string{
		`"tx":null`, `"tx":"Atomic"`, `"tx":["none"]`, `"sync":""`, `"sync":"normal"`, `"timeout_ms":0`, `"timeout_ms":9223372036854775807`, `"timeout_ms":1e3`,
		`"timeout_ms":{"$int":"7"}`, `"expect_rev":-1`, `"expect_rev":1.0`, `"expect_rev":{"$int":1}`, `"expect_rev":9223372036854775808`, `"request_id":""`,
		`"request_id":"` + strings.Repeat("é", MaxRequestID/2) + `"`, `"request_id":"` + strings.Repeat("x", MaxRequestID+1) + `"`, `"request_id":["a"]`,
		`"forget":[]`, `"forget":[""]`, `"forget":["a",null]`, `"forget":"a"`, `"forget":["a","a","\u0000"]`, `"require_exclusive":7`, `"colour":{"deep":[{}]}`,
	} {
		seeds = append(seeds, exec(fmt.Sprintf(`"stmts":[{"sql":"s"}],%s`, option)))
	}
	return seeds
}
