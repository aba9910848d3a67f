package history

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// perDatabase is how many operations of a program one database gets: as many
// as are checked quickly.
const perDatabase = 48

// program is what the clients do and when the daemon dies.
type program struct {
	Seed      uint64   `json:"seed"`
	Databases int      `json:"databases"`
	Keep      bool     `json:"keep"` // readers keep the files open
	Clients   []script `json:"clients"`
	Kills     []int    `json:"kills"` // after so many replies
}

// script is what one client does.
type script struct {
	Window int  `json:"window"` // requests that it sends in one piece
	Ops    []op `json:"ops"`
}

// programEnv names a file with a program to run instead of the seeds' own.
const programEnv = "TORTURE_PROGRAM"

// programOf returns the program of a seed, or the one that was given.
func programOf(t *testing.T, seed uint64) *program {
	t.Helper()
	file := os.Getenv(programEnv)
	if file == "" {
		return newProgram(seed)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{}
	if err := json.Unmarshal(text, p); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return p
}

func (p *program) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain values
	}
	return string(text)
}

// ops returns the number of operations.
func (p *program) ops() (n int) {
	for _, c := range p.Clients {
		n += len(c.Ops)
	}
	return n
}

// clone returns a copy that can be changed.
func (p *program) clone() *program {
	q := *p
	q.Kills = slices.Clone(p.Kills)
	q.Clients = slices.Clone(p.Clients)
	for i := range q.Clients {
		q.Clients[i].Ops = slices.Clone(p.Clients[i].Ops)
	}
	return &q
}

// generator makes a program from random numbers.
type generator struct {
	*rand.Rand
	p   *program
	ids int
	// Batches with an id, by database, to be sent once more.
	sent [][]op
}

func newProgram(seed uint64) *program {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), p: &program{Seed: seed}}
	g.p.Databases = 1 + g.IntN(3)
	g.p.Keep = g.IntN(3) == 0
	g.sent = make([][]op, g.p.Databases)
	clients := 3 + g.IntN(5)
	each := min(16, perDatabase*g.p.Databases/clients)
	for c := range clients {
		s := script{Window: 1}
		if g.IntN(2) == 0 {
			s.Window = 2 + g.IntN(4)
		}
		for db := 0; c == 0 && db < g.p.Databases; db++ {
			s.Ops = append(s.Ops, op{Kind: batch, DB: db, ID: "make", Stmts: []stmt{{Do: create}}})
		}
		for range each {
			s.Ops = append(s.Ops, g.op())
		}
		g.p.Clients = append(g.p.Clients, s)
	}
	for range g.IntN(4) {
		among := clients * each
		if g.percent(40) { // while the files are made
			among = 2 * clients
		}
		g.p.Kills = append(g.p.Kills, 1+g.IntN(among))
	}
	slices.Sort(g.p.Kills)
	return g.p
}

// percent reports true so often.
func (g *generator) percent(n int) bool { return g.IntN(100) < n }

func (g *generator) op() op {
	o := op{DB: g.IntN(g.p.Databases), Lose: g.percent(7)}
	switch n := g.IntN(100); {
	case n < 66:
		return g.batch(o)
	case n < 80:
		o.Kind, o.Lose = read, false
	case n < 86:
		o.Kind, o.Lose = ping, false
	case n < 88:
		o.Kind = prepare
	case n < 91:
		o.Kind, o.Exclusive = closing, g.percent(30)
	default:
		o.Kind = reopen
	}
	return o
}

func (g *generator) batch(o op) op {
	sent := g.sent[o.DB]
	if len(sent) > 0 && g.percent(20) {
		return g.again(o, sent[g.IntN(len(sent))])
	}
	o.Kind = batch
	o.Each, o.Full = g.percent(30), g.percent(20)
	for range 1 + g.IntN(4)*g.IntN(2) {
		o.Stmts = append(o.Stmts, g.stmt())
	}
	if g.percent(15) {
		o.Expect = knownRev
		if g.percent(30) {
			o.Expect = wrongRev
		}
	}
	if g.percent(10) {
		o.TimeoutMS = 1 + g.IntN(8)
		if g.percent(40) {
			o.Stmts = append(o.Stmts, stmt{Do: []deed{endless, endlessWrite}[g.IntN(2)]})
		}
	}
	if len(sent) > 0 && g.percent(10) {
		o.Forget = []string{sent[g.IntN(len(sent))].ID}
	}
	if g.percent(60) {
		g.ids++
		o.ID = fmt.Sprintf("r%d", g.ids)
		g.sent[o.DB] = append(sent, o)
	}
	return o
}

// again sends a batch once more, or its id with another batch.
func (g *generator) again(o, first op) op {
	lose := o.Lose
	o = first
	o.Lose = lose
	if g.percent(10) {
		o.Stmts = []stmt{g.stmt()}
	}
	return o
}

// stmt returns a statement. Most are about a few keys, which the clients then
// fight for; some insert a key of their own.
func (g *generator) stmt() stmt {
	s := stmt{K: 1 + g.IntN(5), V: 1 + g.IntN(999)}
	switch n := g.IntN(100); {
	case n < 20:
		s.Do, s.K = insert, 100+g.IntN(900)
	case n < 30:
		s.Do = insert
	case n < 38:
		s.Do = insertOrEnd
	case n < 60:
		s.Do = add
	case n < 75:
		s.Do = remove
	case n < 80:
		s.Do = raise
	case n < 85:
		s.Do = negative
	case n < 91:
		s.Do = look
	case n < 95:
		s.Do = lookAway
	case n < 97:
		s.Do = commit
	default:
		s.Do = create
	}
	return s.trimmed()
}

// trimmed leaves out what the statement does not use.
func (s stmt) trimmed() stmt {
	n := texts[s.Do].params
	if n < 2 {
		s.V = 0
	}
	if n < 1 {
		s.K = 0
	}
	return s
}
