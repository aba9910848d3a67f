package cli

import (
	"bytes"
	"strings"
)

// splitter cuts SQL text, which comes line by line, into statements. A
// statement ends with a semicolon outside of strings, names in quotes and
// comments, and CREATE TRIGGER with the one after END: the rules are those of
// SQLite's own shell. The zero splitter is ready.
//
// Source: https://sqlite.org/c3ref/complete.html
type splitter struct {
	text  []byte // of the statement that has begun
	pos   int    // up to which it was looked at
	quote byte   // that ends what the text is inside of: ' " ` ] or one of those below
	state sqlState
}

// What the text may be inside of besides quotes.
const (
	lineComment  = '\n'
	blockComment = '/'
)

// sqlState is how far a statement has got.
type sqlState uint8

const (
	stateEmpty   sqlState = iota // nothing but white space and comments
	stateNormal                  // a statement that ends with the next semicolon
	stateExplain                 // EXPLAIN at its beginning
	stateCreate                  // CREATE, or CREATE TEMP
	stateTrigger                 // inside of CREATE TRIGGER
	stateSemi                    // there, behind a semicolon
	stateEnd                     // there, behind a semicolon and END
)

// add takes more text, of whole lines, and returns the statements that it
// completes, each with its semicolon.
func (s *splitter) add(lines string) (statements []string) {
	s.text = append(s.text, lines...)
	for s.pos < len(s.text) {
		if s.quote != 0 {
			s.leave()
			continue
		}
		c := s.text[s.pos]
		switch {
		case c == ';':
			s.pos++
			if statement, done := s.semicolon(); done {
				statements = append(statements, statement)
			}
		case isSpace(c):
			s.pos++
		case s.at("--"):
			s.pos += 2
			s.quote = lineComment
		case s.at("/*"):
			s.pos += 2
			s.quote = blockComment
		default:
			s.word()
		}
	}
	if s.state == stateEmpty && s.quote == 0 {
		s.reset() // what is only white space and comments is not kept
	}
	return statements
}

// pending reports whether a statement has begun and not ended. A comment that
// is open counts as well.
func (s *splitter) pending() bool { return s.state != stateEmpty || s.quote != 0 }

// reset forgets the statement that has begun.
func (s *splitter) reset() { *s = splitter{text: s.text[:0]} }

func (s *splitter) at(token string) bool {
	return bytes.HasPrefix(s.text[s.pos:], []byte(token))
}

// leave goes to the end of what the text is inside of, if that has come. A
// quote that is doubled ends one string and begins the next.
func (s *splitter) leave() {
	end := string(s.quote)
	if s.quote == blockComment {
		end = "*/"
	}
	i := bytes.Index(s.text[s.pos:], []byte(end))
	if i < 0 { // lines are whole, so that no "*/" is cut in two
		s.pos = len(s.text)
		return
	}
	s.pos += i + len(end)
	s.quote = 0
}

// semicolon handles one that was passed, and returns the statement that it ends.
func (s *splitter) semicolon() (statement string, done bool) {
	switch s.state {
	case stateTrigger, stateSemi:
		s.state = stateSemi
		return "", false
	case stateEmpty: // it ends nothing
		s.cut()
		return "", false
	}
	statement = strings.TrimSpace(string(s.text[:s.pos]))
	s.cut()
	return statement, true
}

// cut drops the text that was looked at.
func (s *splitter) cut() {
	s.text = append(s.text[:0], s.text[s.pos:]...)
	s.pos, s.state = 0, stateEmpty
}

// word passes a word, a name in quotes, a string or any other character.
func (s *splitter) word() {
	start := s.pos
	switch c := s.text[s.pos]; {
	case c == '\'' || c == '"' || c == '`':
		s.pos++
		s.quote = c
		s.next("")
		return
	case c == '[':
		s.pos++
		s.quote = ']'
		s.next("")
		return
	case !isNameByte(c):
		s.pos++
		s.next("")
		return
	}
	for s.pos < len(s.text) && isNameByte(s.text[s.pos]) {
		s.pos++
	}
	s.next(strings.ToUpper(string(s.text[start:s.pos])))
}

// next moves on by a word, "" for anything else.
func (s *splitter) next(word string) {
	switch s.state {
	case stateEmpty, stateExplain:
		switch {
		case word == "CREATE":
			s.state = stateCreate
		case word == "EXPLAIN":
			s.state = stateExplain
		case s.state == stateExplain && (word == "QUERY" || word == "PLAN"):
		default:
			s.state = stateNormal
		}
	case stateCreate:
		switch word {
		case "TEMP", "TEMPORARY":
		case "TRIGGER":
			s.state = stateTrigger
		default:
			s.state = stateNormal
		}
	case stateSemi:
		s.state = stateTrigger
		if word == "END" {
			s.state = stateEnd
		}
	case stateEnd:
		s.state = stateTrigger
	}
}

func isSpace(c byte) bool { return strings.IndexByte(" \t\r\n\f", c) >= 0 }

func isNameByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// words returns the first n words of a statement in capitals, fewer where
// something else than a word stands among them.
func words(statement string, n int) (all []string) {
	rest := statement
	for len(all) < n {
		rest = skipBlank(rest)
		end := 0
		for end < len(rest) && isNameByte(rest[end]) {
			end++
		}
		if end == 0 {
			break
		}
		all = append(all, strings.ToUpper(rest[:end]))
		rest = rest[end:]
	}
	return all
}

// skipBlank returns sql without the white space and the comments it begins with.
func skipBlank(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n\f")
		end := ""
		switch {
		case strings.HasPrefix(sql, "--"):
			end = "\n"
		case strings.HasPrefix(sql, "/*"):
			end = "*/"
		default:
			return sql
		}
		_, rest, found := strings.Cut(sql[2:], end)
		if !found {
			return ""
		}
		sql = rest
	}
}
