package cli

import "github.com/spf13/cobra"

// database takes the database's name out of the arguments of a command whose
// usage begins with [DB]: it is the first, where --db was not given and there
// are more arguments than the rest of the command needs at least. It returns
// the rest.
func (p *program) database(cmd *cobra.Command, args []string, needed int) ([]string, error) {
	p.dbGiven = cmd.Flags().Changed("db")
	if p.dbGiven || len(args) <= needed {
		return args, nil
	}
	if args[0] == "" {
		return nil, usagef("the name of the database is empty")
	}
	p.db, p.dbGiven = args[0], true
	return args[1:], nil
}
