package wire

import "time"

// AppendRequest appends the JSON form of r.
func AppendRequest(dst []byte, r *Request) []byte {
	dst = append(dst, `{"type":`...)
	dst = appendText(dst, []byte(r.Type))
	if r.ID != nil {
		dst = append(append(dst, `,"id":`...), r.ID...)
	}
	if r.HasDB {
		dst = appendField(dst, "db", r.DB)
	}
	if r.RequireExclusive {
		dst = append(dst, `,"require_exclusive":true`...)
	}
	switch r.Type {
	case TypeExecBatch:
		dst = appendStmts(appendCommitment(dst, r), r.Stmts)
	case TypeBegin, TypeCommit, TypeRollback:
		dst = appendCommitment(dst, r)
	case TypeQuery:
		dst = appendQuery(appendCommitment(dst, r), r)
	case TypeSubscribe:
		dst = appendOptional(dst, "rev", r.Rev)
		if r.Epoch != "" {
			dst = appendField(dst, "epoch", r.Epoch)
		}
	case TypeCancel:
		dst = append(append(dst, `,"target":`...), r.Target...)
	}
	return append(dst, '}')
}

func appendQuery(dst []byte, r *Request) []byte {
	dst = appendField(dst, "sql", r.SQL)
	if r.Params.raw != nil {
		dst = append(append(dst, `,"params":`...), r.Params.raw...)
	}
	dst = appendOptional(dst, "limit", r.Limit)
	return appendOptional(dst, "min_rev", r.MinRev)
}

// appendCommitment appends what requests have that write, and some others.
func appendCommitment(dst []byte, r *Request) []byte {
	switch {
	case r.TxID != "":
		dst = appendField(dst, "tx", r.TxID)
	case r.Tx != "":
		dst = appendField(dst, "tx", string(r.Tx))
	}
	if r.Results {
		dst = append(dst, `,"results":true`...)
	}
	if r.RequestID != "" {
		dst = appendField(dst, "request_id", r.RequestID)
	}
	if r.Sync != "" {
		dst = appendField(dst, "sync", string(r.Sync))
	}
	dst = appendOptional(dst, "expect_rev", r.ExpectRev)
	dst = appendDuration(dst, "timeout_ms", r.Timeout)
	dst = appendDuration(dst, "idle_ms", r.Idle)
	dst = appendDuration(dst, "lease_ms", r.Lease)
	for i, id := range r.Forget {
		if i == 0 {
			dst = append(dst, `,"forget":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendText(dst, []byte(id))
	}
	if len(r.Forget) > 0 {
		dst = append(dst, ']')
	}
	return dst
}

func appendStmts(dst []byte, stmts []Stmt) []byte {
	dst = append(dst, `,"stmts":[`...)
	for i, st := range stmts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"sql":`...)
		dst = appendText(dst, []byte(st.SQL))
		if st.Params.raw != nil {
			dst = append(append(dst, `,"params":`...), st.Params.raw...)
		}
		if st.Rows != nil && st.Rows.raw != nil {
			dst = append(append(dst, `,"param_rows":`...), st.Rows.raw...)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return appendText(dst, []byte(value))
}

func appendOptional(dst []byte, name string, i *int64) []byte {
	if i == nil {
		return dst
	}
	return appendIntField(dst, name, *i)
}

func appendDuration(dst []byte, name string, d time.Duration) []byte {
	if d <= 0 {
		return dst
	}
	return appendIntField(dst, name, max(1, d.Milliseconds()))
}

func appendIntField(dst []byte, name string, i int64) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return AppendValue(dst, Value{Kind: Integer, Int: i})
}
