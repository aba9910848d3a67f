// Command torture runs the machines that try to break the daemon's promises,
// all at once, for as long as it is told, and prints what they tried and what
// they found:
//
//	go run ./torture --minutes 30
//
// Each machine is a test, which `go test ./...` runs in a short form. A machine
// that finds something prints the seed of its round; to repeat that round:
//
//	TORTURE_SEED=4711 go test -count=1 -v -run '^TestHistories$' ./test/history
//
// The exit status is 0 if nothing was found.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

func main() {
	minutes := flag.Float64("minutes", 30, "how long")
	seed := flag.Uint64("seed", rand.Uint64N(1e12), "of each machine's first round")
	only := flag.String("only", "", "the machines to run, by name and with commas between, instead of all")
	flag.Parse()
	dir, err := os.MkdirTemp("", "torture")
	if err == nil {
		err = run(dir, choose(*only), time.Duration(*minutes*float64(time.Minute)), *seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// choose returns the machines of a list of names, all for none.
func choose(names string) (chosen []*machine) {
	for i := range machines {
		if names == "" || strings.Contains(","+names+",", ","+machines[i].name+",") {
			chosen = append(chosen, &machines[i])
		}
	}
	return chosen
}

// run builds the machines, runs them, and prints the table.
func run(dir string, chosen []*machine, length time.Duration, seed uint64) error {
	build := exec.Command("go", "test", "-c", "-o", dir+"/")
	for _, m := range chosen {
		build.Args = append(build.Args, m.pkg)
	}
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the machines: %w\n%s", err, out)
	}
	until := time.Now().Add(length)
	fmt.Printf("torture: %d machines until %s, seeds from %d, output in %s\n", len(chosen), until.Format(time.TimeOnly), seed, dir)
	var wg sync.WaitGroup
	for _, m := range chosen {
		wg.Go(func() { m.run(dir, until, seed) })
	}
	wg.Wait()
	return printTable(os.Stdout, chosen)
}
