// Package hostile holds tests of a real daemon whose clients mean harm: SQL
// that would reach past the gate or use up what the daemon has, frames and
// requests that are mutated at random, and crowds that want its memory.
//
// The clients here are of the daemon's own user, since nobody else gets in.
// What they may not do is harm others: every other database and connection
// goes on, the daemon's own tables stay as they were, no file appears that was
// not asked for, and memory is bounded and given back.
package hostile
