package sqlite

import (
	"github.com/ncruces/go-sqlite3"

	"github.com/skylinedb/skylinedb/wire"
)

// bind gives st its parameters. Too many, too few or unknown ones are an
// [wire.Error] with CodeInvalidRequest.
func bind(st *sqlite3.Stmt, p wire.Params) error {
	want := st.BindCount()
	if want == 0 && p.Len() == 0 {
		return nil
	}
	if p.Named() {
		return bindNamed(st, p, want)
	}
	if p.Len() != want {
		return wrongCount(want, p.Len())
	}
	i := 0
	for _, v := range p.All() {
		i++
		if err := bindValue(st, i, v); err != nil {
			return err
		}
	}
	return nil
}

func wrongCount(want, got int) error {
	return wire.Errorf(wire.CodeInvalidRequest, "The statement has %d parameters and %d were given.", want, got)
}

func bindNamed(st *sqlite3.Stmt, p wire.Params, want int) error {
	bound := make([]bool, want+1)
	for name, v := range p.All() {
		i := bindIndex(st, name)
		if i == 0 {
			return wire.Errorf(wire.CodeInvalidRequest, "The statement has no parameter named %.60q.", name)
		}
		if bound[i] {
			return wire.Errorf(wire.CodeInvalidRequest, "The parameter %.60s was given twice.", name)
		}
		bound[i] = true
		if err := bindValue(st, i, v); err != nil {
			return err
		}
	}
	for i := 1; i <= want; i++ {
		if bound[i] {
			continue
		}
		if name := st.BindName(i); name != "" {
			return wire.Errorf(wire.CodeInvalidRequest, "The parameter %.60s was not given.", name)
		}
		return wire.Errorf(wire.CodeInvalidRequest, "Parameter %d has no name: give \"params\" as an array.", i)
	}
	return nil
}

// bindIndex finds a parameter by its name, with or without its prefix.
func bindIndex(st *sqlite3.Stmt, name string) int {
	if name == "" {
		return 0
	}
	switch name[0] {
	case ':', '@', '$':
		return st.BindIndex(name)
	}
	for _, prefix := range [...]string{":", "@", "$"} {
		if i := st.BindIndex(prefix + name); i != 0 {
			return i
		}
	}
	return 0
}

func bindValue(st *sqlite3.Stmt, i int, v wire.Value) error {
	switch v.Kind {
	case wire.Integer:
		return st.BindInt64(i, v.Int)
	case wire.Real:
		return st.BindFloat(i, v.Float)
	case wire.Text:
		if len(v.Bytes) == 0 {
			return st.BindText(i, "")
		}
		return st.BindRawText(i, v.Bytes)
	case wire.Blob:
		if len(v.Bytes) == 0 { // a nil slice would be NULL
			return st.BindZeroBlob(i, 0)
		}
		return st.BindBlob(i, v.Bytes)
	default:
		return st.BindNull(i)
	}
}
