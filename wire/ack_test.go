package wire

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

// The short way to encode the reply to a batch gives what the standard library
// gives.
func TestAckIsEncodedAsByTheLibrary(t *testing.T) {
	for _, r := range []*Reply{
		Ack(1, "0123abcd", 1, 2),
		Ack(math.MaxInt64, "", math.MinInt64, -1),
		Ack(1, "an epoch\n \"of\" a file from anywhere \u2028", 0, 0),
		withID(Ack(7, "e", 0, 0), `"an id"`), withID(Ack(7, "e", 0, 0), `17`),
		withID(Ack(7, "e", 0, 0), ` [1, "<é>"] `), withID(Ack(7, "e", 0, 0), `"\u00e9"`),
	} {
		got, err := AppendReply([]byte("before"), r)
		if err != nil {
			t.Fatal(err)
		}
		plain := *r
		plain.Version = "slow" // no Ack any more
		slow, err := AppendReply(nil, &plain)
		if err != nil {
			t.Fatal(err)
		}
		want := "before" + string(slow[:len(slow)-len(`,"version":"slow"}`)]) + "}"
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func withID(r *Reply, id string) *Reply {
	r.ID = json.RawMessage(id)
	return r
}

// No field of a reply is forgotten by the short way.
func TestAckHasNoOtherField(t *testing.T) {
	fill(t, reflect.TypeFor[Reply](), nil)
}

// fill sets each field of a reply in turn, those of embedded structs by
// themselves.
func fill(t *testing.T, of reflect.Type, path []int) {
	for i := range of.NumField() {
		f := of.Field(i)
		at := append(path[:len(path):len(path)], i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			fill(t, f.Type, at)
			continue
		}
		switch f.Name {
		case "ID", "Status", "Rev", "Epoch", "RowsAffected", "LastInsertRowID":
			continue
		}
		r := Ack(1, "e", 1, 1)
		v := reflect.ValueOf(r).Elem().FieldByIndex(at)
		switch v.Kind() {
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 0, 1))
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(1)
		case reflect.Struct: // Rows
			r.Rows.raw = []byte("[]")
		default:
			t.Fatalf("%s is of a kind that this test does not know", f.Name)
		}
		if r.isAck() {
			t.Errorf("a reply with %s is encoded without it", f.Name)
		}
	}
}

func BenchmarkAppendAck(b *testing.B) {
	r := withID(Ack(123456, "0123456789abcdef0123456789abcdef", 1, 123456), "17")
	var dst []byte
	for b.Loop() {
		dst, _ = AppendReply(dst[:0], r)
	}
}
