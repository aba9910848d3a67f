package history

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/skylinedb/skylinedb/wire"
)

// A history is cut to what makes it wrong.
func TestShorten(t *testing.T) {
	h := &hand{}
	withTable(h)
	h.sees(2, map[int]int{1: 10})
	h.did(op{Kind: ping}, status(2, handEpoch, open))
	h.did(exec("", stmt{Do: lookAway}), done(2, 0, 0))
	h.did(more, done(3, 1, 0))
	h.did(exec("", stmt{Do: insert, K: 1, V: 1}), unique(0))
	h.sees(2, map[int]int{1: 10}) // stale
	h.sees(3, map[int]int{1: 20})
	h.did(op{Kind: closing}, shut())
	short := shorten(h.events)
	if !isWrong(short) {
		t.Fatalf("what is left is not wrong any more:\n%s", table(short))
	}
	var answered []kind
	for _, e := range short {
		if !e.Out.Lost {
			answered = append(answered, e.In.Kind)
		}
	}
	// The answer of the batch that was seen too late, and the read.
	if want := []kind{batch, read}; !slices.Equal(answered, want) {
		t.Errorf("the answers that matter are of %v, want %v:\n%s", answered, want, table(short))
	}
}

// A program is cut to what fails. Here a program fails if one client's write
// is there together with a kill.
func TestShrink(t *testing.T) {
	p := newProgram(3)
	p.Kills = []int{5, 9}
	p.Clients[1].Ops[2] = exec("the one", stmt{Do: raise})
	runs := 0
	small := shrink(finding{program: p}, func(p *program) []*event {
		if runs++; runs%2 == 0 { // it does not fail each time
			return nil
		}
		for _, c := range p.Clients {
			for _, o := range c.Ops {
				if o.ID == "the one" && len(p.Kills) > 0 {
					return []*event{{}}
				}
			}
		}
		return nil
	})
	if got := small.program; got.ops() != 1 || len(got.Clients) != 1 || len(got.Kills) != 1 {
		t.Errorf("after %d runs there are left %s", runs, got)
	}
}

// A program is the same each time, and when it was printed and read again.
func TestProgramsAreRepeatable(t *testing.T) {
	p := newProgram(7)
	if again := newProgram(7); !reflect.DeepEqual(p, again) {
		t.Errorf("seed 7 made %s, and then %s", p, again)
	}
	file := filepath.Join(t.TempDir(), "program.json")
	if err := os.WriteFile(file, []byte(p.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(programEnv, file)
	if read := programOf(t, 1); !reflect.DeepEqual(p, read) {
		t.Errorf("wrote %s, read %s", p, read)
	}
}

// The seeds of a short run try everything that the model knows.
func TestProgramsTryEverything(t *testing.T) {
	t.Setenv(programEnv, "")
	kinds, deeds, kills := map[kind]int{}, map[deed]int{}, 0
	for seed := range uint64(50) {
		p := programOf(t, seed)
		kills += len(p.Kills)
		for _, c := range p.Clients {
			for _, o := range c.Ops {
				kinds[o.Kind]++
				for _, s := range o.Stmts {
					deeds[s.Do]++
				}
			}
		}
	}
	for k := range types {
		if kinds[k] < 20 {
			t.Errorf("%q is there %d times", k, kinds[k])
		}
	}
	for d := range texts {
		if deeds[d] < 20 {
			t.Errorf("%q is there %d times", d, deeds[d])
		}
	}
	if kills < 30 {
		t.Errorf("there are %d kills", kills)
	}
}

// What the model does not look at by its code must not pass for a success.
func TestAnswered(t *testing.T) {
	s := begin()
	in := &input{op: op{Kind: prepare}}
	b := branch{verdict{}, s}
	if b.answered(in, &wire.Reply{Status: "ok", Checkpointed: true}) != s {
		t.Error("a right reply to prepare is refused")
	}
	if b.answered(in, &wire.Reply{Status: "ok"}) != nil {
		t.Error("a prepare that did not empty the log passes")
	}
}
