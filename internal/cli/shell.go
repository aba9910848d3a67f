package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

// shellFlags are the flags of shell alone.
type shellFlags struct {
	mode      string
	keepGoing bool
}

func (p *program) shell() *cobra.Command {
	var f shellFlags
	cmd := &cobra.Command{
		Use:   "shell [DB]",
		Short: "Execute statements as they are typed, or from a pipe",
		Long: `Execute SQL statements, each when its semicolon has come. At a terminal there is
a prompt with a history; .help tells the commands, Ctrl-C ends the statement that
runs, and Ctrl-D the shell. Without a terminal the statements are read from
standard input, nothing but rows is printed, and the first error ends the shell
with status 1, unless --keep-going is given: then the status is 1 at the end. A
statement without its semicolon at the end is an error and not executed.

Each statement is a transaction, and BEGIN, COMMIT and ROLLBACK make one of
several. It holds up all other writers of the database, for at most 10 minutes,
and for at most one that it waits for its next statement; then it is rolled
back, as it is where a statement in it is ended by Ctrl-C.`,
		Example: `  skylinedb-cli shell galaxy.db
  skylinedb-cli dump galaxy.db | skylinedb-cli shell copy.db`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args, err := p.database(cmd, args, 0); err != nil || len(args) > 0 {
				return errors.Join(err, usagef("name one database"))
			}
			if f.mode == "" {
				f.mode = modeTable
				if p.out.json {
					f.mode = modeJSON
				}
			}
			if err := checkMode(f.mode); err != nil {
				return err
			}
			return p.runShell(cmd, &f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.mode, "mode", "", "how rows are printed: "+strings.Join(modes, ", "))
	flags.BoolVar(&f.keepGoing, "keep-going", false, "go on after an error")
	return cmd
}

// session is a shell that runs.
type session struct {
	p         *program
	ctx       context.Context
	c         *client.Client
	in        lineReader
	mode      string
	prompting bool // people type the statements
	keepGoing bool

	interrupts chan os.Signal // Ctrl-C
	tx         *client.Tx     // what BEGIN began, if any
	text       splitter
	lines      int // that were read
	failed     bool
}

func (p *program) runShell(cmd *cobra.Command, f *shellFlags) error {
	c, err := p.client(cmd, startDaemon)
	if err != nil {
		return err
	}
	defer c.Close() // never fails; it rolls back a transaction
	s := &session{p: p, ctx: cmd.Context(), c: c, mode: f.mode, interrupts: make(chan os.Signal, 1)}
	signal.Notify(s.interrupts, os.Interrupt)
	defer signal.Stop(s.interrupts)
	in := newInput(s.ctx, p.stdin, s.interrupts)
	fd, prompting := terminal(p.stdin)
	if _, seen := terminal(p.out.stdout); prompting && seen {
		h, err := openHistory()
		defer h.close()
		if err != nil {
			p.out.warn("There is no history: %v", err)
		}
		s.prompting, s.keepGoing = true, true
		s.in = newPromptLines(in, fd, p.out.stdout, h)
		p.out.line("Statements end with a semicolon. .help tells what else there is.")
	} else {
		s.keepGoing = f.keepGoing
		s.in = newPipeLines(in, p.cfg.MaxFrame)
	}
	defer s.in.close()
	return s.run()
}

// run reads and executes until the end of the input, or of the shell.
func (s *session) run() error {
	for {
		line, err := s.in.readLine(s.prompt())
		switch {
		case err == io.EOF:
			return s.end()
		case err == errInterrupted && s.prompting:
			s.text.reset()
			continue
		case err != nil:
			return s.at(wire.Errorf(wire.CodeIOError, "The statements cannot be read: %w.", err))
		}
		if s.lines++; s.lines == 1 {
			line = strings.TrimPrefix(line, bom)
		}
		if err := s.line(line); err == errQuit {
			return s.end()
		} else if err != nil {
			return err
		}
		if s.p.out.err != nil {
			return nil // nobody sees what comes of it
		}
	}
}

// errQuit is what .quit returns.
var errQuit = errors.New("quit")

// line executes what a line completes. The error ends the shell.
func (s *session) line(line string) error {
	if !s.text.pending() && strings.HasPrefix(line, ".") {
		return s.after(s.do(func(ctx context.Context) error { return s.command(ctx, line) }))
	}
	for _, statement := range s.text.add(line + "\n") {
		err := s.after(s.do(func(ctx context.Context) error { return s.execute(ctx, statement) }))
		if err != nil {
			return err
		}
	}
	if len(s.text.text) > s.p.cfg.MaxFrame {
		return s.at(wire.Errorf(wire.CodeFrameTooLarge, "The statement is larger than --max-frame allows."))
	}
	return nil
}

// do calls deed with a context that Ctrl-C ends, and the time that --wait gives.
func (s *session) do(deed func(context.Context) error) error {
	ctx, cancel := s.p.bounded(s.ctx)
	defer cancel()
	ctx, interrupt := context.WithCancelCause(ctx)
	if s.keepGoing {
		select {
		case <-s.interrupts: // it was meant for what ran before
		default:
		}
	}
	var watch sync.WaitGroup
	came := false // also where it came when deed had ended: it is not lost
	watch.Go(func() {
		select {
		case <-s.interrupts:
			came = true
			interrupt(errInterrupted)
		case <-ctx.Done():
		}
	})
	err := deed(ctx)
	interrupt(nil)
	watch.Wait()
	if err == nil && came && !s.keepGoing {
		// It came too late for this statement, and still means the shell.
		return wire.Errorf(wire.CodeCancelled, "The shell was ended: %w.", errInterrupted)
	}
	return err
}

// after decides what an error means to the shell.
func (s *session) after(err error) error {
	if s.tx != nil && wire.ErrorCode(err) == wire.CodeTxExpired {
		s.tx = nil
	}
	switch {
	case err == nil || err == errQuit:
		return err
	case s.ctx.Err() != nil || !s.keepGoing:
		return s.at(err)
	}
	s.failed = true
	s.p.out.failed(s.at(err))
	return nil
}

// at adds to an error the line that was read last, where nobody sees that.
func (s *session) at(err error) error {
	if s.prompting {
		return err
	}
	e := *wire.AsError(err)
	if e.Code == wire.CodeInternal && e.Cause == err {
		e = *wire.Errorf(wire.CodeInvalidRequest, "%w", err)
	}
	e.Message = "line " + number(int64(s.lines)) + ": " + e.Message
	e.StatementIndex = nil
	return &e
}

// end says what is left undone.
func (s *session) end() error {
	var err error
	if s.text.pending() {
		err = wire.Errorf(wire.CodeInvalidRequest, "The last statement has no semicolon behind it and was not executed.")
	}
	if s.tx != nil {
		_ = s.tx.Rollback(s.ctx) // it ends with the connection too
		err = wire.Errorf(wire.CodeInvalidRequest, "There was no COMMIT: the transaction was rolled back.")
	}
	if err != nil {
		s.p.out.failed(s.at(err))
	}
	if !s.prompting && (s.failed || err != nil) {
		return errTold
	}
	return nil
}

// prompt returns what stands before the next line.
func (s *session) prompt() string {
	switch {
	case s.text.pending():
		return "   ...> "
	case s.tx != nil:
		return s.p.db + "*> "
	}
	return s.p.db + "> "
}
