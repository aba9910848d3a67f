package driver

import "strings"

// text is what a statement's text tells of where it has to run. SQLite is not
// asked: it would have to know the tables, which only the transaction that
// made them may see.
type text struct {
	verb string // the first statement's, in upper case, that behind a WITH; "" for no statement
	next string // the word behind it
	// reads says that all statements read, and can do so on the file alone.
	reads bool
	many  bool // several statements, or the body of a trigger
}

// look looks at a text.
func look(sql string) (t text) {
	t.reads = true
	s := scanner{sql: sql}
	for {
		verb, next, reads := s.statement()
		if verb == "" && s.at == len(s.sql) {
			return t
		}
		switch {
		case verb == "":
			continue // an empty one
		case t.verb == "":
			t.verb, t.next = verb, next
		default:
			t.many = true
		}
		t.reads = t.reads && reads
	}
}

// statement takes a statement to its end and returns its verb, the word behind
// it, and whether it reads.
func (s *scanner) statement() (verb, next string, reads bool) {
	depth, words := 0, 0
	with, called := false, false
	for {
		tok := s.token()
		switch tok {
		case "", ";":
			return verb, next, reads && verb != "PRAGMA" || verb == "PRAGMA" && tellsOfFile(next, called)
		case "(":
			depth++
		case ")":
			depth--
		case ".":
			if verb == "PRAGMA" && words == 2 { // the name of a schema came before
				words = 1
			}
		}
		called = called || verb == "PRAGMA" && (tok == "(" || tok == "=")
		if words == 0 && !isWord(tok[0]) {
			verb = "?" // SQLite will say what is wrong with it
			words++
		}
		if depth > 0 || !isWord(tok[0]) {
			continue
		}
		tok = strings.ToUpper(tok)
		switch {
		case words == 0 && tok == "WITH":
			with = true
		case words == 0:
			verb = tok
			reads = readingVerbs[tok]
		case with && mainVerbs[tok]:
			// Of these words only REPLACE may also be a name.
			if at := s.at; tok != "REPLACE" || strings.EqualFold(s.token(), "INTO") {
				verb, reads, with = tok, readingVerbs[tok], false
			} else {
				s.at = at
			}
		case words == 1:
			next = tok
		}
		words++
	}
}

var (
	readingVerbs = map[string]bool{"SELECT": true, "VALUES": true, "EXPLAIN": true, "PRAGMA": true}
	mainVerbs    = map[string]bool{"SELECT": true, "VALUES": true, "INSERT": true, "REPLACE": true, "UPDATE": true, "DELETE": true}

	// filePragmas take an argument and tell of the file.
	filePragmas = map[string]bool{
		"TABLE_INFO": true, "TABLE_XINFO": true, "TABLE_LIST": true, "INDEX_LIST": true, "INDEX_INFO": true, "INDEX_XINFO": true,
		"FOREIGN_KEY_LIST": true, "FOREIGN_KEY_CHECK": true, "INTEGRITY_CHECK": true, "QUICK_CHECK": true,
	}
	// writerPragmas tell of the daemon's connection, or change the file.
	writerPragmas = map[string]bool{
		"FOREIGN_KEYS": true, "DEFER_FOREIGN_KEYS": true, "SYNCHRONOUS": true, "RECURSIVE_TRIGGERS": true,
		"CACHE_SIZE": true, "INCREMENTAL_VACUUM": true, "OPTIMIZE": true, "WAL_CHECKPOINT": true,
	}
)

// tellsOfFile reports whether a PRAGMA is answered from the file, as opposed to
// the daemon, to whom it may do something.
func tellsOfFile(name string, called bool) bool {
	return filePragmas[name] || !called && !writerPragmas[name]
}

// scanner takes a text apart into words, and all else by the character, without
// comments, strings and quoted names.
// https://sqlite.org/lang_comment.html, https://sqlite.org/lang_keywords.html
type scanner struct {
	sql string
	at  int
}

// token returns the next word or character, "" at the end. A string, a quoted
// name or a parameter is the one character that it begins with.
func (s *scanner) token() string {
	s.skipBlanks()
	if s.at >= len(s.sql) {
		return ""
	}
	start := s.at
	c := s.sql[start]
	s.at++
	switch {
	case c == '\'' || c == '"' || c == '`':
		s.skipQuoted(c)
	case c == '[':
		s.skipTo("]")
	case c == '?' || c == ':' || c == '@' || c == '$' || c == '#':
		s.skipWord()
	case isWord(c):
		s.skipWord()
		return s.sql[start:s.at]
	}
	return s.sql[start : start+1]
}

// skipBlanks skips white space and comments.
func (s *scanner) skipBlanks() {
	for s.at < len(s.sql) {
		rest := s.sql[s.at:]
		switch {
		case strings.HasPrefix(rest, "--"):
			s.skipTo("\n")
		case strings.HasPrefix(rest, "/*"):
			s.at += 2
			s.skipTo("*/")
		case strings.IndexByte(" \t\n\f\r\v", rest[0]) >= 0:
			s.at++
		case strings.HasPrefix(rest, "\uFEFF"):
			s.at += len("\uFEFF")
		default:
			return
		}
	}
}

// skipTo skips what comes up to and with end.
func (s *scanner) skipTo(end string) {
	if i := strings.Index(s.sql[s.at:], end); i >= 0 {
		s.at += i + len(end)
	} else {
		s.at = len(s.sql)
	}
}

// skipQuoted skips to the closing quote; a doubled one closes and opens again.
func (s *scanner) skipQuoted(quote byte) {
	s.skipTo(string(quote))
}

func (s *scanner) skipWord() {
	for s.at < len(s.sql) && isWord(s.sql[s.at]) {
		s.at++
	}
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}
