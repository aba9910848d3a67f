package cli

import (
	"github.com/spf13/cobra"

	"github.com/skylinedb/skylinedb/internal/config"
	"github.com/skylinedb/skylinedb/wire"
)

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:     "skylinedb-cli",
		Short:   "Write to and read SQLite databases through the SkylineDB daemon",
		Version: config.Version,
		Long: `Write to SQLite databases through the SkylineDB daemon, which serializes the
writes of all programs, and read them. A program that has SQLite at hand reads
without the daemon: it opens the file read-only.

A daemon is started where none runs, for the current directory or --dir.`,
		Example: `  skylinedb-cli exec --db galaxy.db "CREATE TABLE stars (id INTEGER PRIMARY KEY, name TEXT)"
  skylinedb-cli exec --db galaxy.db "INSERT INTO stars (name) VALUES (?)" --param Sirius`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return p.settle(cmd) },
		RunE: func(*cobra.Command, []string) error {
			return usagef("a command is missing")
		},
	}
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVar(&p.db, "db", wire.DefaultDB, "the database, a path below the daemon's directory")
	flags.BoolVar(&p.out.json, "json", p.out.json, "print JSON: the daemon's reply, one object, where the command says nothing else")
	flags.DurationVar(&p.wait, "wait", 0, "give up after this long; 0 waits for the reply, and a minute for a daemon")
	for _, s := range config.Settings() {
		if !s.CLI {
			continue
		}
		usage := s.Usage
		if s.Daemon && s.Flag != "socket" && s.Flag != "max-frame" {
			usage += " (for a daemon that is started)"
		}
		text := s.Default
		if s.Negated {
			text = ""
		}
		flags.String(s.Flag, text, usage+" ["+s.Env+"]")
		flags.Lookup(s.Flag).NoOptDefVal = s.Bare
	}
	root.AddCommand(p.ping(), p.exec(), p.query(), p.watch(), p.shell(), p.imports(), p.dump(),
		p.prepare(), p.closeDatabase(), p.reopen(), p.status(), p.shutdown())
	return root
}

// settle makes the configuration from the environment and the flags that were
// given. It runs before every command and thereby ends cobra's own part.
func (p *program) settle(cmd *cobra.Command) (err error) {
	if p.cfg, err = config.Load(p.getenv); err != nil {
		return err
	}
	for _, s := range config.Settings() {
		if flag := cmd.Flags().Lookup(s.Flag); s.CLI && flag != nil && flag.Changed {
			if err := s.Set(&p.cfg, flag.Value.String()); err != nil {
				return err
			}
		}
	}
	if p.wait < 0 {
		return usagef("--wait cannot be negative")
	}
	p.started = true
	return nil
}

// request returns a request about the database that --db names.
func (p *program) request(typ wire.Type) *wire.Request {
	return &wire.Request{Type: typ, DB: p.db, HasDB: true}
}
