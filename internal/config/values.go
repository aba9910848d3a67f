package config

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// value is the kind of a setting: how text becomes a field and back. The error
// of set tells what the setting allows; the field is unchanged then.
type value interface {
	set(c *Config, text string) error
	text(c *Config) string
}

// The fields that share a kind with others.
func workerIdle(c *Config) *time.Duration { return &c.WorkerIdle }
func routerIdle(c *Config) *time.Duration { return &c.RouterIdle }
func synchronous(c *Config) *string       { return &c.Synchronous }
func logFormat(c *Config) *string         { return &c.LogFormat }
func foreignKeys(c *Config) *bool         { return &c.ForeignKeys }
func autostart(c *Config) *bool           { return &c.Autostart }
func maxFrame(c *Config) *int             { return &c.MaxFrame }

type durationValue struct{ field func(*Config) *time.Duration }

func (v durationValue) set(c *Config, text string) error {
	d, err := parseDuration(text)
	if err != nil {
		return err
	}
	*v.field(c) = d
	return nil
}

func (v durationValue) text(c *Config) string { return v.field(c).String() }

type sizeValue struct{ field func(*Config) *int }

func (v sizeValue) set(c *Config, text string) error {
	n, err := parseSize(text)
	if err != nil {
		return err
	}
	*v.field(c) = n
	return nil
}

func (v sizeValue) text(c *Config) string { return formatSize(*v.field(c)) }

type boolValue struct{ field func(*Config) *bool }

func (v boolValue) set(c *Config, text string) error {
	on, err := parseBool(text)
	if err != nil {
		return err
	}
	*v.field(c) = on
	return nil
}

func (v boolValue) text(c *Config) string { return formatBool(*v.field(c)) }

// wordValue is one of a few words, in any case.
type wordValue struct {
	field func(*Config) *string
	words []string
}

func (v wordValue) set(c *Config, text string) error {
	word := strings.ToLower(text)
	if !slices.Contains(v.words, word) {
		return fmt.Errorf("use %s", strings.Join(v.words, " or "))
	}
	*v.field(c) = word
	return nil
}

func (v wordValue) text(c *Config) string { return *v.field(c) }

// levelValue allows four words only: slog's own "INFO+2" says nothing to a
// user of this program, none of whose records is between two levels.
type levelValue struct{}

func (levelValue) set(c *Config, text string) error {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(text, level.String()) {
			c.LogLevel = level
			return nil
		}
	}
	return errors.New("use debug, info, warn or error")
}

func (levelValue) text(c *Config) string { return strings.ToLower(c.LogLevel.String()) }

type socketValue struct{}

func (socketValue) set(c *Config, text string) error {
	if text == "" {
		return fmt.Errorf("use a path such as %s", DefaultSocket)
	}
	c.Socket = text
	return nil
}

func (socketValue) text(c *Config) string { return c.Socket }

type dirValue struct{}

func (dirValue) set(c *Config, text string) error {
	if text == "" {
		return errors.New("use the path of a directory")
	}
	c.Dir, c.DirExplicit = text, true
	return nil
}

func (dirValue) text(c *Config) string { return c.Dir }

type daemonValue struct{}

func (daemonValue) set(c *Config, text string) error {
	c.Daemon = text
	return nil
}

func (daemonValue) text(c *Config) string { return c.Daemon }
