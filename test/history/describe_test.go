package history

import (
	"fmt"
	"math"
	"strings"

	"github.com/skylinedb/skylinedb/wire"
)

// table shows a history, in the order of the calls.
func table(events []*event) string {
	var b strings.Builder
	for _, e := range events {
		ret := fmt.Sprint(e.Ret)
		if e.Ret == math.MaxInt64 {
			ret = "end"
		}
		fmt.Fprintf(&b, "%6d to %-6s  %-60s  %s\n", e.Call, ret, e.In, e.Out)
	}
	return b.String()
}

// String tells who asked for what.
func (in *input) String() string {
	var b strings.Builder
	switch {
	case in.Conn >= 0:
		fmt.Fprintf(&b, "client %d #%d.%d ", in.Client, in.Conn, in.Turn)
	case in.Client >= 0:
		fmt.Fprintf(&b, "client %d ", in.Client)
	}
	fmt.Fprintf(&b, "db%d %s", in.DB, in.Kind)
	in.describeBatch(&b)
	if in.Exclusive {
		b.WriteString(" exclusive")
	}
	if in.surelyRead {
		b.WriteString(" (has readers)")
	} else if in.maybeRead {
		b.WriteString(" (may have readers)")
	}
	return b.String()
}

func (in *input) describeBatch(b *strings.Builder) {
	if in.Each {
		b.WriteString(" each")
	}
	if in.ID != "" {
		fmt.Fprintf(b, " id=%s", in.ID)
	}
	if len(in.Forget) > 0 {
		fmt.Fprintf(b, " forget=%s", strings.Join(in.Forget, ","))
	}
	if in.ExpRev != nil {
		fmt.Fprintf(b, " expect=%d", *in.ExpRev)
	}
	if in.Full {
		b.WriteString(" full")
	}
	if in.TimeoutMS > 0 {
		fmt.Fprintf(b, " %dms", in.TimeoutMS)
	}
	for _, s := range in.Stmts {
		fmt.Fprintf(b, " [%s]", s)
	}
}

// String tells what a statement does.
func (s stmt) String() string {
	switch texts[s.Do].params {
	case 1:
		return fmt.Sprintf("%s %d", s.Do, s.K)
	case 2:
		return fmt.Sprintf("%s %d,%d", s.Do, s.K, s.V)
	}
	return string(s.Do)
}

// String tells what came back.
func (out *output) String() string {
	switch {
	case out.Lost:
		return "?"
	case out.View != nil:
		return out.View.String()
	case out.Reply == nil:
		return ""
	}
	return replyText(out.Reply)
}

func (v *view) String() string {
	if v.Err != "" {
		return "failed: " + v.Err
	}
	if !v.Table {
		return fmt.Sprintf("rev %d %.4s no table", v.Rev, v.Epoch)
	}
	return fmt.Sprintf("rev %d %.4s %v", v.Rev, v.Epoch, v.Rows)
}

// replyText shows what the model looks at.
func replyText(r *wire.Reply) string {
	var b strings.Builder
	b.WriteString(r.Status)
	if r.Status != "ok" {
		fmt.Fprintf(&b, " %s %s", r.Code, r.SQLiteCode)
	}
	field(&b, "at", r.StatementIndex)
	field(&b, "rev", r.Rev)
	if r.Epoch != nil {
		fmt.Fprintf(&b, " epoch %.4s", *r.Epoch)
	}
	field(&b, "rows", r.RowsAffected)
	field(&b, "last", r.LastInsertRowID)
	field(&b, "readers", r.ReadersRemaining)
	if r.State != "" {
		fmt.Fprintf(&b, " %s", r.State)
	}
	if r.Replayed {
		b.WriteString(" replayed")
	}
	if r.Already {
		b.WriteString(" already")
	}
	return b.String()
}

func field[T any](b *strings.Builder, name string, value *T) {
	if value != nil {
		fmt.Fprintf(b, " %s %v", name, *value)
	}
}
