package daemon

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/internal/config"
)

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1 // it could not start, or did not end cleanly
	exitUsage   = 2 // a flag or a variable is wrong
)

// Main runs the daemon's command line and returns the exit status.
func Main(args []string, stdout, stderr io.Writer, getenv func(string) string) int {
	cfg, err := config.Load(getenv)
	if err != nil {
		return complain(stderr, err, exitUsage)
	}
	status := exitOK
	cmd := command(&cfg, func() {
		if err := Run(cfg, stdout); err != nil {
			status = complain(stderr, err, exitFailure)
		}
	})
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err = cmd.Execute()
	if failed, ok := errors.AsType[*failure](err); ok {
		return complain(stderr, failed.cause, exitFailure)
	}
	if err != nil {
		return complain(stderr, err, exitUsage)
	}
	return status
}

// failure is an error of what a command does, not of how it was called.
type failure struct{ cause error }

func (f *failure) Error() string { return f.cause.Error() }

func complain(stderr io.Writer, err error, status int) int {
	fmt.Fprintf(stderr, "✗ Error: %v\n", err)
	return status
}

func command(cfg *config.Config, run func()) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "skylinedb-daemon [flags] [DIR]",
		Short: "Serve the SQLite databases under DIR to the processes of this user",
		Long: `Serve the SQLite databases under DIR (by default the current directory) to
the processes of this user: they write through the daemon and read the files
directly. It ends by itself when nobody needs it; skylinedb-cli shutdown,
SIGTERM and SIGINT end it at once, after it has finished what it has.`,
		Version:       config.Version,
		Args:          cobra.MaximumNArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := takeDir(cfg, args); err != nil {
				return err
			}
			run()
			return nil
		},
	}
	addSettings(cmd, cfg)
	addServices(cmd, cfg)
	return cmd
}

// takeDir sets the directory of the databases, if the arguments have one.
func takeDir(cfg *config.Config, args []string) error {
	if len(args) == 0 {
		return nil
	}
	dir, _ := config.Lookup("dir")
	return dir.Set(cfg, args[0])
}

// addSettings adds the flags of the daemon's settings.
func addSettings(cmd *cobra.Command, cfg *config.Config) {
	for _, s := range config.Settings() {
		if s.Daemon && s.Flag != "" {
			addFlag(cmd, cfg, s)
		}
	}
}

// addFlag adds the flag of a setting, which applies itself to cfg.
func addFlag(cmd *cobra.Command, cfg *config.Config, s config.Setting) {
	usage := fmt.Sprintf("%s (environment %s)", s.Usage, s.Env)
	cmd.Flags().Var(&flagValue{s, cfg, s.Default}, s.Flag, usage)
	cmd.Flags().Lookup(s.Flag).NoOptDefVal = s.Bare
}

// flagValue makes a setting a flag.
type flagValue struct {
	setting config.Setting
	cfg     *config.Config
	text    string
}

func (f *flagValue) String() string { return f.text }
func (f *flagValue) Type() string   { return "value" }
func (f *flagValue) Set(text string) error {
	if err := f.setting.Set(f.cfg, text); err != nil {
		return err
	}
	f.text = text
	return nil
}
