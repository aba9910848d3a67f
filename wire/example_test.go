package wire_test

import (
	"fmt"
	"math"

	"github.com/skylinedb/skylinedb/wire"
)

func ExampleParseRequest() {
	r, err := wire.ParseRequest([]byte(`{"id":7,"type":"ExecBatch","stmts":[{"sql":"INSERT INTO t VALUES(?, ?)","params":[9007199254740993,"it"]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(r.ID), r.Type, r.DB, r.Tx)
	for _, st := range r.Stmts {
		fmt.Println(st.SQL)
		for _, v := range st.Params.All() {
			fmt.Printf("%s\n", wire.AppendValue(nil, v))
		}
	}
	// Output:
	// 7 ExecBatch data.db atomic
	// INSERT INTO t VALUES(?, ?)
	// {"$int":"9007199254740993"}
	// "it"
}

// A request that is refused still tells its id.
func ExampleParseRequest_refused() {
	r, err := wire.ParseRequest([]byte(`{"id":"a1","type":"ExecBatch","stmts":[]}`))
	fmt.Println(string(r.ID))
	fmt.Println(err)
	// Output:
	// "a1"
	// INVALID_REQUEST: The request is malformed: the batch is empty: it needs at least one statement.
}

func ExampleAppendRequest() {
	params, err := wire.NewParams(1, "one")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := &wire.Request{
		ID: []byte("7"), Type: wire.TypeExecBatch, DB: "app.db", HasDB: true, RequestID: "7b0c-1",
		Stmts: []wire.Stmt{{SQL: "INSERT INTO t VALUES(?, ?)", Params: params}},
	}
	fmt.Printf("%s\n", wire.AppendRequest(nil, r))
	// Output:
	// {"type":"ExecBatch","id":7,"db":"app.db","request_id":"7b0c-1","stmts":[{"sql":"INSERT INTO t VALUES(?, ?)","params":[1,"one"]}]}
}

func ExampleNewParams() {
	params, err := wire.NewParams(nil, true, int64(math.MaxInt64), 2.0, "text", []byte{0, 1, 255}, []int{1, 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range params.All() {
		fmt.Printf("%s\n", wire.AppendValue(nil, v))
	}
	// Output:
	// null
	// 1
	// {"$int":"9223372036854775807"}
	// 2.0
	// "text"
	// {"$blob":"AAH/"}
	// "[1,2]"
}

func ExampleAppendValue() {
	for _, v := range []wire.Value{
		{},
		{Kind: wire.Integer, Int: 1<<53 - 1},
		{Kind: wire.Integer, Int: 1 << 53},
		{Kind: wire.Real, Float: 2},
		{Kind: wire.Real, Float: math.Inf(1)},
		{Kind: wire.Text, Bytes: []byte("a\x00b")},
		{Kind: wire.Blob},
	} {
		fmt.Printf("%s\n", wire.AppendValue(nil, v))
	}
	// Output:
	// null
	// 9007199254740991
	// {"$int":"9007199254740992"}
	// 2.0
	// {"$real":"inf"}
	// "a\u0000b"
	// {"$blob":""}
}
