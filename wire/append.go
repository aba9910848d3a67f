package wire

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
	if r.Type == TypeExecBatch {
		dst = appendBatch(dst, r)
	}
	return append(dst, '}')
}

func appendBatch(dst []byte, r *Request) []byte {
	if r.Tx != "" {
		dst = appendField(dst, "tx", string(r.Tx))
	}
	if r.RequestID != "" {
		dst = appendField(dst, "request_id", r.RequestID)
	}
	if r.Sync != "" {
		dst = appendField(dst, "sync", string(r.Sync))
	}
	if r.ExpectRev != nil {
		dst = appendIntField(dst, "expect_rev", *r.ExpectRev)
	}
	if r.Timeout > 0 {
		dst = appendIntField(dst, "timeout_ms", max(1, r.Timeout.Milliseconds()))
	}
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
	dst = append(dst, `,"stmts":[`...)
	for i, st := range r.Stmts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"sql":`...)
		dst = appendText(dst, []byte(st.SQL))
		if st.Params.raw != nil {
			dst = append(append(dst, `,"params":`...), st.Params.raw...)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return appendText(dst, []byte(value))
}

func appendIntField(dst []byte, name string, i int64) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return AppendValue(dst, Value{Kind: Integer, Int: i})
}
