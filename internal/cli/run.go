package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/internal/config"
)

// The exit statuses.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// program is one invocation.
type program struct {
	stdin  io.Reader
	getenv func(string) string
	out    output

	cfg     config.Config // what the flags and the environment say
	db      string        // --db
	dbGiven bool          // it was named; see database
	wait    time.Duration // --wait
	started bool          // the arguments were accepted and a command runs
}

// usageError is a mistake in the arguments that only a command can see.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

// errTold is a failure that was told where it happened.
var errTold = errors.New("it was told already")

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// Run executes the command that args, without the program's name, ask for and
// returns the exit status. It blocks until the command is done or ctx ends.
// getenv reads the environment as [os.Getenv] does.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{stdin: stdin, getenv: getenv, out: output{stdout: stdout, stderr: stderr}}
	// The flags may not get as far as --json, and the reader still wants JSON.
	flags, _, _ := cutArgs(args)
	p.out.json = slices.Contains(flags, "--json")
	root := p.root()
	root.SetArgs(append([]string{}, args...)) // never nil, for which cobra takes os.Args
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil && p.out.err != nil {
		err, p.out.json = p.out.err, false // no JSON will get through either
	}
	_, wrong := errors.AsType[*usageError](err)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errTold):
		return exitFailure
	case wrong || !p.started:
		p.out.misused(cmd.CommandPath(), err)
		return exitUsage
	}
	p.out.failed(err)
	return exitFailure
}

// cutArgs cuts args around the first "--".
func cutArgs(args []string) (before, after []string, found bool) {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i], args[i+1:], true
	}
	return args, nil, false
}

// absence says what a command does where no daemon runs.
type absence bool

const (
	startDaemon absence = false
	sayNotThere absence = true
)

// with runs deed with a client, within the time that --wait gives. Ctrl-C ends
// the context.
func (p *program) with(cmd *cobra.Command, absent absence, deed func(context.Context, *client.Client) error) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	ctx, cancel := p.bounded(ctx)
	defer cancel()
	c, err := p.client(cmd, absent)
	if err != nil {
		return err
	}
	defer c.Close() // never fails
	return deed(ctx, c)
}

// bounded returns a context that ends when the time that --wait gives is over.
func (p *program) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.wait > 0 {
		return context.WithTimeout(ctx, p.wait)
	}
	return ctx, func() {}
}

// client returns a client by the flags of cmd and the environment.
func (p *program) client(cmd *cobra.Command, absent absence) (*client.Client, error) {
	c, err := client.Open(client.Options{
		Getenv: p.setting(cmd),
		// Somebody who starts the daemon by hand and did not is told at once.
		NoWait: bool(absent) || !p.cfg.Autostart && p.wait == 0,
	})
	if err != nil {
		return nil, &usageError{err}
	}
	return c, nil
}

// setting returns a getenv that knows the flags of cmd too.
func (p *program) setting(cmd *cobra.Command) func(string) string {
	flags := map[string]string{}
	for _, s := range config.Settings() {
		if s.CLI && cmd.Flags().Changed(s.Flag) {
			flags[s.Env] = s.Text(p.cfg)
		}
	}
	return func(name string) string {
		if text, ok := flags[name]; ok {
			return text
		}
		return p.getenv(name)
	}
}
