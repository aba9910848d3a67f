// Command bench measures the daemon beside what people do without it, and
// beside what could be done at the best. It builds and starts all it needs,
// lets the contestants of each comparison take turns within one run, and
// prints medians, spreads and ratios.
//
//	go run ./bench --list
//	go run ./bench [--only REGEXP] [--clients 1,16,64] [--seconds 2] [--rounds 3]
//	go run ./bench --wanted --json figures.json --plots DIR
//	go run ./bench --only soak --soak 8h
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	if code, ok := role(os.Args[1:]); ok {
		os.Exit(code)
	}
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the command line decides.
type options struct {
	only    *regexp.Regexp
	rounds  int
	length  time.Duration // of one measurement
	clients []int
	soak    time.Duration
	json    string // file of all figures
	plots   string // folder of the plots
	wanted  bool
	list    bool
	sizes   sizes

	withoutC bool // leave the C library out, as a test does
}

func parse(args []string) (options, error) {
	o := options{sizes: usualSizes}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "run the scenarios whose names match this regular expression")
	flags.IntVar(&o.rounds, "rounds", 3, "measurements of each contestant; the tables show medians")
	seconds := flags.Float64("seconds", 2, "length of one measurement")
	clients := flags.String("clients", "1,4,16,64,256", "how many clients write at once in the scenario writes")
	flags.StringVar(&o.json, "json", "", "write all figures to this file")
	flags.StringVar(&o.plots, "plots", "", "write the plots of the scenario writes to this folder")
	flags.DurationVar(&o.soak, "soak", 0, "how long the scenario soak runs; without it, it does not")
	flags.BoolVar(&o.wanted, "wanted", false, "say in the end which of the project's targets are met")
	flags.BoolVar(&o.list, "list", false, "list the scenarios")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.length = time.Duration(*seconds * float64(time.Second))
	if flags.NArg() > 0 || o.rounds < 1 || o.length <= 0 {
		return o, fmt.Errorf("no arguments are allowed, and rounds and seconds must be more than 0")
	}
	for text := range strings.SplitSeq(*clients, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return o, fmt.Errorf("--clients %s: write numbers of clients with commas between", *clients)
		}
		o.clients = append(o.clients, n)
	}
	var err error
	o.only, err = regexp.Compile(*only)
	return o, err
}

func run(args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.list {
		for _, s := range scenarios {
			fmt.Fprintf(out, "%-12s%s\n", s.name, s.about)
		}
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return runAll(ctx, o, out)
}

// runAll runs the scenarios that o asks for, and writes what it asks for.
func runAll(ctx context.Context, o options, out io.Writer) error {
	a, err := newArena(ctx, o)
	if err != nil {
		return err
	}
	defer a.close()
	m, err := describeMachine(a.dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n%d rounds of %v; tables show medians, and from the least to the most in brackets\n", m, o.rounds, o.length)
	var all results
	for _, s := range scenarios {
		if !o.only.MatchString(s.name) || s.name == soakName && o.soak == 0 {
			continue
		}
		fmt.Fprintf(out, "\n%s: %s\n", s.name, s.about)
		got, err := s.run(ctx, a, out)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, got...)
	}
	if o.wanted {
		printTargets(out, all)
	}
	if o.json != "" {
		if err := writeJSON(o.json, m, o, all); err != nil {
			return err
		}
	}
	if o.plots != "" {
		return writePlots(o.plots, all)
	}
	return nil
}
