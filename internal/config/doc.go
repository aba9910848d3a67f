// Package config knows every setting of the daemon and the command line
// client once: its flag, its environment variable, its default and the texts
// that it accepts. It depends on no flag library; a program registers each
// entry of [Settings] as a flag that takes text:
//
//	cfg, err := config.Load(os.Getenv)      // defaults, then environment
//	for _, s := range config.Settings() {
//		// register s.Flag with the default text s.Default and s.Usage
//	}
//	// parse the command line, then for each flag that was given:
//	err = s.Set(&cfg, text)
//
// A flag thereby goes before the environment and the environment before the
// default. An environment variable that is empty counts as not set. A faulty
// variable is an error even where a flag overrides it. Every error is one
// sentence that names the flag or variable and what it allows.
package config
