package daemon

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/skylinedb/skylinedb/internal/config"
)

// serviceTime is how long a service may take to start or to stop.
const serviceTime = 2 * time.Minute

// failed returns err, if it is one, as what a command did not succeed in.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &failure{err}
}

// serviceFlags are those of the service's commands.
type serviceFlags struct {
	name          string
	account       string
	passwordStdin bool
}

// addServices adds the commands for a Windows service.
func addServices(root *cobra.Command, cfg *config.Config) {
	f := &serviceFlags{}
	all := &cobra.Command{
		Use:   "service",
		Short: "Make the daemon a Windows service",
		Long: `Make the daemon a Windows service, which runs from the system's start on.

Only programs of the account that it runs as can use it. Its log is in
%LOCALAPPDATA%\SkylineDB of that account. These commands want the rights of an
administrator.`,
		Args: cobra.NoArgs,
	}
	all.PersistentFlags().StringVar(&f.name, "name", "SkylineDBd", "the service's name")
	all.AddCommand(f.install(cfg), f.run(cfg),
		f.manage("uninstall", "Stop the service and remove it", f.uninstall),
		f.manage("start", "Start the service and wait until it serves", f.start),
		f.manage("stop", "Stop the service and wait until it has finished", stopService))
	root.AddCommand(all)
}

func (f *serviceFlags) install(cfg *config.Config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install [flags] [DIR]",
		Short: "Install the service for the databases under DIR",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := takeDir(cfg, args); err != nil {
				return err
			}
			return failed(f.create(cmd, *cfg))
		},
	}
	addSettings(cmd, cfg)
	cmd.Flags().StringVar(&f.account, "account", "LocalSystem", `whom it runs as, such as .\name, DOMAIN\name or NT AUTHORITY\LocalService`)
	cmd.Flags().BoolVar(&f.passwordStdin, "password-stdin", false, "read the account's password from standard input")
	return cmd
}

// create installs the service with the settings that were given.
func (f *serviceFlags) create(cmd *cobra.Command, cfg config.Config) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	args, err := f.arguments(cmd, cfg)
	if err != nil {
		return err
	}
	c := mgr.Config{DisplayName: "SkylineDB daemon (" + f.name + ")", Description: "Serves the SQLite databases under " + args[len(args)-1], StartType: mgr.StartAutomatic, ServiceStartName: f.account}
	if f.passwordStdin {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil && line == "" {
			return fmt.Errorf("read the password: %w", err)
		}
		c.Password = strings.TrimRight(line, "\r\n")
	}
	return withManager(func(m *mgr.Mgr) error {
		s, err := m.CreateService(f.name, program, c, args...)
		if errors.Is(err, windows.ERROR_SERVICE_EXISTS) {
			return fmt.Errorf("the service %s is installed already: uninstall it first, or choose another --name", f.name)
		}
		if err != nil {
			return fmt.Errorf("install the service: %w", err)
		}
		defer s.Close()
		again := []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: time.Second}}
		if err := s.SetRecoveryActions(again, uint32((24 * time.Hour).Seconds())); err != nil {
			return errors.Join(fmt.Errorf("have the service started again after a crash: %w", err), s.Delete())
		}
		fmt.Fprintf(cmd.OutOrStdout(), "✓ The service %s is installed; start it with: skylinedb-daemon service start\n  Programs of %s can use it, and no others.\n", f.name, f.account)
		return nil
	})
}

// arguments returns what the service manager shall give the daemon: the
// settings of the command line, and the directory's whole path. It does not
// end for idleness unless it was told to: nobody would start it again.
func (f *serviceFlags) arguments(cmd *cobra.Command, cfg config.Config) ([]string, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("look at the directory of the databases: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", dir)
	}
	args := []string{"service", "run", "--name=" + f.name}
	for _, s := range config.Settings() {
		flag := cmd.Flags().Lookup(s.Flag)
		switch {
		case flag != nil && flag.Changed:
			args = append(args, "--"+s.Flag+"="+flag.Value.String())
		case s.Flag == "router-idle":
			args = append(args, "--router-idle=0")
		}
	}
	return append(args, dir), nil
}

// run is the command that the service manager gives.
func (f *serviceFlags) run(cfg *config.Config) *cobra.Command {
	cmd := &cobra.Command{
		Use: "run", Hidden: true, Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := takeDir(cfg, args); err != nil {
				return err
			}
			return failed(runService(f.name, *cfg))
		},
	}
	addSettings(cmd, cfg)
	return cmd
}

// manage makes the command that does deed with the service.
func (f *serviceFlags) manage(use, short string, deed func(*mgr.Service) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := withManager(func(m *mgr.Mgr) error {
				s, err := m.OpenService(f.name)
				if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
					return fmt.Errorf("there is no service %s: install it first", f.name)
				}
				if err != nil {
					return fmt.Errorf("open the service %s: %w", f.name, err)
				}
				defer s.Close()
				return deed(s)
			})
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "✓ Done")
			}
			return failed(err)
		},
	}
}

func (f *serviceFlags) start(s *mgr.Service) error {
	err := s.Start()
	if err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return fmt.Errorf("start the service %s: %w", f.name, err)
	}
	return awaitService(s, svc.Running)
}

func (f *serviceFlags) uninstall(s *mgr.Service) error {
	if err := stopService(s); err != nil {
		return err
	}
	if err := s.Delete(); err != nil {
		return fmt.Errorf("remove the service %s: %w", f.name, err)
	}
	return nil
}

// stopService stops a service that may have ended already.
func stopService(s *mgr.Service) error {
	_, err := s.Control(svc.Stop)
	if errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("stop the service %s: %w", s.Name, err)
	}
	return awaitService(s, svc.Stopped)
}

// awaitService waits until the service has a state.
func awaitService(s *mgr.Service, want svc.State) error {
	for end := time.Now().Add(serviceTime); ; time.Sleep(20 * time.Millisecond) {
		status, err := s.Query()
		switch {
		case err != nil:
			return fmt.Errorf("ask for the state of the service %s: %w", s.Name, err)
		case status.State == want:
			return nil
		case status.State == svc.Stopped:
			return fmt.Errorf(`the service %s has ended (status %d): see its log in %%LOCALAPPDATA%%\SkylineDB of its account`, s.Name, max(status.Win32ExitCode, status.ServiceSpecificExitCode))
		case time.Now().After(end):
			return fmt.Errorf("the service %s takes more than %v: look at it with sc query %s", s.Name, serviceTime, s.Name)
		}
	}
}

// withManager connects to the service manager.
func withManager(do func(*mgr.Mgr) error) error {
	m, err := mgr.Connect()
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return errors.New("services can be changed by administrators only: run this in a terminal that you open as one")
	}
	if err != nil {
		return fmt.Errorf("connect to the service manager: %w", err)
	}
	defer m.Disconnect()
	return do(m)
}
