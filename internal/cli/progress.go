package cli

import (
	"fmt"
	"io"
)

// progress tells people how far an import is, on a line that it writes over.
type progress struct {
	w     io.Writer // standard error
	shown bool
}

func (p *progress) tell(rows int64) {
	if _, ok := terminal(p.w); ok {
		fmt.Fprintf(p.w, "\r%s", count(rows, "row"))
		p.shown = true
	}
}

// end clears the line.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.shown = false
}
