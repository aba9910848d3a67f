package driver

import (
	"database/sql"
	"reflect"
	"strings"
	"time"
)

// kind is what a column's declared type says of its values.
type kind int

const (
	kindAny kind = iota
	kindInt
	kindReal
	kindText
	kindBlob
	kindBool
	kindTime
)

// columnType is what is known of a column of a result.
type columnType struct {
	name    string // declared, in upper case, without its length
	kind    kind
	notNull bool
	known   bool // whether it can be NULL
}

// typeOf returns what a declared type says.
// https://sqlite.org/datatype3.html#determination_of_column_affinity
func typeOf(declared string) columnType {
	name, _, _ := strings.Cut(strings.ToUpper(declared), "(")
	t := columnType{name: strings.TrimSpace(name)}
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(t.name, part) {
				return true
			}
		}
		return false
	}
	switch first, _, _ := strings.Cut(t.name, " "); {
	case first == "":
	case first == "DATE" || first == "DATETIME" || first == "TIMESTAMP" || first == "TIMESTAMPTZ":
		t.kind = kindTime
	case first == "BOOL" || first == "BOOLEAN":
		t.kind = kindBool
	case has("INT"):
		t.kind = kindInt
	case has("CHAR", "CLOB", "TEXT"):
		t.kind = kindText
	case has("BLOB"):
		t.kind = kindBlob
	case has("REAL", "FLOA", "DOUB"):
		t.kind = kindReal
	}
	return t
}

// types are the columns' types of a result, in whose Rows they are embedded.
type types []columnType

func typesOf(declared []string) types {
	t := make(types, len(declared))
	for i, d := range declared {
		t[i] = typeOf(d)
	}
	return t
}

// ColumnTypeDatabaseTypeName implements [driver.RowsColumnTypeDatabaseTypeName]:
// the declared type, "" for an expression.
func (t types) ColumnTypeDatabaseTypeName(i int) string { return t[i].name }

// ColumnTypeNullable implements [driver.RowsColumnTypeNullable].
func (t types) ColumnTypeNullable(i int) (nullable, ok bool) { return !t[i].notNull, t[i].known }

// ColumnTypeScanType implements [driver.RowsColumnTypeScanType]. SQLite keeps
// any value in any column, so it is a good guess.
func (t types) ColumnTypeScanType(i int) reflect.Type {
	if t[i].notNull {
		return plainTypes[t[i].kind]
	}
	return nullTypes[t[i].kind]
}

var (
	plainTypes = map[kind]reflect.Type{
		kindAny: reflect.TypeFor[any](), kindInt: reflect.TypeFor[int64](), kindReal: reflect.TypeFor[float64](),
		kindText: reflect.TypeFor[string](), kindBlob: reflect.TypeFor[[]byte](),
		kindBool: reflect.TypeFor[bool](), kindTime: reflect.TypeFor[time.Time](),
	}
	nullTypes = map[kind]reflect.Type{
		kindAny: reflect.TypeFor[any](), kindInt: reflect.TypeFor[sql.NullInt64](), kindReal: reflect.TypeFor[sql.NullFloat64](),
		kindText: reflect.TypeFor[sql.NullString](), kindBlob: reflect.TypeFor[[]byte](),
		kindBool: reflect.TypeFor[sql.NullBool](), kindTime: reflect.TypeFor[sql.NullTime](),
	}
)
