package wire

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exchange is one file of testdata; testdata/README.md tells its fields.
type exchange struct {
	Request     json.RawMessage `json:"request"`
	RequestText string          `json:"request_text"`
	Encoded     json.RawMessage `json:"encoded"`
	Reply       json.RawMessage `json:"reply"`
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// requestOf is the body of the frame that x asks with.
func requestOf(t *testing.T, x *exchange) []byte {
	t.Helper()
	if x.RequestText != "" {
		return []byte(x.RequestText)
	}
	return []byte(compact(t, x.Request))
}

func TestGoldenExchanges(t *testing.T) {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden exchanges (%v)", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var x exchange
			readJSON(t, name, &x)
			body := requestOf(t, &x)
			r, err := ParseRequest(body)
			if err != nil {
				reply := Failure(err)
				reply.ID = r.ID
				checkGoldenReply(t, reply, x.Reply)
				return
			}
			want := string(body)
			if x.Encoded != nil {
				want = compact(t, x.Encoded)
			}
			checkSameFields(t, AppendRequest(nil, r), []byte(want))

			reply, err := ParseReply([]byte(compact(t, x.Reply)))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(reply.ID), string(r.ID); got != want {
				t.Errorf("the reply's id is %s, the request's %s", got, want)
			}
			checkGoldenReply(t, reply, x.Reply)
		})
	}
}

// checkGoldenReply compares to the byte, so that fields keep their order.
func checkGoldenReply(t *testing.T, r *Reply, want []byte) {
	t.Helper()
	got, err := AppendReply(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(compact(t, want), string(got)); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
}

// checkSameFields compares two objects, their fields to the byte but in any order.
func checkSameFields(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w map[string]json.RawMessage
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("encoded %q: %v", got, err)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g, cmp.Transformer("text", func(m json.RawMessage) string { return string(m) })); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestGoldenValues(t *testing.T) {
	var accepted []struct {
		Sent    json.RawMessage `json:"sent"`
		Type    string          `json:"type"`
		Encoded json.RawMessage `json:"encoded"`
	}
	readJSON(t, "testdata/values/accepted.json", &accepted)
	types := map[Kind]string{Null: "null", Integer: "integer", Real: "real", Text: "text", Blob: "blob"}
	for _, c := range accepted {
		v, err := parseValue(c.Sent)
		if err != nil {
			t.Errorf("%s: %v", c.Sent, err)
			continue
		}
		if types[v.Kind] != c.Type {
			t.Errorf("%s: kind %d, want %s", c.Sent, v.Kind, c.Type)
		}
		want := c.Encoded
		if want == nil {
			want = c.Sent
		}
		if got := string(AppendValue(nil, v)); got != compact(t, want) {
			t.Errorf("%s: encoded as %s, want %s", c.Sent, got, want)
		}
	}

	var refused []json.RawMessage
	readJSON(t, "testdata/values/refused.json", &refused)
	for _, text := range refused {
		if v, err := parseValue(text); err == nil {
			t.Errorf("%s: accepted as %+v", text, v)
		}
	}
}
