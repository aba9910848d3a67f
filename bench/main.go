// Command bench measures the daemon against what people do without it: as
// many processes writing to the file themselves. It builds and starts all it
// needs, runs the contestants in turn within one run, and prints medians and
// ratios.
//
//	go run ./bench [--clients 64] [--seconds 3] [--rounds 3]
//	go run ./bench --bulk [--rounds 3]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == writerArg {
		os.Exit(writerMain(os.Args[2:]))
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// contestant is one way to write.
type contestant struct {
	name string
	run  func(ctx context.Context, clients int, d time.Duration) (sample, error)
}

func run() error {
	clients := flag.Int("clients", 64, "clients that write at once")
	seconds := flag.Float64("seconds", 3, "length of one measurement")
	rounds := flag.Int("rounds", 3, "measurements of each contestant; the table shows medians")
	bulk := flag.Bool("bulk", false, "measure a Query and a batch of very many rows instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	arena, err := newArena()
	if err != nil {
		return err
	}
	defer arena.close()
	if *bulk {
		return arena.runBulk(ctx, *rounds)
	}
	contestants := []contestant{
		{"through the daemon, clients in one process", arena.throughDaemon},
		{"through the daemon, a process per client", arena.throughDaemonProcesses},
		{"direct, a process per client", arena.direct},
	}
	fmt.Printf("%d clients, durable one-row batches (synchronous=FULL), %d rounds of %gs, %d cores, %s/%s\n\n",
		*clients, *rounds, *seconds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	results := make([][]sample, len(contestants))
	for range *rounds {
		for i, c := range contestants {
			s, err := c.run(ctx, *clients, time.Duration(*seconds*float64(time.Second)))
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			results[i] = append(results[i], s)
		}
	}
	names := make([]string, len(contestants))
	for i, c := range contestants {
		names[i] = c.name
	}
	report(os.Stdout, names, results)
	return nil
}
