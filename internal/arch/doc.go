// Package arch holds the rules of the house as tests: which package may
// import which, how long files and functions may be, and that what is exported
// is documented. It has no code of its own.
package arch
